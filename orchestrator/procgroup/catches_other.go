//go:build !linux

package procgroup

import "os"

// Catches says whether the leader has a handler for a signal: [ErrUnsupported]
// on this system.
func (g *Group) Catches(os.Signal) (bool, error) { return false, ErrUnsupported }
