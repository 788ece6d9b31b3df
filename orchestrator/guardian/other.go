//go:build !linux && !darwin

package guardian

// Guardian does not exist on this system.
type Guardian struct{}

// Start is ErrUnsupported here.
func Start(string, Options) (*Guardian, error) { return nil, ErrUnsupported }

// Sweep is ErrUnsupported here.
func Sweep(string) ([]int, error) { return nil, ErrUnsupported }

// Is is never true.
func (*Guardian) Is(int) bool { return false }

// Add does nothing.
func (*Guardian) Add(...int) {}

// Expect does nothing.
func (*Guardian) Expect(uint64) {}

// Forgo does nothing.
func (*Guardian) Forgo(uint64) {}

// Remove does nothing.
func (*Guardian) Remove(...int) {}

// AddDirectory does nothing.
func (*Guardian) AddDirectory(string) {}

// RemoveDirectory does nothing.
func (*Guardian) RemoveDirectory(string) {}

// Finish finds nothing.
func (*Guardian) Finish(bool) ([]int, error) { return nil, nil }

// Close does nothing.
func (*Guardian) Close() error { return nil }
