package orchestrator

import (
	"context"
	"errors"
	"iter"
	"slices"
	"time"

	"devloop/orchestrator/contents"
	"devloop/orchestrator/gitignore"
	"devloop/orchestrator/graph"
	"devloop/orchestrator/machine"
	"devloop/orchestrator/reuse"
	"devloop/orchestrator/runner"
	"devloop/orchestrator/watchset"
	"devloop/schema"
)

// How long the end of a loop waits until what has passed is in the remote cache: that of a single run, as in CI, is
// there for the others.
const (
	sendsLast = time.Second
	onceSends = time.Minute
)

// passes are the earlier passes of stages.
type passes struct {
	*reuse.Reuser
	project *project
	shared  *sharedCache
	once    bool
	watched func(node int, patterns []schema.Pattern, outputs []string) iter.Seq2[string, error] // nil: nothing is watched

	set *watchset.Set // of the graph, if nothing is watched
	of  *graph.Graph
}

// sums keeps what watched files hold, if a stage asks for it.
func (p *passes) sums() contents.Sums {
	for i := range p.project.cfg.Watchers {
		for _, group := range p.project.cfg.Watchers[i].Groups() {
			if slices.ContainsFunc(group, func(s *schema.Stage) bool { return s.Reuse != nil }) {
				return p.Table()
			}
		}
	}
	return nil
}

// inputs are the files that a stage reads.
func (p *passes) inputs(node int, stage *schema.Stage) iter.Seq2[string, error] {
	p.shared.use(p.project.cfg.Remote)
	var outputs []string
	for _, out := range stage.Reuse.Outputs {
		outputs = append(outputs, out.Abs)
	}
	if p.watched != nil {
		return withPreset(p.watched(node, stage.Reuse.Inputs, outputs), &stage.Run)
	}
	if p.of != p.project.graph {
		p.set, p.of = watchset.New(p.project.cfg, p.project.graph, gitignore.New(p.project.cfg.Dir)), p.project.graph
	}
	return withPreset(p.set.Inputs(node, stage.Reuse.Inputs, outputs, nil), &stage.Run)
}

// flush waits for what is being sent, for a while.
func (p *passes) flush() {
	most := sendsLast
	if p.once {
		most = onceSends
	}
	ctx, cancel := context.WithTimeout(context.Background(), most)
	defer cancel()
	p.Flush(ctx)
}

// Close closes the remote cache, too.
func (p *passes) Close() error { return errors.Join(p.Reuser.Close(), p.shared.close()) }

// reuseOf is what is known of the earlier passes of a stage that has ended.
func reuseOf(c *runner.Command) machine.Reuse {
	hit, out := c.Earlier()
	r := machine.Reuse{Product: out.Product, Passed: out.Passed, Passes: out.Passes, Failures: out.Failures}
	if hit != nil {
		r.Hit, r.Passed, r.Took, r.From = true, hit.Passed, hit.Took, hit.From
	}
	return r
}
