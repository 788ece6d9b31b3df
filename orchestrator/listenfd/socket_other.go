//go:build !unix

package listenfd

import (
	"context"
	"fmt"
	"os"
)

// Socket is a bound socket that this process holds; on this system there is none.
type Socket struct{ spec Spec }

// CanWaitAccept says whether WaitAccept works on this system.
const CanWaitAccept = false

// Open is ErrUnsupported on this system.
func Open(spec Spec) (*Socket, error) {
	return nil, fmt.Errorf("bind %s: passing a listening socket to a child is %w", spec, ErrUnsupported)
}

// Name is the name in the Spec.
func (s *Socket) Name() string { return s.spec.Name }

// Network is the kind of the socket.
func (s *Socket) Network() Network { return s.spec.Network }

// Addr is the address in the Spec.
func (s *Socket) Addr() string { return s.spec.String() }

// Port is the port in the Spec.
func (s *Socket) Port() int { return s.spec.Port }

// File is nil.
func (s *Socket) File() *os.File { return nil }

// Refresh is ErrUnsupported.
func (s *Socket) Refresh() error { return ErrUnsupported }

// Reset is ErrUnsupported.
func (s *Socket) Reset() error { return ErrUnsupported }

// Queue is ErrUnsupported.
func (s *Socket) Queue() (waiting, limit int, err error) { return 0, 0, ErrUnsupported }

// WaitAccept is ErrUnsupported.
func (s *Socket) WaitAccept(context.Context) error { return ErrUnsupported }

// Close does nothing.
func (s *Socket) Close() error { return nil }
