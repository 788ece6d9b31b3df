package console

// Lines makes the lines of one stream of output fit to be shown, as [Sanitize] does, one after the other:
// a colour that one of them leaves on goes on in the next.
type Lines struct{ s sanitizer }

// NewLines is for a stream at its beginning. Without color, colours are taken out.
func NewLines(color bool) *Lines { return &Lines{sanitizer{color: color}} }

// Append appends one line to dst, without its newline.
func (l *Lines) Append(dst, line []byte) []byte { return l.s.line(dst, line) }
