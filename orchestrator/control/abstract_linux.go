package control

import (
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A loop also holds an abstract socket (unix(7)). It is in no directory, so it cannot be deleted, and its
// name depends only on the configuration and the user, not on XDG_RUNTIME_DIR or TMPDIR. The kernel releases
// it when the loop ends, however it ends.

// abstract is the address of a configuration's abstract socket, as package net
// writes it.
func abstract(config string) (string, error) {
	name, err := nameOf(config)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("@devloop-%d-%s", os.Getuid(), name), nil
}

// claimAbstract binds the configuration's abstract socket. It is a *RunningError if another loop of this user
// has it, and nil without an error if another user does: then only the files count.
func claimAbstract(config string) (*net.UnixListener, error) {
	addr, err := abstract(config)
	if err != nil {
		return nil, err
	}
	// A loop that is just ending, or a child of one that was killed between fork and exec, holds it for
	// another moment.
	const looks, pause = 10, 5 * time.Millisecond
	for look := 1; ; look++ {
		l, err := net.ListenUnix("unix", &net.UnixAddr{Name: addr, Net: "unix"})
		if !errors.Is(err, syscall.EADDRINUSE) {
			return l, err
		}
		if look < looks {
			time.Sleep(pause)
			continue
		}
		if who, held := heldAbstract(config); held {
			return nil, who
		}
		return nil, nil
	}
}

// heldAbstract tells whether a loop of this user holds the configuration's abstract socket, and which.
func heldAbstract(config string) (*RunningError, bool) {
	addr, err := abstract(config)
	if err != nil {
		return nil, false
	}
	conn, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: addr, Net: "unix"})
	if err != nil {
		return nil, false
	}
	defer func() { _ = conn.Close() }() // nothing was said
	raw, err := conn.SyscallConn()
	if err != nil {
		return nil, false
	}
	var cred *unix.Ucred
	if controlErr := raw.Control(func(fd uintptr) { cred, err = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) }); controlErr != nil || err != nil {
		return nil, false
	}
	if int(cred.Uid) != os.Getuid() {
		return nil, false
	}
	return &RunningError{Config: config, PID: int(cred.Pid)}, true
}
