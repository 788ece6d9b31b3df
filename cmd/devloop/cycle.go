package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"devloop/orchestrator/console"
	"devloop/orchestrator/control"
)

type mcpCycleInput struct {
	ID int `json:"id,omitempty" jsonschema:"the number of a cycle of the running loop, as in status: built_from, live.cycle, live.newest; default: the last one"`
}

// cycle tells an agent what a save has led to.
func (a agentTools) cycle(ctx context.Context, in mcpCycleInput) (string, *control.Cycle, error) {
	const most = 500
	client, ctx, done, err := a.dial(ctx)
	if err != nil {
		return "", nil, err
	}
	defer done()
	all, err := client.Cycles(ctx, most)
	if err != nil {
		return "", nil, err
	}
	for i := len(all.Cycles) - 1; i >= 0; i-- {
		if c := &all.Cycles[i]; in.ID == 0 || c.ID == in.ID && c.Boot == all.Boot {
			return cycleText(c), c, nil
		}
	}
	if in.ID == 0 {
		return "", nil, fmt.Errorf("nothing has happened yet")
	}
	return "", nil, fmt.Errorf("the running loop does not know a cycle %d", in.ID)
}

// cycleText is a cycle in lines: what began it, each run, each change of generations.
func cycleText(c *control.Cycle) string {
	var b strings.Builder
	fmt.Fprintf(&b, "cycle %d: %s", c.ID, c.Cause)
	for _, path := range c.Paths {
		b.WriteString(" " + shorter(path))
	}
	if c.MorePaths > 0 {
		fmt.Fprintf(&b, " and %d more", c.MorePaths)
	}
	b.WriteString("; " + c.Result)
	if c.End > 0 {
		b.WriteString(" after " + lasted(c.First, c.End))
	}
	b.WriteString("\n")
	for _, r := range c.Runs {
		fmt.Fprintf(&b, "%s run %d %s\n", r.Node, r.Number, result(r.Result, r.Start, r.End))
		for _, s := range r.Stages {
			fmt.Fprintf(&b, "    %s %s", s.Stage, result(s.Result, s.Start, s.End))
			if s.Problems > 0 {
				b.WriteString(", " + console.Count(s.Problems, "problem"))
			}
			if text := s.Reuse.Text(); text != "" {
				b.WriteString(", " + text)
			}
			b.WriteString("\n")
		}
	}
	for _, p := range c.Processes {
		fmt.Fprintf(&b, "%s generation %d %s\n", p.Node, p.Number, result(p.Result, p.Start, p.Ready))
	}
	if c.More > 0 {
		fmt.Fprintf(&b, "and %d more\n", c.More)
	}
	return b.String()
}

// result is what became of something, and how long it took, if it has come to its end.
func result(what string, start, end int64) string {
	switch {
	case what == "":
		return "running"
	case start == 0 || end == 0:
		return what
	}
	return what + " in " + lasted(start, end)
}

// lasted is the time between two moments in nanoseconds.
func lasted(start, end int64) string {
	return time.Duration(end - start).Round(time.Millisecond).String()
}
