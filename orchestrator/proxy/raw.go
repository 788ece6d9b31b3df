package proxy

import (
	"errors"
	"io"
	"net"
	"os"
	"time"
)

// acceptRaw accepts whole connections until the listener is closed.
func (f *Front) acceptRaw() {
	pause := time.Duration(0)
	for {
		conn, err := f.listener.Accept()
		if err == nil {
			pause = 0
			f.joined.Go(func() { f.forward(conn) })
			continue
		}
		if f.base.Err() != nil || errors.Is(err, net.ErrClosed) {
			return
		}
		// Too many open files, or a client that went away: it passes.
		pause = min(max(2*pause, 5*time.Millisecond), time.Second)
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-f.base.Done():
			timer.Stop()
		}
	}
}

// forward waits for a generation, and then connects the client to it.
func (f *Front) forward(client net.Conn) {
	defer client.Close()
	f.mu.Lock()
	if f.closed {
		f.mu.Unlock()
		return
	}
	f.conns[client] = struct{}{}
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		delete(f.conns, client)
		f.mu.Unlock()
	}()

	deadline := time.Now().Add(f.opt.MaxWait)
	for pause := dialPauseMin; ; pause = min(2*pause, dialPauseMax) {
		fl, changed, err := f.board(f.base, nil, deadline, false)
		if err != nil {
			return
		}
		server, err := fl.gen.dial(f.base)
		if err == nil {
			fl.begin(true)
			fl.land(f.join(client, server))
			return
		}
		fl.land(retried)
		f.pause(f.base, changed, min(pause, time.Until(deadline)))
		if !time.Now().Before(deadline) {
			f.timedOut()
			return
		}
	}
}

// join copies both ways until both sides have ended, or one has failed.
func (f *Front) join(client net.Conn, server *backConn) ending {
	defer server.Close()
	toServer := make(chan error, 1)
	go func() { toServer <- pipe(server.Conn, client, nil) }()
	err := pipe(client, server.Conn, server)
	if err != nil {
		<-toServer
		return cut
	}
	if err := <-toServer; err != nil {
		return left
	}
	return answered
}

// pipe copies from src to dst until src ends, and passes the end on. An error
// ends both connections. from is src when that is the server.
func pipe(dst, src net.Conn, from *backConn) error {
	for {
		// On Linux this is splice(2): the bytes never leave the kernel.
		n, err := io.Copy(dst, src)
		if n > 0 && from != nil && from.dropped.Load() && errors.Is(err, os.ErrDeadlineExceeded) {
			from.expire() // what a dead server wrote is still being read
			continue
		}
		if err == nil {
			err = closeWrite(dst)
		}
		if err != nil {
			reset(dst) // not an end, but a failure; the other direction ends, too
			reset(src)
		}
		return err
	}
}

func closeWrite(conn net.Conn) error {
	if half, ok := conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}

// reset closes a connection such that its peer sees that it broke.
func reset(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // fails when it is closed already
	}
	_ = conn.Close()
}
