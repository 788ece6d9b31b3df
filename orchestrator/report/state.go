package report

import (
	"fmt"
	"time"

	"devloop/orchestrator/control"
	"devloop/orchestrator/machine"
)

// Snapshot is the state of every node at one moment; its methods put it into words, and into the form of
// the protocol. A node is its index in Nodes, also in a Hold. The functions are called only during that
// moment.
type Snapshot struct {
	Nodes []machine.NodeStatus
	Live  control.Live

	LastCheck func(node, generation int) string   // why a generation is not ready; "" if that is not known
	Says      func(node, generation int) string   // what a generation has told of itself
	PIDs      func(node int) []int                // the leaders of its commands that run
	Remote    func(node int, stage string) string // what an engine does for a stage that runs, such as "queued on HOST"; "" if it does not run there

	Usual func(node, stage string) time.Duration // see History.Usual
}

func (s Snapshot) remote(node int, stage string) string {
	if s.Remote == nil { // nothing runs there
		return ""
	}
	return s.Remote(node, stage)
}

// hold says what a node waits for, such as "waits for check (running)"; "" if for
// nothing.
func (s Snapshot) hold(node int) string {
	st := s.Nodes[node]
	switch h := st.Hold; h.Kind {
	case machine.Settling:
		return "waits until files stop changing"
	case machine.SlowedDown:
		return "its files change in each run; next in " + left(h.Until)
	case machine.UpstreamBusy:
		return fmt.Sprintf("waits for %s (%s)", s.name(h.Node), s.Nodes[h.Node].State)
	case machine.DownstreamStarting:
		if s.name(h.Node) == st.Name {
			return "`devloop wait` waits for the version that is starting"
		}
		return "waits while " + s.name(h.Node) + " starts with what the last run made"
	case machine.UpstreamFailed:
		return "waits: " + s.upstreamFailed(h.Node)
	case machine.Unmet:
		return "waits for " + s.name(h.Node) + ", which " + s.Became(h.Node)
	case machine.NoSlot:
		return "waits for a free slot (`jobs`)"
	case machine.BackingOff:
		return crashed(st) + "; next try in " + left(h.Until)
	case machine.NotBuilt:
		return "not built yet; starts when " + s.name(h.Node) + " passes"
	case machine.Paused:
		return "has changed; watching is paused"
	case machine.NoAnswer:
		return h.Place + ": the file system does not respond"
	}
	return string(st.Hold.Kind)
}

// blocked says in a line why a node cannot reach its goal.
func (s Snapshot) blocked(node int) string {
	st := s.Nodes[node]
	switch {
	case st.Hold.Kind == machine.UpstreamFailed:
		return fmt.Sprintf("%s waits: %s %s", st.Name, s.name(st.Hold.Node), s.Became(st.Hold.Node))
	case st.Hold.Kind == machine.Paused:
		return fmt.Sprintf("watching is paused, and files of %s have changed; the key p goes on", st.Name)
	case st.Hold.Kind == machine.Unmet || st.Hold.Kind == machine.NotBuilt:
		return fmt.Sprintf("%s waits for %s, which %s", st.Name, s.name(st.Hold.Node), s.Became(st.Hold.Node))
	case st.Dropped != nil && st.Dropped.Due:
		return fmt.Sprintf("the new version of %s was not ready in time and was dropped; the old one still serves", st.Name)
	case st.Dropped != nil:
		return fmt.Sprintf("the new version of %s ended (%s) and was dropped; the old one still serves", st.Name, st.Dropped.End.Explained())
	}
	return st.Name + " " + s.Became(node)
}

// Became says in a few words how a node ended up.
func (s Snapshot) Became(node int) string {
	st := s.Nodes[node]
	switch st.State {
	case "backing off":
		if st.Hold.Kind != machine.BackingOff {
			return "crashed: " + crashed(st)
		}
		return "crashed: " + crashed(st) + "; next try in " + left(st.Hold.Until)
	case "gave up":
		return "crashed: " + crashed(st) + "; it stays down until something changes"
	case "ended":
		if st.Early {
			return fmt.Sprintf("ended (%s) before it was ready", st.End.Explained())
		}
		return fmt.Sprintf("ended: %s", st.End)
	case "unready":
		text := "is not ready after " + short(time.Since(st.Since))
		if check := s.LastCheck(node, st.Num); check != "" {
			text += ": " + check
		}
		return text
	case "failed":
		if st.Reason != "" {
			return "failed: " + st.Reason
		}
		return "failed"
	}
	return "is " + st.State
}

// Heading says in one line what goes on at a node, or what has become of it, and then a sentence more, if there is one. There
// is no time in it that passes. failed is whether its failure counts, stages are those of a watcher that have failed, and cycle is
// the save that runs.
func (s Snapshot) Heading(node int, failed bool, stages []string, cycle int) (text, more string) {
	st := s.Nodes[node]
	switch {
	case st.Watcher && (st.State == "running" || st.State == "cancelling"):
		if len(st.Stages) > 0 {
			more = st.Name + " › " + st.Stages[0].Name
		}
		return fmt.Sprintf("checks of save %d run", cycle), more
	case st.Watcher && st.State == "failed":
		if st.Reason == "" && len(stages) > 0 {
			return st.Name + " › " + stages[0] + " failed", ""
		}
		return st.Name + " failed", st.Reason
	case st.Dropped != nil && st.State == "ready":
		return "the new version of " + st.Name + " failed", s.blocked(node)
	case st.State == "backing off", st.State == "gave up":
		return st.Name + " crashed", crashed(st)
	case st.State == "starting" && st.Failures > 0 && failed:
		return st.Name + " crashed, and starts again", ""
	case st.State == "ended" && st.Early:
		return st.Name + " ended before it was ready", st.End.Explained()
	case st.State == "unready":
		return st.Name + " is not ready", s.LastCheck(node, st.Num)
	case st.Hold.Kind == machine.Settling:
		return "files are still changing", ""
	case st.Hold.Kind == machine.UpstreamFailed, st.Hold.Kind == machine.NotBuilt, st.Hold.Kind == machine.Unmet:
		return st.Name + " waits for " + s.name(st.Hold.Node), ""
	case st.Hold.Kind == machine.SlowedDown:
		return st.Name + " waits", "its files change in each run"
	case st.Hold.Kind != machine.NotHeld && st.Hold.Kind != machine.BackingOff:
		return st.Name + " waits", s.hold(node)
	case st.Candidate != nil && st.Candidate.New:
		return "the new version of " + st.Name + " is starting", ""
	}
	return st.Name + " is " + st.State, ""
}

// Root is the node whose failure holds a node back: itself, or one upstream.
func (s Snapshot) Root(node int) int {
	for range s.Nodes {
		hold := s.Nodes[node].Hold
		if hold.Node < 0 || hold.Kind != machine.UpstreamFailed && hold.Kind != machine.NotBuilt && hold.Kind != machine.Unmet {
			break
		}
		node = hold.Node
	}
	return node
}

// upstreamFailed says that a node upstream has failed, in a few words.
func (s Snapshot) upstreamFailed(node int) string {
	if s.Nodes[node].Hold.Kind == machine.NoAnswer {
		return s.name(node) + " waits: " + s.hold(node)
	}
	if s.Nodes[node].Watcher {
		return s.name(node) + " failed"
	}
	return s.name(node) + " " + s.Became(node)
}

func (s Snapshot) name(node int) string { return s.Nodes[node].Name }

// crashed says how a process ended that keeps ending.
func crashed(st machine.NodeStatus) string {
	end := st.End
	text := end.String()
	if st.Failures > 1 {
		text += fmt.Sprintf(", %d times in a row", st.Failures)
	}
	if end.Because != "" {
		text += ": " + end.Because
	}
	return text
}

// left is how much time is left until then.
func left(until time.Time) string { return short(max(0, time.Until(until))) }

// short writes a duration with as many digits as people read.
func short(d time.Duration) string {
	switch {
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.1fms", float64(d.Microseconds())/1000)
	case d < time.Second:
		return fmt.Sprintf("%dms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1fs", d.Seconds())
	}
	return d.Round(time.Second).String()
}
