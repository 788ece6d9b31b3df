//go:build linux || darwin || freebsd

package control

import (
	"errors"
	"fmt"
	"io/fs"
	"time"
)

// dial finds the socket of the loop that runs for the configuration.
func dial(config string) (path string, err error) {
	list, err := places(config)
	if err != nil {
		return "", err
	}
	look := time.NewTicker(lookAgain)
	defer look.Stop()
	for _, p := range list {
		if err := p.check(); errors.Is(err, fs.ErrNotExist) {
			continue
		} else if err != nil {
			return "", fmt.Errorf("look for the control socket: %w", err)
		}
		who, held := p.held(config)
		for begun := time.Now(); held; who, held = p.held(config) {
			conn, err := connect(p.socket())
			if err == nil {
				conn.Close()
				return p.socket(), nil
			}
			if time.Since(begun) > young || who.PID != 0 && time.Since(who.Since) > young {
				return "", silentError{who}
			}
			<-look.C // nothing reports that a socket has appeared
		}
	}
	if _, held := heldAbstract(config); held { // somebody has deleted its files
		return abstract(config)
	}
	return "", notRunning{config, lastLog(list)}
}

// A loop claims its configuration first and listens when it has bound its sockets. A young loop may be about
// to listen, so a client that asks right after the start waits for it.
const (
	young     = 2 * time.Second
	lookAgain = 5 * time.Millisecond
)
