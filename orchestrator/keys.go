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

// keys act on what a person presses.
type keys struct {
	machine *machine.Machine
	step    func(machine.Event)
	nodes   []string // their names
	urls    func(node int) []string
	watches bool // anything
	screen  *report.Screen
	console *console.Console
}

// press acts on a key, and hands out what it asks for.
func (k *keys) press(key byte, found chan<- Found) {
	switch key {
	case KeyFailed:
		k.again()
	case KeyPause:
		if !k.watches {
			k.screen.Answer("nothing is watched")
			return
		}
		on := !k.machine.Paused()
		k.screen.Paused(on)
		k.step(machine.Pause{On: on})
	case KeyOutput:
		k.screen.FailedOutput()
	case KeyProblem:
		found <- Found{Problem: k.screen.FirstProblem()}
	case KeyOpen:
		found <- Found{URL: k.url()}
	default:
		k.only(int(key - '0'))
	}
}

// again runs what has failed.
func (k *keys) again() {
	verbs := map[machine.Verb][]int{}
	for i, st := range k.machine.Status() {
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
		k.screen.Answer("nothing has failed")
	}
	for _, verb := range []machine.Verb{machine.Trigger, machine.Restart} {
		if nodes := verbs[verb]; len(nodes) > 0 {
			k.step(machine.Command{Verb: verb, Nodes: nodes})
		}
	}
}

// url is the first address of a process that is ready; "" if there is none.
func (k *keys) url() string {
	for i, st := range k.machine.Status() {
		if st.State == "ready" {
			if urls := k.urls(i); len(urls) > 0 {
				return urls[0]
			}
		}
	}
	return ""
}

// only shows the output of one node, counted from 1 in the order of the file.
func (k *keys) only(number int) {
	if number > len(k.nodes) {
		k.screen.Answer(fmt.Sprintf("there are %d nodes", len(k.nodes)))
		return
	}
	k.console.Filter(&console.Filter{Name: k.nodes[number-1]})
}
