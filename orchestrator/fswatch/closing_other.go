//go:build !linux

package fswatch

// closings report nothing: these systems do not say when a file is closed.
type closings struct{}

func newClosings(func(string)) *closings { return &closings{} }

func (*closings) await(string, bool) {}
func (*closings) drain()             {}
func (*closings) close()             {}
