package orchestrator

import (
	"context"
	"fmt"
	"strings"
	"time"

	"devloop/orchestrator/control"
	"devloop/orchestrator/machine"
)

// await answers when everything that any save before the call could cause is
// done, to the given nodes and all they depend on (none: to every node), or
// cannot be done any more. What is saved after the call does not matter to it.
// The error is that the context or the loop has ended first.
func (l *loop) await(ctx context.Context, nodes []int) (control.Verdict, error) {
	answered := make(chan control.Verdict, 1)
	var id int
	if err := l.ask(ctx, func() { id = l.awaitPaid(nodes, answered) }); err != nil {
		return control.Verdict{}, err
	}
	select {
	case v := <-answered:
		return v, nil
	case <-l.ctx.Done():
		return control.Verdict{}, errEnding
	case <-ctx.Done():
		// The loop ends sooner or later; if it has, nobody is left to forget.
		_ = l.ask(l.ctx, func() {
			delete(l.awaiting, id)
			l.step(machine.Forget{ID: id})
		})
		return control.Verdict{}, ctx.Err()
	}
}

// awaitPaid asks the machine, once everything that was written until now has
// been seen.
func (l *loop) awaitPaid(nodes []int, answered chan<- control.Verdict) (id int) {
	l.barriers++
	id = l.barriers
	l.awaiting[id] = answered
	ask := func() {
		switch {
		case l.awaiting[id] == nil: // forgotten meanwhile
		case l.sources != nil && l.sources.broken != nil:
			delete(l.awaiting, id)
			answered <- control.Verdict{Why: "the configuration " + whatIsWrong(l.sources.broken) + ", and the last good one is in force: " + oneLine(l.sources.broken.Error())}
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
	v := control.Verdict{OK: a.OK}
	if !a.OK {
		v = l.failing(a.Node)
	}
	answered <- v // it has room for the one answer
}

// blocked says in a line why a node does not come to what it should.
func (l *loop) blocked(node int) string {
	all := l.machine.Status()
	st := all[node]
	name := l.say.name(node)
	switch {
	case st.Hold.Kind == machine.UpstreamFailed:
		return fmt.Sprintf("%s waits: %s %s", name, l.say.name(st.Hold.Node), l.say.became(st.Hold.Node, all[st.Hold.Node]))
	case st.Hold.Kind == machine.Unmet || st.Hold.Kind == machine.NotBuilt:
		return fmt.Sprintf("%s waits for %s, which %s", name, l.say.name(st.Hold.Node), l.say.became(st.Hold.Node, all[st.Hold.Node]))
	case st.Dropped != nil && st.Dropped.Due:
		return fmt.Sprintf("the new version of %s was not ready in time and was dropped; the old one serves", name)
	case st.Dropped != nil:
		return fmt.Sprintf("the new version of %s ended (%s) and was dropped; the old one serves", name, st.Dropped.End)
	}
	return name + " " + l.say.became(node, st)
}

// became says in a few words what has become of a node.
func (t *teller) became(node int, st machine.NodeStatus) string {
	switch st.State {
	case "backing off":
		if st.Hold.Kind != machine.BackingOff {
			return crashed(st)
		}
		return crashed(st) + "; next start in " + t.left(st.Hold.Until)
	case "gave up":
		return crashed(st) + "; it stays down until something changes"
	case "ended":
		if st.Early {
			return fmt.Sprintf("ended (%s) before it was ready", st.End)
		}
		return fmt.Sprintf("ended: %s", st.End)
	case "unready":
		text := "is not ready after " + short(time.Since(st.Since))
		if c := t.l.live[commandKey{node, st.Num, wholeProcess}]; c != nil && c.lacks.String() != "" {
			text += ": " + c.lacks.String()
		}
		return text
	case "failed":
		return "failed"
	}
	return "is " + st.State
}

// crashed says how a process ended that keeps ending.
func crashed(st machine.NodeStatus) string {
	text := "crashed: " + st.End.String()
	if st.Failures > 1 {
		text += fmt.Sprintf(", %d times in a row", st.Failures)
	}
	return text
}
