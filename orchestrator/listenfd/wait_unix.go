//go:build unix

package listenfd

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// How often WaitAccept polls. An accept leaves no event that another process could wait for.
const (
	firstLook = time.Millisecond
	slowLook  = 25 * time.Millisecond
	rareLook  = 20 // polls, for the more expensive question whether our own connection is still in the queue
)

// WaitAccept returns nil when a server accepts connections from the socket. It puts a connection of its own
// into the queue, unless others wait there already, and polls until one has left the queue; the kernel
// completes connections whether or not a server lives, so connecting is not enough. The server sees a client
// that sends nothing and hangs up. A closed connection stays in the queue until it is accepted, so a
// cancelled wait does not add a second one.
//
// It returns the context's cause when ctx ends, errNotListening when a child shut the socket down,
// os.ErrClosed after Close, and ErrUnsupported for UDP. No descriptor outlives the call.
//
// On Linux the answer is exact. Elsewhere a connection that is not yet in the queue looks like one that was
// accepted at once, so several polls must agree.
func (s *Socket) WaitAccept(ctx context.Context) error {
	if s.spec.Network == UDP {
		return fmt.Errorf("wait for accept on %s: a udp socket accepts nothing: %w", s.addr, ErrUnsupported)
	}
	if err := s.waitAccept(ctx); err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return fmt.Errorf("wait for accept on %s: %w", s.addr, err)
	}
	return nil
}

func (s *Socket) waitAccept(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	last, err := s.pending()
	if err != nil {
		return err
	}
	var p *parked
	if last == 0 {
		if p, err = s.park(); err != nil {
			return err
		}
		defer p.leave()
	}
	return s.waitLeft(ctx, p, last)
}

// waitLeft waits until one of the last connections of the queue, or p, has left it.
func (s *Socket) waitLeft(ctx context.Context, p *parked, last int) error {
	seen := p == nil || p.queued // a connection was in the queue
	timer := time.NewTimer(0)
	defer timer.Stop()
	for pause, looks := firstLook, 0; ; pause, looks = min(pause*5/4, slowLook), looks+1 {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
		}
		now, err := s.pending()
		switch {
		case err != nil:
			return err
		case now < last, now == 0 && seen:
			return nil
		case now > 0:
			// A server that takes one connection at a time may be waiting for ours to send something, with a
			// client behind it in the queue.
			if !seen || now != last || looks%rareLook == 0 {
				if taken, known := p.taken(); taken && known {
					return nil
				}
			}
			seen, last = true, now
		default:
			accepted, err := p.accepted()
			if accepted || err != nil {
				return err
			}
		}
		timer.Reset(pause)
	}
}

// pending counts the waiting connections: exactly for TCP on Linux, else 0 or 1.
func (s *Socket) pending() (n int, err error) {
	err = s.control(func(fd int) error {
		events, err := poll(fd, unix.POLLIN)
		switch {
		case err != nil:
			return err
		case events&(unix.POLLHUP|unix.POLLERR) != 0:
			return errNotListening
		}
		// Every system has poll; the count matters only for a queue that is never empty.
		if s.spec.Network == TCP {
			waiting, _, err := tcpQueue(fd)
			if errors.Is(err, errNotListening) {
				return err
			}
			n = waiting
		}
		if events&unix.POLLIN == 0 {
			n = 0
		} else {
			n = max(n, 1)
		}
		return nil
	})
	return n, err
}

// parked is a connection from us to our own socket.
type parked struct {
	socket *Socket
	fd     int  // -1 if the queue had no room, and so other connections
	queued bool // connect returned after the connection was in the queue, as for unix sockets
	agreed int  // polls that found neither connection nor error, see accepted
}

// park connects without waiting for the connection to be established.
func (s *Socket) park() (*parked, error) {
	family, to, err := s.loopback()
	if err != nil {
		return nil, err
	}
	fd, err := newSocket(family, unix.SOCK_STREAM)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	p := &parked{socket: s, fd: fd, queued: family == unix.AF_UNIX}
	s.parked.Add(1)
	if err = unix.SetNonblock(fd, true); err == nil {
		err = unix.Connect(fd, to)
	}
	switch {
	case err == nil, err == unix.EINPROGRESS:
		if p.queued {
			_ = unix.Shutdown(fd, unix.SHUT_WR) // the server need not wait for us to send anything
		}
		return p, nil
	case err == unix.EAGAIN && family == unix.AF_UNIX:
		p.queued = true
		return p, nil
	}
	p.leave()
	if err == unix.ECONNREFUSED {
		return nil, errNotListening
	}
	return nil, os.NewSyscallError("connect", err)
}

// leave closes without a reset, which many servers would log as an error.
func (p *parked) leave() {
	if p != nil && p.fd >= 0 {
		_ = unix.Close(p.fd)
		p.fd = -1
		p.socket.parked.Add(-1)
	}
}

// agreeingLooks is how many polls of an empty queue count as an accepted connection where the system cannot
// say.
const agreeingLooks = 3

// accepted tells whether a server took the connection, which is not in the queue: it was taken, or is on its
// way there.
func (p *parked) accepted() (bool, error) {
	events, err := poll(p.fd, unix.POLLIN|unix.POLLOUT)
	if err != nil {
		return false, err
	}
	if events&(unix.POLLERR|unix.POLLHUP) != 0 {
		if errno, err := unix.GetsockoptInt(p.fd, unix.SOL_SOCKET, unix.SO_ERROR); err == nil {
			switch unix.Errno(errno) {
			case unix.ECONNREFUSED:
				return false, errNotListening
			case unix.ETIMEDOUT:
				return false, os.NewSyscallError("connect", unix.ETIMEDOUT)
			}
		}
		return true, nil // reset by the server that accepted it; the socket listens, so it was not the kernel
	}
	if events&unix.POLLIN != 0 {
		return true, nil // the server sent something, or hung up
	}
	if events&unix.POLLOUT == 0 {
		return false, nil // not connected yet
	}
	taken, known := p.taken()
	if !known {
		p.agreed++
		return p.agreed >= agreeingLooks, nil
	}
	return taken, nil
}

// taken tells whether a process has the other end of the connection, where the system can tell.
func (p *parked) taken() (taken, known bool) {
	if p == nil || p.fd < 0 || p.socket.spec.Network != TCP {
		return false, false
	}
	local, err := boundTo(p.fd)
	if err != nil {
		return false, true
	}
	peer, err := unix.Getpeername(p.fd)
	if err != nil {
		return false, true // not connected, or gone since; the next poll tells
	}
	taken, err = connectionTaken(addrPort(peer), local)
	return taken, err == nil
}

// loopback is the address at which this machine reaches the socket.
func (s *Socket) loopback() (family int, to unix.Sockaddr, err error) {
	if s.spec.Network == Unix {
		return unix.AF_UNIX, pathSockaddr(s.spec.Path), nil
	}
	at, err := netip.ParseAddrPort(s.addr)
	if err != nil {
		return 0, nil, err
	}
	ip := at.Addr()
	if ip.IsUnspecified() {
		if ip.Is4() {
			ip = netip.AddrFrom4([4]byte{127, 0, 0, 1})
		} else {
			ip = netip.IPv6Loopback()
		}
	}
	return inetSockaddr(ip, int(at.Port()))
}
