//go:build unix

package procgroup

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// tree is a running group as the system sees it. Its methods are called under the group's mutex, except
// waitLeader, so the leader is never reaped between a look at it and a signal by its number.
type tree struct {
	pid    int  // of the leader; also the number of its group and its session
	reaped bool // the leader was: now only living members hold the number
	gone   bool // the group was seen empty: the number may be reused
	identity
	system // what this system knows beyond the number
}

// identity is how a tree is known beyond its group.
type identity struct {
	mark string // see Spec
	keep bool   // KeepDaemons
}

// forkTree starts path in a new session.
func forkTree(path string, argv []string, attr syscall.ProcAttr, who identity) (*tree, error) {
	t := &tree{identity: who}
	sys := *attr.Sys // the caller may start another path with it
	sys.Setsid = true
	attr.Sys = &sys
	t.prepare(attr.Sys)
	err := t.fork(func() (err error) {
		t.pid, err = syscall.ForkExec(path, argv, &attr)
		return err
	})
	if err != nil {
		t.close()
		return nil, err
	}
	t.begin()
	return t, nil
}

// signalGroup signals every member. Its error is os.ErrProcessDone when there
// is none.
func (t *tree) signalGroup(sig syscall.Signal) error {
	if t.gone {
		return os.ErrProcessDone
	}
	err := t.killGroup(sig)
	if errors.Is(err, syscall.ESRCH) {
		t.gone = t.reaped
		return os.ErrProcessDone
	}
	return err
}

// signalLeader signals the leader while its number is certainly its own.
func (t *tree) signalLeader(sig syscall.Signal) error {
	if t.reaped {
		return os.ErrProcessDone
	}
	return syscall.Kill(t.pid, sig)
}

// killByNumber is kill(2) of the whole group. Number 0 would be this process's own group, and 1 every
// process.
func (t *tree) killByNumber(sig syscall.Signal) error {
	if t.pid <= 1 {
		return syscall.ESRCH
	}
	return syscall.Kill(-t.pid, sig)
}

// groupAlive tells whether the group has members, zombies included. A member of another user (sudo) cannot be
// signalled, but counts.
func (t *tree) groupAlive() bool {
	err := t.signalGroup(0)
	return err == nil || errors.Is(err, syscall.EPERM)
}

// reap collects the leader, which has ended. The code and the signal are those
// of [Exit].
func (t *tree) reap() (code int, signal string, err error) {
	var status syscall.WaitStatus
	_, err = ignoringEINTR(func() (int, error) { return syscall.Wait4(t.pid, &status, 0, nil) })
	t.reaped = true
	t.forgetLeader()
	switch {
	case err != nil:
		return -1, "", fmt.Errorf("learn exit status of process %d: %w", t.pid, err)
	case status.Signaled():
		return 128 + int(status.Signal()), signalName(status.Signal()), nil
	default:
		return status.ExitStatus(), "", nil
	}
}

// collectGroup takes the zombies of the group that became children of this process. Once the group was seen
// empty there are none, and the number may be reused.
func (t *tree) collectGroup() {
	for t.reaped && !t.gone {
		pid, err := ignoringEINTR(func() (int, error) { return syscall.Wait4(-t.pid, nil, syscall.WNOHANG, nil) })
		if pid <= 0 || err != nil {
			return
		}
	}
}

func ignoringEINTR(f func() (int, error)) (int, error) {
	for {
		n, err := f()
		if !errors.Is(err, syscall.EINTR) {
			return n, err
		}
	}
}

// end sends a signal that ends programs, and continues stopped ones (SIGSTOP, a terminal) so that they see
// it.
func (t *tree) end(sig syscall.Signal) error {
	err := t.signalGroup(sig)
	t.signalEscaped(sig)
	switch sig {
	case unix.SIGTERM, unix.SIGINT, unix.SIGQUIT, unix.SIGHUP:
		_ = t.signalGroup(unix.SIGCONT) // any error is that of the first signal
		t.signalEscaped(unix.SIGCONT)
	}
	return err
}
