package orchestrator

import (
	"context"
	"strings"

	"devloop/orchestrator/control"
	"devloop/orchestrator/machine"
	"devloop/orchestrator/report"
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
			answered <- control.Verdict{Why: "the configuration " + report.WhatIsWrong(l.sources.broken) + ", and the last good one is in force: " + oneLine(l.sources.broken.Error())}
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
