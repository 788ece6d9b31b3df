package view

import (
	"slices"
	"time"

	"github.com/charmbracelet/x/ansi"
)

// line is one line of output, or a mark: what the loop did.
type line struct {
	node   string
	stage  string
	number int // the run or generation
	time   time.Time
	text   string // fit to be shown: colours are its only control sequences

	mark       bool
	continued  bool // the next line of the same stage goes on with it
	unfinished bool // its end has not come yet
}

// plain is the text without its colours.
func (l *line) plain() string {
	return stripped(l.text)
}

// What is kept of one node, and of all of them together; the loop has more.
const (
	keptLines = 10_000
	keptBytes = 2 << 20
)

// reordered is how many lines a line may be late.
const reordered = 256

// buffer is the last output of one node or of all, and what is shown of it.
// Lines are numbered from 0; those before first are no longer kept.
type buffer struct {
	lines []*line
	first int
	bytes int

	follow bool // the end is shown
	top    int  // else: the line at the top of the window,
	skip   int  // and how many of its rows are above it
	left   int  // cells that are hidden at the left, where lines are not wrapped
	found  int  // the line that was searched for last
	seen   int  // lines from here on have come since it stopped following
}

func (b *buffer) end() int { return b.first + len(b.lines) }

func (b *buffer) at(n int) *line { return b.lines[n-b.first] }

// add adds a line where its time is: output and marks come by two ways, one of which may be the slower one.
func (b *buffer) add(l *line) {
	at := len(b.lines)
	for at > 0 && len(b.lines)-at < reordered && b.lines[at-1].time.After(l.time) {
		at--
	}
	b.lines = slices.Insert(b.lines, at, l)
	for b.bytes += len(l.text); len(b.lines) > keptLines || b.bytes > keptBytes && len(b.lines) > 1; b.first++ {
		b.bytes -= len(b.lines[0].text)
		b.lines[0] = nil
		b.lines = b.lines[1:]
	}
	if b.top < b.first {
		b.top, b.skip = b.first, 0
	}
	b.seen = max(b.seen, b.first)
}

// unfinished is the line of a stage whose end has not come yet, if that is among the last few.
func (b *buffer) unfinished(of *line) *line {
	for i := len(b.lines) - 1; i >= max(0, len(b.lines)-64); i-- {
		if l := b.lines[i]; l.node == of.node && l.stage == of.stage && !l.mark {
			if l.unfinished {
				return l
			}
			break
		}
	}
	return nil
}

// hold stops following, where the window is now.
func (b *buffer) hold(top, skip int) {
	if b.follow {
		b.seen = b.end()
	}
	b.follow, b.top, b.skip = false, top, skip
}

// place finds a line of a stage's output, from 1; -1 if it is not kept.
func (b *buffer) place(stage string, number, outputLine int) int {
	for n, continues := b.first, false; n < b.end(); n++ {
		l := b.at(n)
		if l.mark || l.stage != stage || l.number != number {
			continue
		}
		if !continues {
			outputLine--
		}
		if continues = l.continued; outputLine == 0 {
			return n
		}
	}
	return -1
}

// outputs is the output of every node, and of all of them together.
type outputs struct {
	all *buffer
	of  map[string]*buffer // by node
}

func (o *outputs) addLine(l *line) {
	b := o.buffer(l.node)
	if old := b.unfinished(l); old != nil && !l.mark {
		*old = *l // in both buffers
		return
	}
	b.add(l)
	o.all.add(l)
}

// buffer is the output of a node, or of all: "".
func (o *outputs) buffer(node string) *buffer {
	if node == "" {
		return o.all
	}
	b := o.of[node]
	if b == nil {
		b = &buffer{follow: true}
		o.of[node] = b
	}
	return b
}

// row is one row of the window: a line, or a part of it.
type row struct {
	n    int // the line
	part int // from 0
	text string
}

// pane shows a buffer in a window.
type pane struct {
	*buffer
	height, width int
	wrap          bool
	shows         func(*line) bool // what the filter leaves
	method        ansi.Method
}

// rows are the parts of one line.
func (p *pane) rows(n int) []row {
	l := p.at(n)
	if !p.shows(l) {
		return nil
	}
	var rows []row
	for i, text := range wrapped(l.text, p.width, p.wrap, p.left, p.method) {
		rows = append(rows, row{n, i, text})
	}
	return rows
}

// window is what is to be seen. With fewer rows than fit below the top it shows the end.
func (p *pane) window() []row {
	if !p.follow {
		var rows []row
		for n, skip := max(p.top, p.first), p.skip; n < p.end() && len(rows) < p.height; n++ {
			part := p.rows(n)
			rows = append(rows, part[min(skip, len(part)):]...)
			skip = 0
		}
		if len(rows) >= p.height {
			return rows[:p.height]
		}
	}
	var rows []row
	for n := p.end() - 1; n >= p.first && len(rows) < p.height; n-- {
		rows = append(p.rows(n), rows...)
	}
	return rows[max(0, len(rows)-p.height):]
}

// scroll moves the window by so many rows, up if negative.
func (p *pane) scroll(by int) {
	rows := p.window()
	if len(rows) == 0 {
		return
	}
	n, part := rows[0].n, rows[0].part
	for ; by < 0; by++ {
		if part > 0 {
			part--
			continue
		}
		above := n - 1
		for above >= p.first && len(p.rows(above)) == 0 {
			above--
		}
		if above < p.first {
			break
		}
		n, part = above, len(p.rows(above))-1
	}
	for ; by > 0; by-- {
		if part++; part < len(p.rows(n)) {
			continue
		}
		below := n + 1
		for below < p.end() && len(p.rows(below)) == 0 {
			below++
		}
		if below == p.end() {
			part--
			break
		}
		n, part = below, 0
	}
	p.hold(n, part)
	if p.atEnd() {
		p.follow = true
	}
}

// atEnd tells whether the end is in the window.
func (p *pane) atEnd() bool {
	left := p.height
	for n, skip := p.top, p.skip; n < p.end(); n++ {
		if left -= len(p.rows(n)) - skip; left < 0 {
			return false
		}
		skip = 0
	}
	return true
}

// since counts the lines that have come while the window did not follow.
func (p *pane) since() (count int) {
	if p.follow {
		return 0
	}
	for n := max(p.seen, p.first); n < p.end(); n++ {
		if p.shows(p.at(n)) {
			count++
		}
	}
	return count
}

// show moves the window so that a line stands near its top.
func (p *pane) show(n int) {
	p.hold(n, 0)
	if p.height > 4 {
		p.follow = false
		for range 2 {
			if p.top > p.first {
				p.top--
			}
		}
	}
}
