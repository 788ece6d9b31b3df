//go:build linux || darwin || freebsd

package control

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

// Server answers on the control socket until Close.
type Server struct {
	http   *http.Server
	cancel context.CancelFunc
	served sync.WaitGroup
	conns  sync.WaitGroup
	crowd  *crowd
}

// Serve makes the socket and answers requests with h, each in a goroutine of its own; a request's context
// ends with Close. The socket of a killed loop is replaced, which is safe because the claim is held.
func (c *Claim) Serve(h http.Handler) (*Server, error) {
	l, err := c.listen()
	if err != nil {
		return nil, fmt.Errorf("make control socket: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &Server{cancel: cancel, crowd: newCrowd()}
	s.http = &http.Server{
		Handler:           h,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          log.New(io.Discard, "", 0), // the terminal belongs to the loop
		ConnState: func(conn net.Conn, state http.ConnState) {
			s.crowd.changes(conn, state)
			switch state {
			case http.StateNew:
				s.conns.Add(1)
			case http.StateClosed, http.StateHijacked:
				s.conns.Done()
			}
		},
	}
	c.server = s
	s.serve(l)
	if c.abstract != nil {
		if again, err := duplicate(c.abstract); err == nil { // else the file is there
			s.serve(again)
		}
	}
	return s, nil
}

// listen makes the socket.
func (c *Claim) listen() (*net.UnixListener, error) {
	path := c.place.socket()
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		_ = l.Close() // the first error is returned
		return nil, err
	}
	return l, nil
}

func (s *Server) serve(l *net.UnixListener) {
	s.served.Go(func() { _ = s.http.Serve(own{l, os.Geteuid(), s.crowd}) }) // always ends with an error, of Close
}

// duplicate is a second listener on the same socket, which stays open when that one is closed.
func duplicate(l *net.UnixListener) (*net.UnixListener, error) {
	f, err := l.File()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	again, err := net.FileListener(f)
	if err != nil {
		return nil, err
	}
	return again.(*net.UnixListener), nil
}

// Close ends the requests that are being answered, removes the socket, and returns when every goroutine has
// ended.
func (s *Server) Close() error {
	s.cancel()
	// Let quick answers finish.
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = s.http.Close()
	}
	s.served.Wait()
	s.conns.Wait()
	return err
}

// own accepts connections of this user only. The directory already keeps others out; this holds even if its
// mode is changed.
type own struct {
	*net.UnixListener
	uid   int
	crowd *crowd
}

func (l own) Accept() (net.Conn, error) {
	for {
		conn, err := l.AcceptUnix()
		if err != nil {
			return nil, err
		}
		if uid, err := peer(conn); err == nil && uid == l.uid {
			l.crowd.room()
			return conn, nil
		}
		_ = conn.Close() // it was never let in
	}
}

// peer is the user at the other end.
func peer(conn *net.UnixConn) (uid int, err error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return -1, err
	}
	var inner error
	if err := raw.Control(func(fd uintptr) { uid, inner = peerOf(int(fd)) }); err != nil {
		return -1, err
	}
	return uid, inner
}
