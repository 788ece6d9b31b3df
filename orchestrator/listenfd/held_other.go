//go:build !linux

package listenfd

import "fmt"

// HeldBy says which of the processes have the socket open: ErrUnsupported on this system.
func (s *Socket) HeldBy([]int) (holding []int, err error) {
	return nil, fmt.Errorf("find holders of %s: %w", s.Addr(), ErrUnsupported)
}

// ListenersOf says what the processes listen on: ErrUnsupported on this system.
func ListenersOf([]int) ([]Listener, error) {
	return nil, fmt.Errorf("find listeners: %w", ErrUnsupported)
}
