//go:build !linux

package procgroup

import "fmt"

// Reaper does not exist on this system.
type Reaper struct{}

// StartReaper is an ErrUnsupported here.
func StartReaper(ReaperOptions) (*Reaper, error) {
	return nil, fmt.Errorf("adopt orphans: %w", ErrUnsupported)
}

// Close does nothing.
func (*Reaper) Close() {}
