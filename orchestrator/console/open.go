package console

import "bytes"

// openLines are lines that their commands have not finished, in one sink. They
// are guarded by its mutex.
type openLines struct {
	inPlace bool       // what was shown can be taken back: it is a terminal
	drawn   bool       // the writer shows them, with the status line
	lines   []openLine // the last one is shown; elsewhere than in place there is one at most
}

type openLine struct {
	of    *lane
	label []byte
	body  []byte // sanitized
}

const (
	takeBack = "\r\x1b[K" // to the start of the row, and erase it
	// A row that wraps could not be taken back.
	noWrap = "\x1b[?7l"
	wrap   = "\x1b[?7h"
)

// shown is how the last open line is written on a terminal.
func (o *openLines) shown(dst []byte) []byte {
	if len(o.lines) == 0 {
		return dst
	}
	last := o.lines[len(o.lines)-1]
	dst = append(append(dst, noWrap...), last.label...)
	return append(append(dst, last.body...), wrap...)
}

// drop forgets the open line of a lane.
func (o *openLines) drop(of *lane) (was *openLine) {
	for i := range o.lines {
		if o.lines[i].of == of {
			line := o.lines[i]
			o.lines = append(o.lines[:i], o.lines[i+1:]...)
			return &line
		}
	}
	return nil
}

// around is what to write for whole lines of a lane (nil: of nobody's) while
// lines are open.
func (o *openLines) around(of *lane, text []byte) []byte {
	if len(o.lines) == 0 {
		return text
	}
	if o.inPlace {
		o.drop(of)
		if o.drawn {
			return text
		}
		return o.shown(append([]byte(takeBack), text...))
	}
	open := o.lines[0]
	o.lines = o.lines[:0]
	if open.of == of {
		if rest := text[min(len(of.label), len(text)):]; bytes.HasPrefix(rest, open.body) {
			return rest[len(open.body):]
		}
	}
	return append([]byte(cutMark+"\n"), text...)
}

// add is what to write for a line that is not finished.
func (o *openLines) add(of *lane, body []byte) (text []byte) {
	if o.inPlace {
		if len(o.lines) > 0 && !o.drawn {
			text = append(text, takeBack...)
		}
		o.drop(of)
		if len(body) > 0 {
			o.lines = append(o.lines, openLine{of, bytes.Clone(of.label), body})
		}
		if o.drawn {
			return nil
		}
		return o.shown(text)
	}
	if len(o.lines) > 0 {
		open := &o.lines[0]
		switch {
		case open.of == of && bytes.HasPrefix(body, open.body):
			text, open.body = body[len(open.body):], body
			return text
		case open.of == of: // redrawn: its last state is enough
			return nil
		}
		text = append(text, cutMark+"\n"...)
		o.lines = o.lines[:0]
	}
	if len(body) == 0 {
		return text
	}
	o.lines = append(o.lines, openLine{of: of, body: body})
	return append(append(text, of.label...), body...)
}

// end is what to write when nothing more will come.
func (o *openLines) end() (text []byte) {
	switch {
	case len(o.lines) == 0:
		return nil
	case o.drawn:
		last := o.lines[len(o.lines)-1]
		text, o.lines = append(bytes.Clone(last.label), last.body...), nil
	case !o.inPlace:
		text = []byte(cutMark)
	}
	return append(text, '\n')
}
