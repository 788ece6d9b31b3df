package glob

import "strings"

// Error is a mistake in a pattern.
type Error struct {
	Msg    string // what is wrong, without a final full stop
	Hint   string // what to write in its place, or ""
	Offset int    // of the mistake, in bytes of the pattern

	part, fixed string // a segment of the pattern, and what it should be
}

// Error is the message without the hint.
func (e *Error) Error() string { return e.Msg }

// doubleStarError is about `**` that is not a segment by itself: doublestar,
// like bash, takes it for a `*`, which nobody who writes it means.
func doubleStarError(seg string, at int) *Error {
	left := seg[:at]
	right := strings.TrimLeft(seg[at:], "*")
	fixed := "**"
	if left != "" {
		fixed = left + "*/" + fixed
	}
	if right != "" {
		fixed += "/*" + right
	}
	return &Error{
		Msg:    "`**` does not go into directories unless it stands alone between slashes",
		Hint:   "write `" + fixed + "`",
		Offset: at,
		part:   seg, fixed: fixed,
	}
}
