package grpcwire

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net/http"
	"time"

	"devloop/orchestrator/remotecache/transport"
)

// Stream is a call with several messages. One goroutine may send while another receives. Close must be called.
type Stream struct {
	conn     *Conn
	cancel   context.CancelFunc
	body     *io.PipeWriter // of the request
	out      []byte         // room for the message that is sent
	in       []byte         // for the one that is received
	answered chan struct{}  // closed when http and err are set; nil: they are
	http     *http.Response
	err      error
}

// Open starts a call of several messages. It ends when nothing has come or gone for as long as stall says; 0: however long
// it takes, while the connection lives.
func (c *Conn) Open(ctx context.Context, method string, stall time.Duration) (*Stream, error) {
	ctx, cancel := context.WithCancel(transport.WithStall(ctx, stall))
	reader, writer := io.Pipe()
	r, err := c.request(ctx, method, reader)
	if err != nil {
		cancel()
		return nil, err
	}
	s := &Stream{conn: c, cancel: cancel, body: writer, answered: make(chan struct{})}
	go func() {
		answer, err := c.client.RoundTrip(r) //nolint:bodyclose // Stream.Close does
		s.answer(answer, err)
		close(s.answered)
	}()
	return s, nil
}

// Send sends a message. It returns io.EOF when the server has ended the call: Recv tells how.
func (s *Stream) Send(message []byte) error {
	s.out = frame(s.out[:0], message)
	if _, err := s.body.Write(s.out); err != nil {
		return io.EOF
	}
	return nil
}

// CloseSend says that no further message follows.
func (s *Stream) CloseSend() { _ = s.body.Close() }

// Recv returns the next message, which is valid until the next call of Recv. It returns io.EOF behind the last one, if the
// call has succeeded; else a *Status, or the context's error.
func (s *Stream) Recv() ([]byte, error) {
	if s.answered != nil {
		<-s.answered // bounded as the call is
		s.answered = nil
	}
	if s.err != nil {
		return nil, s.err
	}
	message, err := s.receive(s.in)
	s.in, s.err = message, err
	return message, err
}

// Close ends the call, whatever it is doing.
func (s *Stream) Close() {
	s.cancel()
	if s.body != nil {
		_ = s.body.CloseWithError(context.Canceled)
	}
	if s.answered != nil {
		<-s.answered
		s.answered = nil
	}
	if s.http != nil {
		_ = s.http.Body.Close()
		s.http = nil
	}
	if s.err == nil {
		s.err = context.Canceled
	}
}

// answer takes the head of the server's answer.
func (s *Stream) answer(answer *http.Response, err error) {
	switch {
	case err != nil:
		s.err = broken(err)
	case answer.StatusCode != http.StatusOK:
		s.http, s.err = answer, &Status{Code: ofHTTP(answer.StatusCode), Message: "HTTP status " + answer.Status}
	default:
		s.http = answer
	}
}

// receive reads a message into room, or where there is enough of it.
func (s *Stream) receive(room []byte) ([]byte, error) {
	var head [5]byte
	if _, err := io.ReadFull(s.http.Body, head[:]); err != nil {
		return nil, s.end(err)
	}
	size := binary.BigEndian.Uint32(head[1:])
	switch {
	case head[0] != 0:
		return nil, &Status{Code: Internal, Message: "a compressed message, which was not asked for"}
	case size > mostMessage:
		return nil, &Status{Code: ResourceExhausted, Message: "a message of more than 16 MiB"}
	}
	if uint32(cap(room)) < size {
		room = make([]byte, size)
	}
	room = room[:size]
	if _, err := io.ReadFull(s.http.Body, room); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, s.end(err)
	}
	return room, nil
}

// end is what the end of the answer means.
func (s *Stream) end(err error) error {
	if !errors.Is(err, io.EOF) {
		return broken(err)
	}
	from := s.http.Trailer
	if from.Get("Grpc-Status") == "" {
		from = s.http.Header // an answer of nothing but a status
	}
	status := ofHeader(from)
	switch {
	case status == nil:
		return &Status{Code: Unavailable, Message: "the answer ends without a status"}
	case status.Code == OK:
		return io.EOF
	}
	status.Message = s.conn.client.ConcealText(status.Message)
	return status
}
