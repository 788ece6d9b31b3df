package machine

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// describe writes an event or an action the way transcripts show it. Reports
// stand further in: they only tell what the actions around them do.
func describe(c *Config, v any) string {
	name := func(n int) string { return c.Nodes[n].Name }
	stage := func(node, run, s int) string { return fmt.Sprintf("%s#%d %s", name(node), run, c.stageName(node, s)) }
	paths := func(list []string) string {
		if len(list) == 0 {
			return ""
		}
		return " (" + strings.Join(list, " ") + ")"
	}
	gen := func(node, gen int) string { return fmt.Sprintf("%s@%d", name(node), gen) }
	switch v := v.(type) {
	case Start:
		return "start"
	case Tick:
		if v.VCSBusy {
			return "tick, git is busy"
		}
		return "tick"
	case FilesChanged:
		var parts []string
		for _, ch := range v.Changes {
			var nodes []string
			for _, n := range ch.Nodes {
				nodes = append(nodes, name(n))
			}
			part := ch.Path + " (" + strings.Join(nodes, " ") + ")"
			if ch.AtOnce {
				part += " at once"
			}
			switch {
			case !ch.EmptySince.IsZero():
				part += " to what it held, after it was empty"
			case ch.Same:
				part += " to what it held"
			}
			for _, n := range ch.Writers {
				part += " by " + name(n)
			}
			parts = append(parts, part)
		}
		return "changed " + strings.Join(parts, ", ")
	case FilesHang:
		if len(v.Places) == 0 {
			return "all files respond"
		}
		var parts []string
		for _, n := range slices.Sorted(maps.Keys(v.Places)) {
			parts = append(parts, name(n)+" at "+v.Places[n])
		}
		return "files hang: " + strings.Join(parts, ", ")
	case Pause:
		if v.On {
			return "paused"
		}
		return "goes on"
	case StageExited:
		text := fmt.Sprintf("stage exited %s: %s", stage(v.Node, v.Run, v.Stage), v.End)
		if v.Reuse.Product != "" {
			text += map[bool]string{false: ", made ", true: ", reused "}[v.Reuse.Hit] + v.Reuse.Product
		}
		return text
	case Drained:
		return fmt.Sprintf("drained %s#%d", name(v.Node), v.Run)
	case Touched:
		return fmt.Sprintf("touched %s#%d", name(v.Node), v.Run)
	case ProcessStarted:
		return fmt.Sprintf("process started %s: pid %d", gen(v.Node, v.Gen), v.PID)
	case ProcessReady:
		return "process ready " + gen(v.Node, v.Gen)
	case ProcessExited:
		return fmt.Sprintf("process exited %s: %s", gen(v.Node, v.Gen), v.End)
	case Command:
		text := fmt.Sprintf("command %s", v.Verb)
		for _, n := range v.Nodes {
			text += " " + name(n)
		}
		return text
	case Reconfigure:
		var changed []string
		for _, n := range v.Changed {
			changed = append(changed, name(n))
		}
		return strings.TrimSpace("reconfigured, changed: " + strings.Join(changed, " "))
	case Await:
		var nodes []string
		for _, n := range v.Nodes {
			nodes = append(nodes, name(n))
		}
		return strings.TrimSpace(fmt.Sprintf("await %d %s", v.ID, strings.Join(nodes, " ")))
	case Forget:
		return fmt.Sprintf("forget %d", v.ID)
	case Asked:
		return "asked"
	case Shutdown:
		if v.Hard {
			return fmt.Sprintf("shutdown at once, code %d", v.Code)
		}
		return fmt.Sprintf("shutdown, code %d", v.Code)

	case StartStage:
		fresh := ""
		if v.Fresh {
			fresh = " fresh"
		}
		return "start-stage " + stage(v.Node, v.Run, v.Stage) + fresh + paths(v.Paths)
	case StopStage:
		return "stop-stage " + stage(v.Node, v.Run, v.Stage)
	case KillStage:
		return "kill-stage " + stage(v.Node, v.Run, v.Stage)
	case Drain:
		return fmt.Sprintf("drain %s#%d", name(v.Node), v.Run)
	case Touch:
		return fmt.Sprintf("touch %s#%d", name(v.Node), v.Run)
	case StartProcess:
		return "start " + gen(v.Node, v.Gen) + paths(v.Paths)
	case ServeProcess:
		return "serve " + gen(v.Node, v.Gen)
	case Awaited:
		if v.OK {
			return fmt.Sprintf("awaited %d: ok", v.ID)
		}
		return fmt.Sprintf("awaited %d: not by %s", v.ID, name(v.Node))
	case StopProcess:
		return "stop " + gen(v.Node, v.Gen)
	case KillProcess:
		return "kill " + gen(v.Node, v.Gen)
	case ReloadProcess:
		return "reload " + gen(v.Node, v.Gen) + paths(v.Paths)
	case Exit:
		return fmt.Sprintf("exit %d", v.Code)
	case Report:
		return "    " + describeReport(v)
	}
	panic(fmt.Sprintf("describe has no words for %T", v))
}

func describeReport(r Report) string {
	s := r.Node
	if r.Num > 0 {
		if r.Watcher {
			s += fmt.Sprintf("#%d", r.Num)
		} else {
			s += fmt.Sprintf("@%d", r.Num)
		}
	}
	switch r.Kind {
	case StageStarted, StagePassed, StageFailed, StageTolerated, StageTimedOut, StageCancelled, StageSkipped, StageReused:
		s += " " + r.Stage
	}
	s += ": " + string(r.Kind)
	if r.Kind == Slowed {
		if r.Stage != "" {
			s += " in " + r.Stage
		}
		s += fmt.Sprintf(", for the %dth time", r.Times)
		if r.Known {
			s += ", as was seen"
		}
	}
	switch {
	case r.Why != "" && r.By != "":
		s += fmt.Sprintf(", by %s of %s", r.Why, r.By)
	case r.Why != "":
		s += ", by " + string(r.Why)
	case r.By != "":
		s += ", by " + r.By
	}
	if (r.End != End{}) {
		s += ", " + r.End.String()
	}
	if r.Quiet {
		s += ", quiet"
	}
	if r.Stale {
		s += ", stale"
	}
	if r.Took > 0 {
		s += fmt.Sprintf(", after %v", r.Took)
	}
	if !r.Until.IsZero() {
		s += ", until " + since(r.Until)
	}
	if len(r.Paths) > 0 {
		s += " (" + strings.Join(r.Paths, " ") + ")"
	}
	return s
}

func describeStatus(c *Config, st NodeStatus) string {
	s := fmt.Sprintf("%s: %s", st.Name, st.State)
	if st.Gone {
		s += ", gone"
	}
	if st.Busy {
		s += ", busy"
	}
	if st.Failed {
		s += ", failed"
	}
	if d := st.Dropped; d != nil {
		s += fmt.Sprintf(", dropped @%d", d.Gen)
	}
	if c := st.Candidate; c != nil {
		s += fmt.Sprintf(", beside it @%d", c.Num)
		if c.New {
			s += " new"
		}
		if c.Stopping {
			s += " stopping"
		}
	}
	if st.Hold.Kind != NotHeld {
		s += ", held: " + string(st.Hold.Kind)
		if st.Hold.Node >= 0 {
			s += " " + c.Nodes[st.Hold.Node].Name
		}
		if !st.Hold.Until.IsZero() {
			s += " until " + since(st.Hold.Until)
		}
	}
	return s
}

// epoch is when every test begins.
var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// since writes a time the way transcripts show it: from the beginning.
func since(t time.Time) string { return fmt.Sprintf("+%v", t.Sub(epoch)) }

// stage finds a stage by its index over all groups.
func (c *Config) stage(node, index int) *Stage {
	for _, group := range c.Nodes[node].Watcher.Groups {
		if index < len(group) {
			return &group[index]
		}
		index -= len(group)
	}
	return nil
}

// stageName names a stage; one that was taken out of the configuration while it
// ran has only its number left.
func (c *Config) stageName(node, index int) string {
	if s := c.stage(node, index); s != nil {
		return s.Name
	}
	return fmt.Sprintf("stage %d", index)
}
