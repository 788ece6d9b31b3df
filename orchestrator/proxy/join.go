package proxy

import (
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"
	"time"
)

// A drainable connection leads to a server; when it drains, what the server has written already can still be
// read, and then it ends. What a dead server has written is available at once, followed by the end of file.
type drainable struct {
	net.Conn
	draining atomic.Bool
}

func (c *drainable) drain() {
	c.draining.Store(true)
	c.rearm()
}

// rearm ends the connection when the next read or write waits too long.
func (c *drainable) rearm() { _ = c.SetDeadline(time.Now().Add(quiet)) } // fails when it is closed, which is what it is for

// A copier passes on a connection's data until it has ended.
type copier func(to io.Writer, from io.Reader) (int64, error)

// splice leaves the bytes in the kernel where it can: on Linux that is splice(2), with a pipe for each
// direction, which takes four more files while both are open.
var splice copier = io.Copy

// plainCopy opens no files.
func plainCopy(to io.Writer, from io.Reader) (int64, error) {
	buf := copyBuffers.Get()
	defer copyBuffers.Put(buf)
	return io.CopyBuffer(struct{ io.Writer }{to}, struct{ io.Reader }{from}, buf)
}

// join copies both ways until both sides have ended, or one has failed, and says how it ended. It closes them
// only if one has failed. heard is called when the client has sent something, or has ended.
func join(client net.Conn, server *drainable, pass copier, heard func()) ending {
	toServer := make(chan bool, 1) // whether it failed
	go func() {
		first := make([]byte, 512)
		n, err := client.Read(first)
		heard()
		switch {
		case n > 0:
			if _, err = server.Write(first[:n]); err == nil {
				_, err = pass(server.Conn, client)
			}
		case errors.Is(err, io.EOF):
			err = nil
		default:
			reset(server.Conn) // nobody is there
		}
		if err == nil {
			err = closeWrite(server.Conn)
		}
		if err != nil {
			server.drain() // what it wrote before it hung up is the client's
		}
		toServer <- err != nil
	}()
	for {
		n, err := pass(client, server.Conn)
		if n > 0 && server.draining.Load() && errors.Is(err, os.ErrDeadlineExceeded) {
			server.rearm()
			continue
		}
		if err == nil {
			err = closeWrite(client)
		}
		if err == nil {
			if <-toServer {
				return left
			}
			return answered
		}
		how := cut
		select {
		case failed := <-toServer:
			if failed {
				how = left // more likely than not
			}
			toServer <- failed
		default:
		}
		reset(client) // it has failed, and has not ended
		reset(server.Conn)
		<-toServer
		return how
	}
}

func closeWrite(conn net.Conn) error {
	if half, ok := conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}

// reset closes a connection so that its peer sees that it broke.
func reset(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // fails when it is closed already
	}
	_ = conn.Close() // nobody is told more than the reset says
}
