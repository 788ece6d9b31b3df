package runner

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"devloop/orchestrator/procgroup"
	"devloop/orchestrator/reuse"
	"devloop/schema"
)

// earlier is what a stage with `reuse` has to do with its earlier passes.
type earlier struct {
	reuser  *reuse.Reuser
	stage   *reuse.Stage
	fresh   bool
	ctx     context.Context // ends when the stage is told to end
	cancel  context.CancelFunc
	attempt *reuse.Attempt
	printed reuse.Printed
	outcome reuse.Outcome
}

// begin looks for an earlier pass, unless the stage is fresh. A disk that hangs is waited for until the start is given up:
// then there is no attempt.
func (x *earlier) begin(o *owner, fresh bool, givenUp <-chan struct{}) {
	begun := make(chan *reuse.Attempt, 1)
	o.onDisk(func() { begun <- x.reuser.Begin(x.ctx, x.stage, fresh) })
	select {
	case x.attempt = <-begun:
	case <-givenUp:
		x.attempt = nil
	}
}

// collect keeps what a stage prints, on its way.
func (x *earlier) collect(next func(procgroup.Block)) func(procgroup.Block) {
	return func(b procgroup.Block) {
		x.printed.Write(b.Text)
		next(b)
	}
}

// replay hands kept output on as a command's comes: some lines at a time.
func replay(output []byte, lines func(procgroup.Block)) {
	const most = 32 << 10
	for len(output) > 0 {
		part := output
		if len(part) > most {
			part = part[:most]
			if end := bytes.LastIndexByte(part, '\n'); end >= 0 {
				part = part[:end+1]
			} else if end := bytes.IndexByte(output, '\n'); end >= 0 {
				part = output[:end+1]
			} else {
				part = output
			}
		}
		lines(procgroup.Block{Text: part})
		output = output[len(part):]
	}
}

// listOf names the files that a stage reads, among those of all stages of a run.
func listOf(stage *schema.Stage) string {
	r := stage.Reuse
	var b strings.Builder
	for i := range r.Inputs {
		fmt.Fprintf(&b, "\x00in %s", r.Inputs[i].String())
	}
	for _, out := range r.Outputs {
		fmt.Fprintf(&b, "\x00out %s", out.Abs)
	}
	if run := &stage.Run; run.PresetDir != "" { // the files beside the preset that the command names are among them
		fmt.Fprintf(&b, "\x00run %s %s %q", run.PresetDir, run.Text, run.Argv)
	}
	return b.String()
}
