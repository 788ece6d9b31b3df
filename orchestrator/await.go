package orchestrator

import (
	"context"
	"fmt"
	"strings"
	"time"

	"devloop/orchestrator/machine"
)

// verdict is the answer to whether everything is live that was saved before the
// question.
type verdict struct {
	OK   bool
	Node int    // the first that failed or is held back; -1 if it is none of them
	Why  string // in words, unless OK
}

// await answers when everything that any save before the call could cause is
// done, to the given nodes and all they depend on (none: to every node), or
// cannot be done any more. What is saved after the call does not matter to it.
// The error is that the context or the loop has ended first.
func (l *loop) await(ctx context.Context, nodes []int) (verdict, error) {
	answered := make(chan verdict, 1)
	var id int
	if err := l.ask(ctx, func() { id = l.awaitPaid(nodes, answered) }); err != nil {
		return verdict{}, err
	}
	select {
	case v := <-answered:
		return v, nil
	case <-l.ctx.Done():
		return verdict{}, errEnding
	case <-ctx.Done():
		// The loop ends sooner or later; if it has, nobody is left to forget.
		_ = l.ask(l.ctx, func() {
			delete(l.awaiting, id)
			l.step(machine.Forget{ID: id})
		})
		return verdict{}, ctx.Err()
	}
}

// awaitPaid asks the machine, once everything that was written until now has
// been seen.
func (l *loop) awaitPaid(nodes []int, answered chan<- verdict) (id int) {
	l.barriers++
	id = l.barriers
	l.awaiting[id] = answered
	ask := func() {
		switch {
		case l.awaiting[id] == nil: // forgotten meanwhile
		case l.sources != nil && l.sources.broken != nil:
			delete(l.awaiting, id)
			answered <- verdict{Node: -1, Why: "the configuration has mistakes, and the last good one is in force: " + oneLine(l.sources.broken.Error())}
		default:
			l.step(machine.Await{ID: id, Nodes: nodes})
		}
	}
	// First the configuration, which decides what else there is to see.
	seen := func() {
		if l.files == nil {
			ask()
		} else {
			l.files.await(ask)
		}
	}
	if l.sources == nil || !l.sources.sync(seen) {
		seen()
	}
	return id
}

func oneLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// awaited hands the machine's answer on.
func (l *loop) awaited(a machine.Awaited) {
	answered := l.awaiting[a.ID]
	delete(l.awaiting, a.ID)
	if answered == nil {
		return
	}
	v := verdict{OK: a.OK, Node: a.Node}
	if !a.OK {
		v.Why = l.blocked(a.Node)
	}
	answered <- v // it has room for the one answer
}

// blocked says in a line why a node does not come to what it should.
func (l *loop) blocked(node int) string {
	st := l.machine.Status()[node]
	name := l.say.name(node)
	switch {
	case st.Hold.Kind == machine.UpstreamFailed:
		return fmt.Sprintf("%s waits: %s failed", name, l.say.name(st.Hold.Node))
	case st.Hold.Kind == machine.Unmet || st.Hold.Kind == machine.NotBuilt:
		return fmt.Sprintf("%s waits for %s, which is %s", name, l.say.name(st.Hold.Node), l.machine.Status()[st.Hold.Node].State)
	case st.Dropped != nil && st.Dropped.Due:
		return fmt.Sprintf("the new version of %s was not ready in time and was dropped; the old one serves", name)
	case st.Dropped != nil:
		return fmt.Sprintf("the new version of %s ended (%s) and was dropped; the old one serves", name, st.Dropped.End)
	case st.State == "unready":
		return fmt.Sprintf("%s is not ready since %s", name, time.Since(st.Since).Round(time.Second))
	case st.State == "failed":
		return name + " failed"
	}
	return fmt.Sprintf("%s: %s", name, st.State)
}
