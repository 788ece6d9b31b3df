//go:build unix && !linux

package listenfd

import "fmt"

// Queue says how many connections wait to be accepted, and how many may: ErrUnsupported on this system.
func (s *Socket) Queue() (waiting, limit int, err error) {
	return 0, 0, fmt.Errorf("read queue of %s: %w", s.addr, ErrUnsupported)
}

func tcpQueue(int) (waiting, limit int, err error) { return 0, 0, ErrUnsupported }
