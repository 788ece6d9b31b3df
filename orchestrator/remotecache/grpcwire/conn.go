// Package grpcwire makes calls of gRPC over net/http: messages are bytes that the caller has encoded. It is here because
// google.golang.org/grpc would be part of every start of devloop, used or not: its packages and the generated ones that it
// needs take half a millisecond and 0.3 MiB when they are initialised, and 6 MB of the program.
package grpcwire

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"devloop/orchestrator/remotecache/transport"
)

// MostMessage is the size of the largest message that is taken, in bytes: servers send up to 4 MiB.
const mostMessage = 16 << 20

// Config says where a server is.
type Config struct {
	Address string            // grpc://HOST:PORT or grpcs://HOST:PORT
	Headers map[string]string // sent with every call; in no error
	Answer  time.Duration     // how long Call waits while nothing comes or goes; 0: 2 s
}

// Conn makes calls to one server. It connects at the first one, and again when the connection has broken. Its methods may
// be called by several goroutines.
type Conn struct {
	client *transport.Client
	answer time.Duration
}

// Dial makes a Conn. It only fails if the address is none.
func Dial(c Config) (*Conn, error) {
	u, err := url.Parse(c.Address)
	if err != nil {
		return nil, errors.New("the address cannot be read") // url.Error repeats it, with its password
	}
	switch u.Scheme {
	case "grpc":
		u.Scheme = "http"
		if u.Port() == "" {
			u.Host += ":80"
		}
	case "grpcs":
		u.Scheme = "https"
	default:
		return nil, fmt.Errorf("scheme %q is not grpc or grpcs", u.Scheme)
	}
	if u.Host == "" {
		return nil, errors.New("the address has no host")
	}
	u.Path, u.RawQuery, u.Fragment = "", "", ""
	if c.Answer <= 0 {
		c.Answer = 2 * time.Second
	}
	return &Conn{client: transport.New(u, c.Headers, true), answer: c.Answer}, nil
}

// Close closes the connection, unless a call still needs it.
func (c *Conn) Close() error {
	c.client.Close()
	return nil
}

// Call calls /PACKAGE.SERVICE/METHOD with one message and returns the one that answers it. A failure is a *Status, or the
// context's error.
func (c *Conn) Call(ctx context.Context, method string, request []byte) ([]byte, error) {
	r, err := c.request(transport.WithStall(ctx, c.answer), method, bytes.NewReader(frame(nil, request)))
	if err != nil {
		return nil, err
	}
	answer, err := c.client.RoundTrip(r) //nolint:bodyclose // Stream.Close does
	s := &Stream{conn: c, cancel: func() {}}
	s.answer(answer, err)
	defer s.Close()
	reply, err := s.Recv()
	if errors.Is(err, io.EOF) {
		return nil, &Status{Code: Internal, Message: "an answer without a message"}
	}
	if err != nil {
		return nil, err
	}
	if _, err := s.receive(nil); !errors.Is(err, io.EOF) { // the status is behind the message
		if err == nil {
			err = &Status{Code: Internal, Message: "more than one message"}
		}
		return nil, err
	}
	return reply, nil
}

func (c *Conn) request(ctx context.Context, method string, body io.Reader) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.client.Base.String()+method, body)
	if err != nil {
		return nil, &Status{Code: Internal, Message: "a method without a name"}
	}
	r.Header.Set("Content-Type", "application/grpc")
	r.Header.Set("Te", "trailers")
	r.Header.Set("User-Agent", "devloop")
	return r, nil
}

// frame appends a message with its length to b.
func frame(b, message []byte) []byte {
	b = append(b, 0) // not compressed
	b = binary.BigEndian.AppendUint32(b, uint32(len(message)))
	return append(b, message...)
}
