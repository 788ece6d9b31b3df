package sockets

import (
	"time"

	"devloop/orchestrator/listenfd"
)

// unixPaths does what has to be done at the paths of unix sockets. That may have to wait for a disk, so it is done
// beside the owner's goroutine, which calls the methods.
type unixPaths struct {
	onDisk func(func())              // see Options
	post   func(func()) (taken bool) // runs a function in the owner's goroutine
	notice func(text string)
	late   func(key string, bound *listenfd.Socket) (wanted bool) // a binding was slower than its wait

	bindings map[string]*binding      // what is being bound, by Key
	closing  map[string]chan struct{} // what is being closed, by path; closed when that is done
}

// bindFor is how long binding may take before the file system counts as hung. The lock of the directory, which another
// devloop may have, takes a second of it at most.
const bindFor = 1500 * time.Millisecond

// unanswered says that a unix socket is not bound because its file system does not respond.
type unanswered struct{ path string }

func (e unanswered) Error() string { return e.path + ": the file system does not respond" }

// binding is a unix socket that is being bound.
type binding struct {
	done  chan struct{} // closed when the rest is set
	bound *listenfd.Socket
	err   error
	used  bool // somebody has taken the result; it belongs to the owner's goroutine
}

// bind begins to bind a socket, unless that is under way.
func (u *unixPaths) bind(key string, spec listenfd.Spec) *binding {
	if b := u.bindings[key]; b != nil {
		return b
	}
	b, closed := &binding{done: make(chan struct{})}, u.closing[spec.Path]
	u.bindings[key] = b
	u.onDisk(func() {
		if closed != nil {
			<-closed
		}
		b.bound, b.err = listenfd.Open(spec)
		close(b.done)
		if !u.post(func() { u.bound(key, b) }) && b.bound != nil {
			_ = b.bound.Close() // the owner has ended
		}
	})
	return b
}

// await waits for a binding, and takes its result. After the deadline it is unanswered; nil is no wait.
func (u *unixPaths) await(key string, spec listenfd.Spec, deadline <-chan time.Time) (*listenfd.Socket, error) {
	b := u.bind(key, spec)
	over := deadline
	if over == nil {
		passed := make(chan time.Time)
		close(passed)
		over = passed
	}
	select {
	case <-b.done:
	case <-over:
		select {
		case <-b.done:
		default:
			return nil, unanswered{spec.Path}
		}
	}
	b.used = true
	delete(u.bindings, key)
	return b.bound, b.err
}

// bound takes the result of a binding for which nobody waits any more.
func (u *unixPaths) bound(key string, b *binding) {
	if b.used {
		return
	}
	delete(u.bindings, key)
	switch {
	case b.err != nil:
		u.notice(b.err.Error())
	case !u.late(key, b.bound):
		u.close(b.bound)
	}
}

// close closes a socket.
func (u *unixPaths) close(bound *listenfd.Socket) {
	done := make(chan struct{})
	u.closing[bound.Addr()] = done
	u.beside(func() error {
		defer close(done)
		return bound.Close()
	})
}

// beside does something beside the owner's goroutine, and tells of an error.
func (u *unixPaths) beside(do func() error) {
	u.onDisk(func() {
		if err := do(); err != nil {
			u.post(func() { u.notice(err.Error()) })
		}
	})
}
