package orchestrator

import (
	"time"

	"devloop/orchestrator/thrift"
	"devloop/schema"
)

// Learning takes seconds of a processor in a large tree, and nobody waits for
// it: it gives way to the stages that people do wait for. It works for a slice
// of time, asks whether stages run, and if they do, pauses for nine.
const (
	learnSlice = 5 * time.Millisecond
	learnPause = 9 * learnSlice
)

// learn reads every watched file once, beside everything else, so that already
// the first save of the same bytes is known to be none. With it the start is
// over, and what it used is given back.
func (l *loop) learn() {
	set, git, u := l.set, l.git, newUnmatched(l.cfg, l.set)
	l.goroutine(func() {
		began := time.Now()
		for path := range set.Files() {
			if time.Since(began) > learnSlice {
				if !l.giveWay() {
					return
				}
				began = time.Now()
			}
			l.contents.Learn(path)
			u.see(path)
		}
		l.contents.Learned()
		git.Rest()
		thrift.Settle()
		l.post(learnedEvent{u.warnings()})
	})
}

// giveWay lets stages that run have the machine for a while. It is false if
// the loop has ended.
func (l *loop) giveWay() bool {
	busy := make(chan bool, 1)
	select {
	case l.asks <- func() { busy <- l.working() }:
	case <-l.ctx.Done():
		return false
	}
	if !<-busy {
		return true
	}
	select {
	case <-time.After(learnPause):
		return true
	case <-l.ctx.Done():
		return false
	}
}

// working tells whether a stage runs.
func (l *loop) working() bool {
	for key := range l.live {
		if key.stage != wholeProcess {
			return true
		}
	}
	return false
}

// learnedEvent says that every watched file has been read, and which patterns
// none of them matched.
type learnedEvent struct{ warnings schema.Mistakes }
