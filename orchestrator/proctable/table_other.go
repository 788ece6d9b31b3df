//go:build !linux && !darwin

package proctable

// List is ErrUnsupported here.
func List(uint64, *Sessions) ([]Process, error) { return nil, ErrUnsupported }

// Read knows nobody.
func Read(int) (Process, bool) { return Process{}, false }

// Environ knows nobody's.
func Environ(int) ([]byte, bool) { return nil, true }
