package control

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
)

// AttachProtocol is what a connection is upgraded to for a terminal. The loop sends the terminal's output
// unchanged. The client sends frames: a kind, the length of what follows (two bytes, high byte first), and
// that many bytes.
const AttachProtocol = "devloop-terminal"

// The kinds of frames.
const (
	frameInput  = 0 // what is typed
	frameResize = 1 // rows and columns, two bytes each, high byte first
)

// mostSize is the largest terminal that is accepted.
const mostSize = 10_000

// Attachment is a client's end of the terminal of a process. One goroutine may read while others type and
// resize. The caller closes it.
type Attachment struct {
	conn io.ReadWriteCloser
	mu   sync.Mutex // keeps frames whole
}

// Attach connects to the terminal of a process (`pty: true`). ctx is only for the request.
func (c *Client) Attach(ctx context.Context, node string) (*Attachment, error) {
	resp, err := c.open(ctx, http.MethodPost, PathAttach+"?"+query([]string{node}), AttachProtocol)
	if err != nil {
		return nil, err
	}
	conn, ok := resp.Body.(io.ReadWriteCloser)
	if !ok {
		resp.Body.Close()
		return nil, errors.New("attach to a terminal: the connection was not given over")
	}
	return &Attachment{conn: conn}, nil
}

// Read reads what the terminal shows. It is io.EOF when the process has ended.
func (a *Attachment) Read(p []byte) (int, error) { return a.conn.Read(p) }

// Write types.
func (a *Attachment) Write(p []byte) (n int, err error) {
	const most = 1<<16 - 1
	for len(p) > 0 {
		part := p[:min(most, len(p))]
		if err := a.frame(frameInput, part); err != nil {
			return n, err
		}
		n, p = n+len(part), p[len(part):]
	}
	return n, nil
}

// Resize tells the terminal how large the window is.
func (a *Attachment) Resize(rows, cols int) error {
	if rows < 1 || rows > mostSize || cols < 1 || cols > mostSize {
		return nil // no size: a window that is just being made
	}
	var size [4]byte
	binary.BigEndian.PutUint16(size[:], uint16(rows))
	binary.BigEndian.PutUint16(size[2:], uint16(cols))
	return a.frame(frameResize, size[:])
}

func (a *Attachment) frame(kind byte, data []byte) error {
	frame := append([]byte{kind, byte(len(data) >> 8), byte(len(data))}, data...)
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, err := a.conn.Write(frame); err != nil {
		return fmt.Errorf("write to terminal: %w", err)
	}
	return nil
}

// Close detaches.
func (a *Attachment) Close() error { return a.conn.Close() }

// Frames reads a client's frames until the connection ends or breaks the
// protocol; input is valid during the call only. An error of a callback ends it.
func Frames(r *bufio.Reader, input func([]byte) error, resize func(rows, cols uint16) error) error {
	var head [3]byte
	buf := make([]byte, 1<<16)
	for {
		if _, err := io.ReadFull(r, head[:]); err != nil {
			return err
		}
		data := buf[:binary.BigEndian.Uint16(head[1:])]
		if _, err := io.ReadFull(r, data); err != nil {
			return err
		}
		var err error
		switch head[0] {
		case frameInput:
			err = input(data)
		case frameResize:
			if len(data) != 4 {
				return fmt.Errorf("a resize frame has %d bytes", len(data))
			}
			rows, cols := binary.BigEndian.Uint16(data), binary.BigEndian.Uint16(data[2:])
			if rows < 1 || rows > mostSize || cols < 1 || cols > mostSize {
				return fmt.Errorf("a terminal has no %d rows and %d columns", rows, cols)
			}
			err = resize(rows, cols)
		default:
			return fmt.Errorf("no frame is of kind %d", head[0])
		}
		if err != nil {
			return err
		}
	}
}
