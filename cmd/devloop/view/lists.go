package view

import (
	"strings"
	"time"

	"devloop/orchestrator/console"
	"devloop/orchestrator/control"
)

func (k *known) socketRows(on cells, width int) (rows []string) {
	if k.status == nil || len(k.status.Sockets) == 0 {
		return []string{dim.paint("devloop.yaml names no socket")}
	}
	for i := range k.status.Sockets {
		s := &k.status.Sockets[i]
		head := bold.paint(s.Name) + " " + console.Visible(s.Address)
		if s.Via != "" {
			head += dim.paint(" via " + s.Via)
		}
		text := queue(s)
		if s.Limit > 0 {
			text += dim.paint(", room for " + itoa(s.Limit))
		}
		rows = append(rows, on.cut(head, width), "  "+text)
		if len(s.Nodes) > 0 {
			rows = append(rows, "  for "+strings.Join(s.Nodes, ", "))
		}
		if s.Exposed != "" {
			rows = append(rows, "  "+yellow.paint("reachable from the network: "+console.Visible(s.Exposed)))
		}
		rows = append(rows, "")
	}
	return rows
}

func (k *known) problemRows(on cells, chosen, width, height int) []string {
	var rows []string
	for i, d := range k.problems.Diagnostics {
		s := red
		switch d.Severity {
		case "warning":
			s = yellow
		case "note":
			s = dim
		}
		place := console.Place(k.opt.Shorter(d.File), d.Line, d.Column)
		if i == chosen {
			place = reverse.paint(place)
		}
		rows = append(rows, s.paint("✗")+" "+place+" "+console.Visible(d.Message)+dim.paint(" ("+d.Of(", ")+")"))
	}
	for _, u := range k.problems.Unplaced {
		if u.More > 0 {
			rows = append(rows, u.Of(", ")+": "+console.Count(u.More, "problem")+" more")
		}
		if len(u.Tail) > 0 {
			rows = append(rows, red.paint("✗")+" "+u.Of(", ")+" failed and names no place; its last lines:")
			for _, text := range u.Tail {
				rows = append(rows, "    "+console.Visible(text))
			}
		}
	}
	if len(rows) == 0 {
		return []string{dim.paint("no problems")}
	}
	return part(rows, chosen, height, func(text string) string { return on.cut(text, width) })
}

func (k *known) saveRows(on cells, chosen, width, height int) []string {
	if len(k.saves) == 0 {
		return []string{dim.paint("nothing has been saved yet")}
	}
	var rows []string
	for i := range k.saves {
		c := &k.saves[i]
		shape, s := "✓", green
		switch {
		case c.End == 0:
			shape, s = "◐", yellow
		case c.Failed != "":
			shape, s = "✗", red
		}
		text := on.fit(itoa(c.ID), 4) + " " + c.Time.Local().Format(time.TimeOnly)
		if i == chosen {
			text = reverse.paint(text)
		}
		text = s.paint(shape) + " " + text + " " + on.fit(short(time.Duration(k.end(c)-c.First)), 6) + " " + causeOf(c)
		if c.Failed != "" {
			text += red.paint(" " + c.Failed + " failed")
		}
		rows = append(rows, text)
	}
	above := min(len(rows), max(1, height/2-1))
	rows = part(rows, chosen, above, func(text string) string { return on.cut(text, width) })
	rows = append(rows, dim.paint(strings.Repeat("─", width)))
	return append(rows, k.steps(on, &k.saves[chosen], width)...)
}

// steps are what a save led to, each with when it was.
func (k *known) steps(on cells, c *control.Cycle, width int) (rows []string) {
	end := k.end(c)
	whole := end - c.First
	step := func(name, result string, from, to int64) {
		if from == 0 {
			from, to = c.First, c.First
		} else if to == 0 {
			to = end
		}
		var s style
		switch result {
		case "passed", "reused", "ready", "reloaded":
			s = green
		case "cancelled", "skipped", "stopped", "":
			s = dim
		case "running", "starting":
			s = yellow
		default:
			s = red
		}
		text := on.fit(name, 24) + " " + on.fit(short(time.Duration(to-from)), 6) + " " + s.paint(on.fit(result, 10))
		if bar := width - 44; bar >= 10 && whole > 0 {
			at := min(bar-1, int(int64(bar)*(from-c.First)/whole))
			long := max(1, int(int64(bar)*(to-from)/whole))
			text += " " + strings.Repeat(" ", at) + s.paint(strings.Repeat("━", min(long, bar-at)))
		}
		rows = append(rows, on.cut(text, width))
	}
	if c.Settled > 0 {
		step("settle", "", c.First, c.Settled)
	}
	for _, r := range c.Runs {
		step(r.Node+" run "+itoa(r.Number), r.Result, r.Start, r.End)
		for _, st := range r.Stages {
			step("  "+st.Stage, st.Result, st.Start, st.End)
		}
	}
	for _, p := range c.Processes {
		if p.Stop > 0 {
			step(p.Node+" stops", "", p.Stop, p.Stopped)
		}
		if p.Start > 0 {
			step(p.Node+" starts", p.Result, p.Start, p.Ready)
		} else if p.Stop == 0 {
			step(p.Node, p.Result, p.Reload, p.Reload)
		}
	}
	for _, path := range c.Paths {
		rows = append(rows, dim.paint(on.cut("  "+console.Visible(k.opt.Shorter(path)), width)))
	}
	return rows
}
