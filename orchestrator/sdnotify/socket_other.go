//go:build !unix

package sdnotify

import "context"

// Socket is one start's notification socket. There are none on this system.
type Socket struct{}

// New returns ErrUnsupported.
func New(string) (*Socket, error) { return nil, ErrUnsupported }

// Open returns ErrUnsupported.
func (s *Socket) Open(func(dir string)) error { return ErrUnsupported }

// Path is empty.
func (s *Socket) Path() string { return "" }

// Receive returns ErrUnsupported.
func (s *Socket) Receive(context.Context, func(Message)) error { return ErrUnsupported }

// Close does nothing.
func (s *Socket) Close() error { return nil }
