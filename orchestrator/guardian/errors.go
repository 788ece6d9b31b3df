package guardian

import (
	"errors"
	"strconv"
)

// ErrUnsupported says that this system cannot find processes by their mark. It is an [errors.ErrUnsupported].
var ErrUnsupported error = unsupported{}

type unsupported struct{}

func (unsupported) Error() string { return "this system has no guardian" }
func (unsupported) Unwrap() error { return errors.ErrUnsupported }

// survivorsError names the processes that could not be ended: the kernel holds them (an uninterruptible wait), or they
// belong to another user.
type survivorsError struct{ PIDs []int }

func (e *survivorsError) Error() string {
	text := "end what the loop has left: still there:"
	for _, pid := range e.PIDs {
		text += " " + strconv.Itoa(pid)
	}
	return text
}

// wrap is fmt.Errorf("verb object: %w"), without package fmt: see the package's text.
type wrap struct {
	doing string
	err   error
}

func (w *wrap) Error() string { return w.doing + ": " + w.err.Error() }
func (w *wrap) Unwrap() error { return w.err }
