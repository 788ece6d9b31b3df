package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"sync"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// The errors of JSON-RPC 2.0 (section 5.1 of its specification) for what is not a message.
const (
	rpcParseError     = -32700
	rpcInvalidRequest = -32600
)

// agentStream is a conversation with an agent, one message a line. It passes messages on. Anything else is
// answered with an error, as JSON-RPC asks, and reading goes on; the library would end the session. A batch
// is passed on message by message. The input ends when it has ended and every request is answered.
//
// Its Read and its Write are called by one goroutine each.
type agentStream struct {
	in    io.ReadCloser
	lines *bufio.Scanner
	next  bytes.Buffer // what Read has still to hand on

	mu      sync.Mutex // guards below, and keeps what is written whole
	out     io.Writer
	asked   map[any]bool // the ids of requests that are not answered yet
	settled *sync.Cond   // of mu: asked is empty, or closed
	closed  bool
}

// newAgentStream reads from in, which Close closes, and writes to out.
func newAgentStream(in io.ReadCloser, out io.Writer) *agentStream {
	s := &agentStream{in: in, lines: bufio.NewScanner(in), out: out, asked: map[any]bool{}}
	s.settled = sync.NewCond(&s.mu)
	s.lines.Buffer(nil, mcp.DefaultMaxLineLength)
	return s
}

func (s *agentStream) transport() mcp.Transport { return &mcp.IOTransport{Reader: s, Writer: s} }

// Close closes the input. It stands for both directions, so it may be called
// twice.
func (s *agentStream) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	s.settled.Broadcast()
	return s.in.Close()
}

func (s *agentStream) Read(p []byte) (int, error) {
	for s.next.Len() == 0 {
		if !s.lines.Scan() {
			s.settle()
			if err := s.lines.Err(); err != nil {
				return 0, err
			}
			return 0, io.EOF
		}
		if err := s.take(bytes.TrimSpace(s.lines.Bytes())); err != nil {
			return 0, err
		}
	}
	return s.next.Read(p)
}

// settle waits until every request is answered.
func (s *agentStream) settle() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.asked) > 0 && !s.closed {
		s.settled.Wait()
	}
}

// take handles a line. The error is that of writing an answer.
func (s *agentStream) take(line []byte) error {
	if len(line) == 0 {
		return nil
	}
	if !json.Valid(line) {
		return s.refuse(rpcParseError, "Parse error: this line is not JSON")
	}
	all := []json.RawMessage{line}
	if line[0] == '[' {
		if err := json.Unmarshal(line, &all); err != nil || len(all) == 0 {
			return s.refuse(rpcInvalidRequest, "Invalid Request: an empty batch")
		}
	}
	for _, one := range all {
		message, err := jsonrpc.DecodeMessage(one)
		if err != nil {
			if err := s.refuse(rpcInvalidRequest, "Invalid Request: not a JSON-RPC 2.0 message"); err != nil {
				return err
			}
			continue
		}
		if request, ok := message.(*jsonrpc.Request); ok && request.ID.IsValid() {
			s.mu.Lock()
			s.asked[request.ID.Raw()] = true
			s.mu.Unlock()
		}
		s.next.Write(one)
		s.next.WriteByte('\n')
	}
	return nil
}

// refuse answers a request without a known id.
func (s *agentStream) refuse(code int, text string) error {
	type rpcError struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	}
	answer, err := json.Marshal(struct {
		Version string   `json:"jsonrpc"`
		ID      any      `json:"id"`
		Error   rpcError `json:"error"`
	}{"2.0", nil, rpcError{code, text}})
	if err != nil {
		return err
	}
	_, err = s.Write(append(answer, '\n'))
	return err
}

// Write writes a message, whole.
func (s *agentStream) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, err := s.out.Write(p)
	if message, bad := jsonrpc.DecodeMessage(bytes.TrimSpace(p)); bad == nil {
		if answer, ok := message.(*jsonrpc.Response); ok {
			delete(s.asked, answer.ID.Raw())
		}
	}
	if len(s.asked) == 0 {
		s.settled.Broadcast()
	}
	return n, err
}
