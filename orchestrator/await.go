package orchestrator

import (
	"strings"

	"devloop/orchestrator/control"
	"devloop/orchestrator/report"
)

// barriers are questions whether everything caused until then is done.
type barriers struct {
	last    int
	answers map[int]func(control.Verdict) // by number; each is called once
}

// open adds a question.
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

// brokenConfig says that the configuration, as it is written, cannot become the current one.
func brokenConfig(err error) string {
	return "the configuration " + report.WhatIsWrong(err) + "; the last valid one still runs: " + oneLine(err.Error())
}

func oneLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}
