package main

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"devloop/orchestrator/console"
	"devloop/orchestrator/control"
)

// leastWidth is how wide a terminal counts at least.
const leastWidth = 40

// statusPrinter prints a status. In a terminal, what the columns do not show stands below its row; elsewhere, at its end.
type statusPrinter struct {
	w     io.Writer
	width int // of the terminal; 0: it is none
	color bool
	now   time.Time
}

// statusRow is a row of a table, and what belongs to it.
type statusRow struct {
	cells []console.Text
	notes []console.Text
}

func (p *statusPrinter) write(s *control.Status) error {
	var b strings.Builder
	put := func(indent string, line ...console.Text) {
		for _, row := range console.Line(line).Rows(p.width, indent, p.color) {
			b.WriteString(strings.TrimRight(row, " ") + "\n")
		}
	}
	if m := s.Mistakes; m == nil {
		put("  ", headline(s)...)
	} else {
		put("  ", console.Text{Text: fmt.Sprintf("%s has been broken since %s (%s ago); the last valid configuration still runs",
			shorter(s.Config), m.Since.Local().Format(time.TimeOnly), console.Age(p.now.Sub(m.Since)))})
		for _, mistake := range m.List {
			put("    ", console.Text{Text: "  " + mistake, Tone: console.Bad})
		}
		b.WriteString("\n")
	}
	put("  ", console.Text{Text: fmt.Sprintf("%s: pid %d, up %s, watching %s", shorter(s.Config), s.PID, console.Age(p.now.Sub(s.Since)), watchingText(s.Watching))})
	if s.Dashboard != "" {
		put("  ", console.Text{Text: "dashboard: " + s.Dashboard + " (`devloop open` logs in)"})
	}
	if s.History != nil && s.History.Error != "" {
		put("  ", console.Text{Text: "cycles are not kept: " + s.History.Error, Tone: console.Warn})
	}
	b.WriteString("\n")
	rows := []statusRow{{cells: header("NODE", "STATE", "RUN", "BEGAN", "PID", "RESTARTS")}}
	for i := range s.Nodes {
		rows = append(rows, p.node(s, &s.Nodes[i]))
	}
	p.table(put, rows)
	if len(s.Sockets) > 0 {
		b.WriteString("\n")
		rows = []statusRow{{cells: header("SOCKET", "ADDRESS", "FOR", "WAITING")}}
		for i := range s.Sockets {
			rows = append(rows, p.socket(&s.Sockets[i]))
		}
		p.table(put, rows)
	}
	_, err := io.WriteString(p.w, b.String())
	return err
}

func header(names ...string) (cells []console.Text) {
	for _, name := range names {
		cells = append(cells, console.Text{Text: name, Tone: console.Dim})
	}
	return cells
}

// watchingText says what is watched.
func watchingText(n *control.Watching) string {
	if n == nil {
		return "nothing"
	}
	text := console.Count(n.Directories, "directory")
	if n.Polled > 0 {
		text += ", polling " + console.Count(n.Polled, "directory")
		if n.Directories == 0 {
			text = console.Count(n.Polled, "directory") + " by polling"
		}
	}
	if n.Unwatched > 0 {
		text += fmt.Sprintf(" (%d more cannot be watched: see `devloop doctor`)", n.Unwatched)
	}
	if n.Paused {
		text += "; paused: changes are kept until somebody presses p"
	}
	return text
}

// node is the row of a node.
func (p *statusPrinter) node(s *control.Status, n *control.Node) statusRow {
	since, restarts := "-", "-"
	if n.Since != nil {
		since = console.Age(p.now.Sub(*n.Since)) + " ago"
	}
	if n.Kind == "process" {
		restarts = fmt.Sprint(n.Restarts)
	}
	state := console.Text{Text: stateText(n)}
	if p.width > 0 {
		var shape string
		shape, state.Tone = shapeOf(n)
		state.Text = shape + " " + state.Text
	}
	row := statusRow{cells: []console.Text{{Text: n.Name}, state, {Text: dash(n.Number)}, {Text: since}, {Text: dash(n.PIDs...)}, {Text: restarts}}}
	for _, note := range nodeNotes(n, p.now) {
		row.notes = append(row.notes, console.Text{Text: note})
	}
	if p.width > 0 && n.Kind == "watcher" {
		row.notes = append(stageNotes(n), row.notes...)
	}
	if p.width > 0 && n.Kind == "process" && n.BuiltFrom > 0 && n.BuiltFrom != s.Live.Newest && s.Live.State != "live" {
		row.notes = append(row.notes, console.Text{Text: fmt.Sprintf("built from save %d", n.BuiltFrom), Tone: console.Dim})
	}
	return row
}

// shapeOf is the shape for a node's state, and its tone.
func shapeOf(n *control.Node) (shape string, tone console.Tone) {
	switch {
	case n.Failed || n.State == "backing off":
		return "✗", console.Bad
	case n.Busy:
		return "◐", console.Warn
	case n.State == "ready" || n.State == "passed":
		return "●", console.Good
	}
	return "-", console.Dim
}

// stageNotes says which stages of a watcher's last run have failed, and which are not sure to do the same again.
func stageNotes(n *control.Node) (notes []console.Text) {
	for _, s := range n.Plan {
		if s.Run != n.Number {
			continue
		}
		if s.State == "failed" || s.State == "timed out" {
			notes = append(notes, console.Text{Text: fmt.Sprintf("%s %s after %s", s.Name, s.State, s.Took.Round(time.Millisecond*100)), Tone: console.Bad})
		}
		if s.Reuse != nil && s.Reuse.Failures > 0 {
			notes = append(notes, console.Text{Text: s.Name + " " + s.Reuse.Text(), Tone: console.Warn})
		}
	}
	return notes
}

// socket is the row of a socket.
func (p *statusPrinter) socket(s *control.Socket) statusRow {
	users := strings.Join(s.Nodes, ", ")
	if users == "" {
		users = "-"
	}
	row := statusRow{cells: []console.Text{{Text: s.Name}, {Text: s.Address}, {Text: users}, {Text: waitingText(s)}}}
	if s.Exposed != "" {
		row.notes = append(row.notes, console.Text{Text: "reachable from the network: " + s.Exposed})
	}
	return row
}

// table writes rows with aligned cells. If they are too wide for the terminal, names are cut.
func (p *statusPrinter) table(put func(indent string, line ...console.Text), rows []statusRow) {
	widths := make([]int, len(rows[0].cells))
	for _, row := range rows {
		for i, c := range row.cells {
			widths[i] = max(widths[i], console.Line{c}.Width())
		}
	}
	total := 2 * len(widths) // and no row is as wide as the terminal
	for _, w := range widths {
		total += w
	}
	const least = 8
	if over := total - p.width; p.width > 0 && over > 0 {
		widths[0] = max(widths[0]-over, min(widths[0], least))
	}
	for _, row := range rows {
		var line console.Line
		for i, c := range row.cells {
			c.Text = cutTo(c.Text, widths[i])
			line = append(line, c, console.Text{Text: strings.Repeat(" ", widths[i]-console.Line{c}.Width()+2)})
		}
		if p.width == 0 {
			var notes []string
			for _, note := range row.notes {
				notes = append(notes, note.Text)
			}
			put("", append(line, console.Text{Text: strings.Join(notes, "; ")})...)
			continue
		}
		for i := len(line) - 1; i >= 0 && strings.TrimSpace(line[i].Text) == ""; i-- {
			line = line[:i]
		}
		put("  ", line...)
		for _, note := range row.notes {
			note.Text = "  " + note.Text
			put("  ", note)
		}
	}
}

// cutTo leaves so many cells of a text.
func cutTo(text string, width int) string {
	if (console.Line{{Text: text}}).Width() <= width {
		return text
	}
	runes := []rune(text)
	for len(runes) > 0 && (console.Line{{Text: string(runes) + "…"}}).Width() > width {
		runes = runes[:len(runes)-1]
	}
	return string(runes) + "…"
}

// headline is everything in a few words, the first piece, and from which save what is live was built.
func headline(s *control.Status) []console.Text {
	meanwhile := s.Live.Meanwhile()
	if meanwhile != "" {
		meanwhile = " · " + meanwhile
	}
	switch s.Live.State {
	case "live":
		save := ""
		if s.Live.Cycle > 0 {
			save = fmt.Sprintf(" · save %d", s.Live.Cycle)
		}
		return []console.Text{{Text: "● live", Tone: console.Good}, {Text: save}}
	case "failed":
		return []console.Text{{Text: "✗ " + strings.Join(failures(s), ", "), Tone: console.Bad}, {Text: meanwhile}}
	case "building":
		return []console.Text{{Text: "◐ " + strings.Join(working(s), ", "), Tone: console.Warn}, {Text: meanwhile}}
	}
	return []console.Text{{Text: "○ " + strings.Join(append(s.Live.Nodes, "behind"), " "), Tone: console.Dim}, {Text: meanwhile}}
}

// failures names what has failed, and where. What waits for it is left out.
func failures(s *control.Status) (all []string) {
	if s.Mistakes != nil {
		return []string{filepath.Base(s.Config)}
	}
	for _, n := range s.Nodes {
		switch {
		case !slices.Contains(s.Live.Nodes, n.Name):
		case n.Problem != nil:
			text := n.Name + " " + console.Place(filepath.Base(n.Problem.File), n.Problem.Line, n.Problem.Column)
			if n.Problems > 1 {
				text += fmt.Sprintf(" +%d", n.Problems-1)
			}
			all = append(all, text)
		case n.Waits != nil && slices.Contains(s.Live.Nodes, n.Waits.Node):
		case n.Dropped():
			all = append(all, n.Name+"  new version failed")
		default:
			all = append(all, n.Name+" "+n.State)
		}
	}
	return all
}

// working names what goes on.
func working(s *control.Status) (all []string) {
	for _, n := range s.Nodes {
		if slices.Contains(s.Live.Nodes, n.Name) && (n.Waits == nil || n.Waits.Node == "") {
			all = append(all, n.Name)
		}
	}
	if len(all) == 0 {
		return s.Live.Nodes
	}
	return all
}
