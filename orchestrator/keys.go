package orchestrator

import (
	"fmt"

	"devloop/orchestrator/console"
	"devloop/orchestrator/machine"
	"devloop/orchestrator/report"
)

// The keys that a Request may have, beside the digits 1 to 9, which show only the output of that node.
const (
	KeyFailed  = 'f'  // runs the watchers, and restarts the processes, that have failed
	KeyPause   = 'p'  // pauses watching, or lets it go on
	KeyOutput  = '\n' // shows the output of what has failed last, or an empty line
	KeyProblem = 'e'  // finds the first problem of what has failed last
	KeyOpen    = 'o'  // finds the address of a process that serves
)

// Found is what a key has asked for; it may be zero.
type Found struct {
	Problem *report.Problem
	URL     string
}

// key acts on a key.
func (l *loop) key(r Request) {
	switch r.Key {
	case KeyFailed:
		l.again()
	case KeyPause:
		if l.files == nil {
			l.screen.Answer("nothing is watched")
			return
		}
		l.paused = !l.paused
		l.screen.Paused(l.paused)
		l.step(machine.Pause{On: l.paused})
	case KeyOutput:
		l.screen.FailedOutput()
	case KeyProblem:
		r.Found <- Found{Problem: l.screen.FirstProblem()}
	case KeyOpen:
		r.Found <- Found{URL: l.url()}
	default:
		l.only(int(r.Key - '0'))
	}
}

// again runs what has failed.
func (l *loop) again() {
	verbs := map[machine.Verb][]int{}
	for i, st := range l.machine.Status() {
		switch {
		case st.Gone:
		case st.Watcher:
			if st.State == "failed" {
				verbs[machine.Trigger] = append(verbs[machine.Trigger], i)
			}
		case st.State == "backing off", st.State == "gave up", st.State == "unready", st.State == "ended" && !st.End.OK(), st.Dropped != nil:
			verbs[machine.Restart] = append(verbs[machine.Restart], i)
		}
	}
	if len(verbs) == 0 {
		l.screen.Answer("nothing has failed")
	}
	for _, verb := range []machine.Verb{machine.Trigger, machine.Restart} {
		if nodes := verbs[verb]; len(nodes) > 0 {
			l.step(machine.Command{Verb: verb, Nodes: nodes})
		}
	}
}

// url is the first address of a process that is ready; "" if there is none.
func (l *loop) url() string {
	for i, st := range l.machine.Status() {
		if n := l.graph.Nodes[i]; n.Process != nil && st.State == "ready" {
			if urls := l.report.urls(n.Process); len(urls) > 0 {
				return urls[0]
			}
		}
	}
	return ""
}

// only shows the output of one node, counted from 1 in the order of the file.
func (l *loop) only(number int) {
	names := apiLoop{l}.Names()
	if number > len(names) {
		l.screen.Answer(fmt.Sprintf("there are %d nodes", len(names)))
		return
	}
	l.opt.Console.Filter(&console.Filter{Name: names[number-1]})
}
