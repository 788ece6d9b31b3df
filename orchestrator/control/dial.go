//go:build linux || darwin || freebsd

package control

import (
	"errors"
	"fmt"
	"io/fs"
)

// dial finds the socket of the loop that runs for the configuration.
func dial(config string) (path string, err error) {
	list, err := places(config)
	if err != nil {
		return "", err
	}
	for _, p := range list {
		if err := p.check(); errors.Is(err, fs.ErrNotExist) {
			continue
		} else if err != nil {
			return "", fmt.Errorf("look for the control socket: %w", err)
		}
		if who, held := p.held(config); held {
			conn, err := connect(p.socket())
			if err != nil {
				return "", silentError{who}
			}
			conn.Close()
			return p.socket(), nil
		}
	}
	return "", notRunning{config, lastLog(list)}
}
