package runner

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	"devloop/orchestrator/console"
	"devloop/orchestrator/diagnostics"
	"devloop/orchestrator/journal"
	"devloop/orchestrator/procgroup"
	"devloop/schema"
)

// output is where commands write to.
type output struct {
	console *console.Console
	journal *journal.Journal
}

// streams hand a command's output to the console as it comes, whole lines and one
// that is not finished.
func (o *output) streams(name string) (lines func(procgroup.Block), unfinished func([]byte)) {
	s := o.console.Stream(name)
	return func(b procgroup.Block) { s.Lines(b.Text, b.Continued) }, s.Unfinished
}

// keep puts what a command writes into the journal, on its way.
func (o *output) keep(node string, run int, stage string, next func(procgroup.Block)) func(procgroup.Block) {
	return func(b procgroup.Block) {
		o.journal.Append(journal.Entry{Node: node, Run: run, Part: stage, Text: b.Text, Continued: b.Continued})
		next(b)
	}
}

// keepOpen is keep for a line that is not finished.
func (o *output) keepOpen(node string, run int, stage string, next func([]byte)) func([]byte) {
	return func(text []byte) {
		o.journal.Unfinished(journal.Entry{Node: node, Run: run, Part: stage, Text: text})
		next(text)
	}
}

// readAlong reads what a stage writes, on its way: its warnings, and the places
// that it complains of.
func readAlong(next func(procgroup.Block), reader *diagnostics.Reader) func(procgroup.Block) {
	var plain []byte
	return func(b procgroup.Block) {
		plain = console.Sanitize(plain[:0], b.Text, false)
		reader.Write(plain)
		next(b)
	}
}

func problemsOf(o *owner, w *schema.Watcher, stage *schema.Stage) *diagnostics.Reader {
	p := stage.Problems
	return diagnostics.New(diagnostics.Options{Tool: p.Tool, Pattern: p.Pattern, Off: p.Off, Exists: o.filesThere(), Dirs: []string{stage.Dir, w.Project.Dir}})
}

// Complaints finds the last place that a process complained of, such as that of its crash, with those in the lines
// right above it, such as a compiler's; else the last lines. In output that is not whole, lines have no numbers. It looks at files.
func Complaints(p *schema.Process, output []byte, whole bool) (problems []diagnostics.Problem, tail []string) {
	reader := diagnostics.New(diagnostics.Options{Exists: func(path string) bool { return fileThere(path) == nil }, Dirs: []string{p.Dir, p.Project.Dir}})
	reader.Write(console.Sanitize(nil, output, false))
	reader.Finish()
	problems, _, tail = reader.Result(true)
	first := max(0, len(problems)-1)
	for first > 0 && problems[first].At == problems[first-1].At+1 {
		first--
	}
	problems = problems[first:]
	for i := range problems {
		if !whole {
			problems[i].At = 0
		}
	}
	return problems, tail
}

// filesThere tells of the files that one command names whether they are there. Where a
// file system does not respond, none is from then on: its output is read all the same.
func (o *owner) filesThere() func(path string) bool {
	hangs := false
	return func(path string) bool {
		if hangs {
			return false
		}
		ctx, cancel := context.WithTimeout(o.ctx, time.Second)
		defer cancel()
		err := o.within(ctx, func() error { return fileThere(path) })
		hangs = errors.Is(err, context.DeadlineExceeded)
		return err == nil
	}
}

func fileThere(path string) error {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		err = fs.ErrInvalid
	}
	return err
}
