//go:build !linux

package listenfd

// Accepted says how many connections a process has accepted and not closed: ErrUnsupported on this system.
func (s *Socket) Accepted() (open int, err error) { return 0, ErrUnsupported }
