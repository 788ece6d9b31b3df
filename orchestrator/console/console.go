// Package console writes what people read: lines that each carry the name of
// who said them. It never decides what is worth saying.
package console

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/clipperhouse/displaywidth"
)

// Console puts the lines of many commands on one stream. Every write to the
// stream holds whole lines, so that nothing else that writes there can split
// one, but for a line that its command has not finished, see [Stream.Unfinished]. What commands wrote is sanitized, see [Sanitize]. It is safe for concurrent use.
type Console struct {
	opt   Options
	width int
	out   *sink
	log   *sink // nil without Options.Log

	columns    atomic.Int32 // of the terminal; 0: not known
	titled     atomic.Bool
	focusAsked atomic.Bool // the terminal was asked to tell of its focus
	focused    atomic.Bool // it has it
	filter     atomic.Pointer[Filter]
	folds      folds
}

// Options say how lines look, and who waits when nobody reads them.
type Options struct {
	Out        io.Writer // where lines go; never closed here
	Log        io.Writer // a copy of every line without colours; may be nil
	Color      bool
	Terminal   bool // Out is a terminal, which rings, clears and notifies
	Timestamps bool
	Names      []string // every name that will come, for the column's width
	Now        func() time.Time

	// Columns is the width of a terminal that has room for a status line, see
	// [Console.Status]; 0: the terminal does not say. devloop's own lines are folded
	// at its width, and names are cut where it is narrow. It needs a buffer; nil:
	// lines look alike wherever they go.
	Columns func() int

	// Focus asks a terminal with a status line to tell whether it has the focus,
	// for [Console.Notify].
	Focus bool

	// Buffer is how many bytes may wait for the reader of Out, and as many for
	// Log; [DefaultBuffer] is a good number. A full buffer makes commands wait
	// that have output, as a pipe does; when the reader takes nothing at all
	// for [Patience], lines are dropped instead, whole ones, and how
	// many of which name is said once it reads on. What devloop itself says
	// waits for nobody. A console with a buffer needs [Console.Close].
	//
	// With zero each call returns when its lines are written, however long
	// that takes, and nothing is dropped.
	Buffer int
}

// DefaultBuffer is how many bytes wait for a slow reader.
const DefaultBuffer = 8 << 20

// Patience is how long a reader may take nothing before lines are dropped. A
// write of 4 KiB, or of one longer line, that has come to its end is progress.
const Patience = time.Second

// nameCodes are the colours that names take in turn: those that can be read on
// a dark and on a light background, and are no tone.
var nameCodes = []string{"\x1b[36m", "\x1b[35m", "\x1b[34m", "\x1b[96m", "\x1b[95m", "\x1b[94m"}

// New makes a console.
func New(opt Options) *Console {
	c := &Console{opt: opt}
	if c.opt.Now == nil {
		c.opt.Now = time.Now
	}
	for _, name := range opt.Names {
		c.width = max(c.width, displaywidth.String(name))
	}
	slow := "the reader was too slow"
	if opt.Terminal {
		slow = "the terminal was too slow"
	}
	c.out = newSink(opt.Out, opt.Buffer, c.notice(opt.Color, slow))
	c.out.open.inPlace = opt.Terminal && os.Getenv("TERM") != "dumb"
	c.out.open.drawn, c.out.status.columns, c.out.status.color = opt.Columns != nil, opt.Columns, opt.Color
	c.measure()
	if opt.Log != nil {
		c.log = newSink(opt.Log, opt.Buffer, c.notice(false, "the log was too slow"))
	}
	return c
}

// Say writes one line, or several, of devloop's own. It does not wait for the
// reader unless the console has no buffer.
func (c *Console) Say(name string, tone Tone, text string) {
	if c.opt.Columns != nil {
		var lines []Line
		for line := range strings.SplitSeq(text, "\n") {
			lines = append(lines, Line{{Text: line, Tone: tone}})
		}
		c.write(name, lines, len(text))
		return
	}
	s := c.Stream(name)
	for i := range s.lanes {
		s.lanes[i].clean.color = false // the words may quote a file's name
	}
	s.emit(tone, []byte(text+"\n"), false, false)
}

// Write writes lines of devloop's own that belong together. With [Options.Columns]
// only the first carries the name, and lines that are too long go on below their
// text; details take two rows at most. It does not wait for the reader unless the
// console has no buffer.
func (c *Console) Write(name string, head Line, details ...Line) {
	c.write(name, append([]Line{head}, details...), detailRows)
}

// Room is how many cells of a terminal a line of devloop's own has; 0: any number.
func (c *Console) Room() int {
	columns := int(c.columns.Load())
	if columns == 0 {
		return 0
	}
	return max(0, columns-displaywidth.Bytes(c.label(nil, "", false, blanks)))
}

// detailRows is how many rows of a terminal a detail takes.
const detailRows = 2

// write writes lines; those after the first take so many rows at most.
func (c *Console) write(name string, lines []Line, most int) {
	s := c.Stream(name)
	hidden := c.filter.Load().hides(lines[0])
	for i := range s.lanes {
		l := &s.lanes[i]
		for _, to := range l.sinks {
			if hidden && to == c.out {
				continue
			}
			text := l.own(lines, most, to == c.out && c.opt.Columns != nil)
			to.put(l, name, text, bytes.Count(text, []byte{'\n'}), false)
		}
	}
}

// Blank writes an empty line, for people who want to see what is new below it.
func (c *Console) Blank() { c.out.put(nil, "", []byte("\n"), 0, false) }

// Replay writes the whole of what a spool keeps, between what was said before
// and what is said after. It does not wait for the reader unless the console
// has no buffer. The spool is the console's from now on, which closes it; an
// error of it is told in the place of what is lost.
func (c *Console) Replay(name string, spool *Spool) {
	s := c.Stream(name)
	shared := &sharedSpool{Spool: spool}
	for i := range s.lanes {
		shared.users.Add(int32(len(s.lanes[i].sinks)))
	}
	for i := range s.lanes {
		l := &s.lanes[i]
		for _, to := range l.sinks {
			to.replay(name, spool.lines(), func(put func([]byte)) {
				defer shared.release()
				own := lane{c: c, name: name, color: l.color, clean: sanitizer{color: l.color}}
				if err := spool.replay(func(block []byte) { own.format(Plain, block, false, false, func(b []byte, _ int) { put(b) }) }); err != nil {
					own.clean.color = false
					own.format(Bad, []byte(err.Error()+"\n"), false, false, func(b []byte, _ int) { put(b) })
				}
			}, shared.release)
		}
	}
}

// Starts says that a command is about to start, again after a crash or not. As
// long as it then writes what it wrote after the start before, but for numbers,
// the terminal does not show that; a log has everything. Once it writes something
// else, all of it is shown.
func (c *Console) Starts(name string, again bool) { c.folds.starts(name, again) }

// Runs says that a command goes on, and has not crashed: what it has written is
// shown.
func (c *Console) Runs(name string) { c.folds.runs(name) }

// measure notes the terminal's width.
func (c *Console) measure() {
	if c.opt.Columns != nil {
		c.columns.Store(int32(c.opt.Columns()))
	}
}

// flush waits until what was said before the call is written, until ctx ends,
// or until the reader has taken nothing for a while: [errStalled].
func (c *Console) flush(ctx context.Context) error {
	err := c.out.flush(ctx)
	if c.log != nil {
		err = errors.Join(err, c.log.flush(ctx))
	}
	return err
}

// Close is flush, and the end: what is said from now on is dropped. When it
// fails because the reader is stalled, one goroutine stays in its write until
// that returns.
func (c *Console) Close(ctx context.Context) error {
	c.reportFocus(false)
	if c.titled.Load() {
		c.control("\x1b[23;2t")
	}
	c.out.close()
	if c.log != nil {
		c.log.close()
	}
	return c.flush(ctx)
}

// Err is the first error that the stream returned, such as a closed pipe.
func (c *Console) Err() error { return c.out.error() }

// narrow is the width below which a terminal is narrow: names are cut at narrowName
// cells there.
const (
	narrow     = 60
	narrowName = 8
)

// What stands between a name and what a command writes, or what devloop itself does.
const (
	between = " | "
	blanks  = "  "
)

// label is what stands before a line.
func (c *Console) label(dst []byte, name string, color bool, end string) []byte {
	width := c.width
	if columns := c.columns.Load(); columns > 0 && columns < narrow {
		width, name = min(width, narrowName), displaywidth.TruncateString(name, narrowName, "…")
		if end == blanks {
			end = " "
		}
	}
	if color {
		dst = append(dst, c.colorOf(name)...)
	}
	if c.opt.Timestamps {
		dst = c.opt.Now().AppendFormat(dst, "15:04:05.000 ")
	}
	dst = append(dst, name...)
	dst = append(dst, strings.Repeat(" ", max(0, width-displaywidth.String(name)))...)
	dst = append(dst, end...)
	if color {
		dst = append(dst, reset...)
	}
	return dst
}

// notice words how many lines were lost.
func (c *Console) notice(color bool, why string) func(string, int) []byte {
	return func(name string, lines int) []byte {
		text := "(devloop: " + grouped(lines) + " lines dropped, " + why + ")"
		if lines == 1 {
			text = "(devloop: 1 line dropped, " + why + ")"
		}
		dst := c.label(nil, name, color, between)
		if color {
			text = toneCode[Warn] + text + reset
		}
		return append(append(dst, text...), '\n')
	}
}

// grouped writes 12345 as 12,345.
func grouped(n int) string {
	if n < 1000 {
		return strconv.Itoa(n)
	}
	rest := strconv.Itoa(n % 1000)
	return grouped(n/1000) + "," + strings.Repeat("0", 3-len(rest)) + rest
}

func (c *Console) colorOf(name string) string {
	for i, n := range c.opt.Names {
		if n == name {
			return nameCodes[i%len(nameCodes)]
		}
	}
	return ""
}

// control writes codes for a terminal.
func (c *Console) control(code string) {
	if c.opt.Terminal {
		c.out.put(nil, "", []byte(code), 0, false)
	}
}
