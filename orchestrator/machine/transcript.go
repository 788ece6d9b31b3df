package machine

import (
	"fmt"
	"strings"
)

// describe writes an event or an action the way transcripts and logs show it.
func describe(c *Config, v any) string {
	name := func(n int) string { return c.Nodes[n].Name }
	stage := func(n, s int) string { return c.stage(n, s).Name }
	switch v := v.(type) {
	case StartStage:
		s := fmt.Sprintf("start-stage %s#%d %s", name(v.Node), v.Run, stage(v.Node, v.Stage))
		if len(v.Paths) > 0 {
			s += " (" + strings.Join(v.Paths, " ") + ")"
		}
		return s
	case StopStage:
		return fmt.Sprintf("stop-stage %s#%d %s", name(v.Node), v.Run, stage(v.Node, v.Stage))
	case KillStage:
		return fmt.Sprintf("kill-stage %s#%d %s", name(v.Node), v.Run, stage(v.Node, v.Stage))
	case Drain:
		return fmt.Sprintf("drain %s#%d", name(v.Node), v.Run)
	case Touch:
		return fmt.Sprintf("touch %s#%d", name(v.Node), v.Run)
	case StartProcess:
		return fmt.Sprintf("start %s@%d", name(v.Node), v.Gen)
	case StopProcess:
		return fmt.Sprintf("stop %s@%d", name(v.Node), v.Gen)
	case KillProcess:
		return fmt.Sprintf("kill %s@%d", name(v.Node), v.Gen)
	case ReloadProcess:
		return fmt.Sprintf("reload %s@%d", name(v.Node), v.Gen)
	case Exit:
		return fmt.Sprintf("exit %d", v.Code)
	case Report:
		s := fmt.Sprintf("  %s: %s", name(v.Node), v.Kind)
		if v.Why != "" {
			s += " by " + string(v.Why)
		}
		if v.By >= 0 {
			s += " of " + name(v.By)
		}
		if v.Stale {
			s += ", stale"
		}
		switch v.Kind {
		case StageStarted, StagePassed, StageFailed, StageTolerated, StageTimedOut, StageCancelled, StageSkipped:
			s += " " + stage(v.Node, v.Stage)
		}
		if len(v.Paths) > 0 {
			s += " " + strings.Join(v.Paths, " ")
		}
		if (v.End != End{}) {
			s += " (" + v.End.String() + ")"
		}
		return s
	}
	return fmt.Sprintf("%T", v)
}

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
