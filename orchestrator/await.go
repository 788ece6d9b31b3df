package orchestrator

import (
	"strings"

	"devloop/orchestrator/control"
	"devloop/orchestrator/machine"
	"devloop/orchestrator/report"
)

// barriers are questions for when all is done that was caused until then.
type barriers struct {
	last    int
	answers map[int]func(control.Verdict) // by number; each is called once
}

// open notes a question.
func (b *barriers) open(answer func(control.Verdict)) (id int) {
	b.last++
	if b.answers == nil {
		b.answers = map[int]func(control.Verdict){}
	}
	b.answers[b.last] = answer
	return b.last
}

func (b *barriers) waits(id int) bool { return b.answers[id] != nil }

// answer answers a question, unless it has been forgotten.
func (b *barriers) answer(id int, verdict func() control.Verdict) {
	if answer := b.forget(id); answer != nil {
		answer(verdict())
	}
}

func (b *barriers) forget(id int) (answer func(control.Verdict)) {
	answer = b.answers[id]
	delete(b.answers, id)
	return answer
}

// await asks the machine, once everything that was written until now has been seen.
func (l *loop) await(nodes []int, answer func(control.Verdict)) (forget func()) {
	id := l.barriers.open(answer)
	ask := func() {
		switch {
		case !l.barriers.waits(id): // forgotten meanwhile
		case l.sources.Broken() != nil:
			l.barriers.answer(id, func() control.Verdict {
				return control.Verdict{Why: "the configuration " + report.WhatIsWrong(l.sources.Broken()) + "; the last valid one still runs: " + oneLine(l.sources.Broken().Error())}
			})
		default:
			l.step(machine.Await{ID: id, Nodes: nodes})
		}
	}
	// First the configuration, which decides what else there is to see.
	seen := func() {
		if l.files == nil {
			ask()
		} else {
			l.files.Await(ask)
		}
	}
	if !l.sources.Sync(seen) {
		seen()
	}
	return func() {
		l.barriers.forget(id)
		l.step(machine.Forget{ID: id})
	}
}

func oneLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// awaited hands the machine's answer on.
func (l *loop) awaited(a machine.Awaited) {
	l.barriers.answer(a.ID, func() control.Verdict {
		if a.OK {
			return control.Verdict{OK: true}
		}
		return l.snapshot(l.machine.Status()).Verdict(a.Node, l.history)
	})
}
