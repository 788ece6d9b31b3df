package view

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"

	"devloop/orchestrator/console"
	"devloop/orchestrator/control"
)

// style is the parameters of a control sequence for colours. Green, yellow and red are states only; a state is a
// shape and a word as well.
type style string

const (
	plain   style = ""
	dim     style = "2"
	bold    style = "1"
	reverse style = "7"
	red     style = "31"
	green   style = "32"
	yellow  style = "33"
)

// nameStyles are those of the names of nodes.
var nameStyles = [...]style{"36", "34", "35"}

func (s style) paint(text string) string {
	if s == plain || text == "" {
		return text
	}
	return "\x1b[" + string(s) + "m" + text + "\x1b[m"
}

// continued begins every row of a text in the colours that the row before ended with.
func continued(text string) string {
	if strings.IndexByte(text, 0x1b) < 0 {
		return text
	}
	var b strings.Builder
	w := lipgloss.NewWrapWriter(&b)
	_, _ = w.Write([]byte(text)) // a builder takes everything
	_ = w.Close()
	return b.String()
}

// Columns from which there is room for a list beside the output, and for one above it.
const (
	wide     = 100
	middling = 60
)

// layout says where the parts of the screen are.
type layout struct {
	listWidth, listHeight int // of the nodes; 0: not shown
	beside                bool
	top                   int // the row of the tabs; -1: not shown
	x, y, width, height   int // of the main pane
}

func (m *model) layout() (l layout) {
	l.width, l.height, l.top = m.width, m.height-1, -1
	switch {
	case m.zoom && m.tab == output || m.height < 6:
		return l
	case m.width >= wide:
		l.beside, l.listWidth, l.listHeight = true, min(44, m.width/3), m.height-1
		l.x, l.y, l.width, l.height, l.top = l.listWidth+2, 1, m.width-l.listWidth-2, m.height-2, 0
	case m.width >= middling:
		l.listWidth, l.listHeight = m.width, min(len(m.listed())+1, max(2, m.height/3))
		l.top = l.listHeight
		l.y, l.height = l.listHeight+1, m.height-l.listHeight-2
	default:
		l.listWidth, l.listHeight = m.width, 1
		l.top, l.y, l.height = 1, 2, m.height-3
	}
	return l
}

// pane is the output's window.
func (m *model) pane() *pane {
	l := m.layout()
	p := &pane{buffer: m.buffer(m.selected), height: max(1, l.height), width: max(1, l.width-m.gutter()), wrap: !m.nowrap, method: m.method}
	p.shows = func(l *line) bool { return match(l, m.filter) }
	return p
}

// gutter is the width of the names beside the output of all nodes, with what separates them.
func (m *model) gutter() int {
	if m.selected != "" {
		return 0
	}
	most, width := 16, 0
	if m.width < middling {
		most = 8
	}
	for _, n := range m.nodes {
		width = max(width, m.method.StringWidth(n.Name))
	}
	return min(width, most) + 1
}

// View draws the screen.
func (m *model) View() tea.View {
	v := tea.NewView(strings.Join(m.frame(), "\n"))
	v.AltScreen = true
	v.WindowTitle = m.title()
	if m.mouse {
		v.MouseMode = tea.MouseModeCellMotion
	}
	if m.typing.what != 0 && !m.help {
		v.Cursor = tea.NewCursor(min(m.width-1, 1+m.method.StringWidth(m.typing.text)), m.height-1)
	}
	return v
}

// frame is the screen, row by row.
func (m *model) frame() []string {
	if m.width < 1 || m.height < 1 {
		return nil
	}
	l := m.layout()
	if m.help {
		l = layout{width: m.width, height: m.height - 1, top: -1}
	}
	body := m.body(l)
	var rows []string
	switch {
	case l.beside:
		list := m.side(l)
		for y := range m.height - 1 {
			right := ""
			if y == 0 {
				right = m.tabLine(l.width)
			} else if y-1 < len(body) {
				right = body[y-1]
			}
			left := ""
			if y < len(list) {
				left = list[y]
			}
			rows = append(rows, m.fit(left, l.listWidth)+dim.paint("│")+" "+m.cut(right, l.width))
		}
	default:
		if l.listHeight == 1 {
			rows = append(rows, m.strip())
		} else if l.listHeight > 1 {
			rows = append(rows, m.list(l.listWidth, l.listHeight, false)...)
		}
		if l.top >= 0 {
			rows = append(rows, m.tabLine(m.width))
		}
		for y := range l.height {
			text := ""
			if y < len(body) {
				text = m.cut(body[y], l.width)
			}
			rows = append(rows, text)
		}
	}
	return append(rows[:min(len(rows), m.height-1)], m.bottom())
}

// cut is the text in no more than so many cells.
func (m *model) cut(text string, width int) string {
	if len(text) <= width {
		return text
	}
	return m.method.Truncate(text, max(0, width), "…")
}

// fit is the text in exactly so many cells.
func (m *model) fit(text string, width int) string {
	text = m.cut(text, width)
	return text + strings.Repeat(" ", max(0, width-m.method.StringWidth(text)))
}

// title is for the terminal's window.
func (m *model) title() string {
	symbol, _, _ := m.live()
	return symbol + " " + m.opt.Name
}

// body is the main pane.
func (m *model) body(l layout) []string {
	switch {
	case m.help:
		return m.helpText()
	case m.tab == problems:
		return m.problemRows(l.width, l.height)
	case m.tab == saves:
		return m.saveRows(l.width, l.height)
	case m.tab == sockets:
		return m.socketRows(l.width)
	}
	return m.outputRows()
}

func (m *model) outputRows() (rows []string) {
	p, gutter := m.pane(), m.gutter()
	find := m.search
	if m.typing.what == '/' {
		find = m.typing.text
	}
	for _, r := range p.window() {
		l, text := p.at(r.n), r.text
		if find != "" && match(l, find) {
			text = highlighted(stripped(text), find)
		}
		name := ""
		if gutter > 0 {
			if r.part == 0 {
				name = l.node
			}
			name = m.nameStyle(l.node).paint(m.fit(name, gutter-1)) + " "
		}
		rows = append(rows, name+text)
	}
	if len(rows) == 0 && m.status != nil {
		text := "no output yet"
		if m.filter != "" {
			text = "no line has " + strconv.Quote(m.filter)
		}
		rows = append(rows, dim.paint(text))
	}
	return rows
}

func stripped(text string) string { return (&line{text: text}).plain() }

// highlighted marks every place of a searched text.
func highlighted(text, find string) string {
	in := text
	if low := strings.ToLower(text); strings.ToLower(find) == find && len(low) == len(text) {
		in = low
	}
	var b strings.Builder
	for {
		at := strings.Index(in, find)
		if at < 0 {
			b.WriteString(text)
			return b.String()
		}
		b.WriteString(text[:at])
		b.WriteString(reverse.paint(text[at : at+len(find)]))
		text, in = text[at+len(find):], in[at+len(find):]
	}
}

func (m *model) nameStyle(node string) style {
	i := slices.IndexFunc(m.nodes, func(n control.Node) bool { return n.Name == node })
	return nameStyles[max(0, i)%len(nameStyles)]
}

// tabLine names the tabs, and says what is not in the window.
func (m *model) tabLine(width int) string {
	names := [tabs]string{"Output", "Problems", "Saves", "Sockets"}
	if m.width < middling {
		names = [tabs]string{"Out", "Prob", "Saves", "Sock"}
	}
	if m.width >= middling {
		if m.selected == "" {
			names[output] += " of all"
		} else {
			names[output] += " of " + m.selected
		}
	}
	if n := m.problemCount(); n > 0 {
		names[problems] += " " + itoa(n)
	}
	var parts []string
	for i, name := range names {
		s := dim
		if tab(i) == m.tab {
			s = bold + ";4"
		}
		parts = append(parts, s.paint(name))
	}
	return m.ends(strings.Join(parts, "  "), m.position(), width)
}

// position says what the window of the output does not show.
func (m *model) position() string {
	if m.tab != output {
		return ""
	}
	var parts []string
	if m.filter != "" {
		parts = append(parts, "only "+strconv.Quote(m.filter))
	}
	p := m.pane()
	if n := p.since(); n > 0 {
		parts = append(parts, "↓ "+itoa(n)+" new")
	} else if !p.follow {
		parts = append(parts, "↓ G follows")
	}
	return strings.Join(parts, " · ")
}

// ends writes one text at the left and one at the right, which is the one to stay.
func (m *model) ends(left, right string, width int) string {
	if right == "" {
		return m.cut(left, width)
	}
	right = m.cut(right, width)
	return m.cut(m.fit(left, max(0, width-m.method.StringWidth(right)-1))+" "+right, width)
}

// bottom is the last row: what is being typed, what has just been done, or whether the last save is live.
func (m *model) bottom() string {
	if m.typing.what != 0 {
		return m.cut(string(m.typing.what)+m.typing.text, m.width)
	}
	right := dim.paint("? keys")
	if m.zoom && m.tab == output && !m.help {
		right = dim.paint("z back")
		if position := m.position(); position != "" {
			right = position + " · " + right
		}
	}
	if m.notice != "" {
		return m.ends(console.Visible(firstLine(m.notice)), right, m.width)
	}
	symbol, text, s := m.live()
	if m.width < middling {
		right = dim.paint("?")
	}
	return m.ends(s.paint(symbol)+" "+text, right, m.width)
}

// live answers whether what runs was made from what has been saved, as the loop's own status line does.
func (m *model) live() (symbol, text string, s style) {
	switch {
	case m.gone:
		return "■", "the loop has ended; the next one is waited for · q leaves", red
	case m.status == nil:
		return "◌", "the loop is asked", dim
	}
	if k := m.status.Mistakes; k != nil && len(k.List) > 0 {
		text := k.List[0]
		if len(k.List) > 1 {
			text += " (+" + itoa(len(k.List)-1) + ")"
		}
		return "✗", console.Visible(text) + " · the last good one runs", red
	}
	var failed, busy, down []string
	for i := range m.nodes {
		n := &m.nodes[i]
		switch {
		case n.Failed:
			failed = append(failed, n.Name+" "+n.State+prefixed(": ", m.why(n)))
		case n.Busy:
			busy = append(busy, n.Name+prefixed(" ", m.stages(n)))
		case n.Kind == "process" && n.State != "ready" && n.State != "stopped" && n.State != "idle":
			down = append(down, n.Name+" "+n.State+prefixed(": ", m.why(n)))
		}
	}
	switch {
	case len(failed) > 0:
		return "✗", strings.Join(failed, ", "), red
	case len(busy) > 0:
		return "◐", strings.Join(busy, ", "), yellow
	case len(down) > 0:
		return "○", strings.Join(down, ", "), yellow
	}
	text = "live"
	if i := slices.IndexFunc(m.saves, func(e control.Event) bool { return len(e.Times.Paths) > 0 }); i >= 0 {
		c := m.saves[i].Times
		text += " · " + causeOf(c) + " in " + short(time.Duration(c.End-c.First))
	}
	for _, k := range m.status.Sockets {
		if strings.HasPrefix(k.Address, "http") {
			text += " · " + k.Address
			break
		}
	}
	return "●", text, green
}

func prefixed(prefix, text string) string {
	if text == "" {
		return ""
	}
	return prefix + text
}

// symbol is the state of a node as a shape.
func symbol(n *control.Node) (string, style) {
	switch n.State {
	case "passed":
		return "✓", green
	case "ready":
		return "●", green
	case "failed", "gave up":
		return "✗", red
	case "backing off", "unready":
		return "✗", yellow
	case "running", "cancelling", "starting":
		return "◐", yellow
	case "stopping", "stopped":
		return "■", dim
	case "ended":
		if n.End != nil && (n.End.Code != 0 || n.End.Signal != "" || n.End.Error != "") {
			return "✗", red
		}
		return "○", dim
	}
	if n.Waits != nil {
		return "-", yellow
	}
	return "○", dim
}

// stages are those that run, and for how long.
func (m *model) stages(n *control.Node) string {
	var texts []string
	for _, s := range n.Stages {
		texts = append(texts, s.Name+" "+lasting(m.clock().Sub(s.Since), s.Usual))
	}
	return strings.Join(texts, ", ")
}

func lasting(d, usual time.Duration) string {
	if usual > 0 {
		return age(d) + " of ~" + short(usual)
	}
	return age(d)
}

// why is what a node waits for, what has failed, or what it does.
func (m *model) why(n *control.Node) string {
	switch {
	case n.Problem != nil:
		text := m.opt.place(*n.Problem) + " " + n.Problem.Message
		if n.Problems > 1 {
			text += " (+" + itoa(n.Problems-1) + ")"
		}
		return console.Visible(text)
	case len(n.Stages) > 0:
		return m.stages(n)
	case n.Candidate != nil:
		return console.Visible("generation " + itoa(n.Candidate.Number) + " is " + n.Candidate.State + prefixed(": ", n.Candidate.Reason))
	case n.Reason != "":
		return console.Visible(firstLine(n.Reason))
	case n.Waits != nil:
		return console.Visible(n.Waits.Text)
	case n.Crashes > 0:
		return count(n.Crashes, "crash") + " in a row"
	case n.State == "ended" && n.End != nil:
		switch {
		case n.End.Error != "":
			return console.Visible(n.End.Error)
		case n.End.Signal != "":
			return n.End.Signal
		}
		return "exit " + itoa(n.End.Code)
	}
	return console.Visible(m.woke[n.Name])
}

// when is for how long a node has been doing what it does, how long the last run took, or since when it is
// ready.
func (m *model) when(n *control.Node) string {
	switch {
	case n.Since == nil:
		return ""
	case n.State == "running" || n.State == "starting" || n.State == "cancelling":
		return age(m.clock().Sub(*n.Since))
	case n.Kind == "watcher" && m.took[n.Name] > 0:
		return short(m.took[n.Name])
	}
	return n.Since.Local().Format("15:04")
}

// list is the nodes, with what is to be known of each beside or below it.
func (m *model) list(width, height int, below bool) []string {
	nodes := m.listed()
	name, state := 4, 0
	for i := range nodes {
		name, state = max(name, m.method.StringWidth(nodes[i].Name)), max(state, len(nodes[i].State))
	}
	name = min(name, max(8, width/3))
	all := "0   " + m.fit("all", name)
	if m.failures {
		all += " only what failed: ! shows all"
	}
	if m.selected == "" {
		all = reverse.paint(m.fit(all, width-1))
	}
	rows, chosen := []string{all}, 0
	for i := range nodes {
		n := &nodes[i]
		number := " "
		if i < 9 {
			number = itoa(i + 1)
		}
		shape, s := symbol(n)
		label := m.fit(n.Name, name)
		if n.Name == m.selected {
			label, chosen = reverse.paint(label), len(rows)
		} else {
			label = m.nameStyle(n.Name).paint(label)
		}
		text := dim.paint(number) + " " + s.paint(shape) + " " + label + " " + s.paint(m.fit(n.State, state)) + " " + m.fit(m.when(n), 6)
		if why := m.why(n); !below {
			text += " " + dim.paint(m.cut(why, max(0, width-name-state-13)))
		} else if rows = append(rows, text); why != "" {
			text = "    " + dim.paint(m.cut(why, width-5))
		} else {
			continue
		}
		rows = append(rows, text)
	}
	if len(rows) > height { // what is chosen stays in sight
		from := min(max(0, chosen+2-height), len(rows)-height)
		rows = rows[from : from+height]
	}
	return rows
}

// side is the column at the left: the nodes, and the sockets if there is room.
func (m *model) side(l layout) []string {
	var below []string
	if m.status != nil && len(m.status.Sockets) > 0 {
		below = append(below, "")
		for i := range m.status.Sockets {
			k := &m.status.Sockets[i]
			below = append(below, "  "+bold.paint(k.Name)+" "+console.Visible(k.Address), "    "+queue(k))
		}
	}
	rows := m.list(l.listWidth, l.listHeight, true)
	if len(rows)+len(below) > l.listHeight {
		return rows
	}
	for len(rows)+len(below) < l.listHeight {
		rows = append(rows, "")
	}
	return append(rows, below...)
}

// strip is the nodes in one row.
func (m *model) strip() string {
	nodes := m.listed()
	part := func(shape, name string, chosen bool) string {
		name = m.cut(name, 8)
		if chosen {
			name = reverse.paint(name)
		}
		return shape + " " + name
	}
	parts, at := []string{part("0", "all", m.selected == "")}, 0
	for i := range nodes {
		shape, s := symbol(&nodes[i])
		if nodes[i].Name == m.selected {
			at = len(parts)
		}
		parts = append(parts, part(s.paint(shape), nodes[i].Name, nodes[i].Name == m.selected))
	}
	for at > 0 && m.method.StringWidth(strings.Join(parts[:at+1], " ")) > m.width {
		parts, at = parts[1:], at-1
	}
	return m.cut(strings.Join(parts, " "), m.width)
}

// queue is what waits at a socket.
func queue(k *control.Socket) string {
	var parts []string
	switch {
	case k.Waiting == nil:
		parts = append(parts, "the system does not tell what waits")
	case *k.Waiting > 0:
		parts = append(parts, yellow.paint(itoa(*k.Waiting)+" waiting"))
	default:
		parts = append(parts, dim.paint("none waiting"))
	}
	if k.InFlight != nil && *k.InFlight > 0 {
		parts = append(parts, itoa(*k.InFlight)+" in flight")
	}
	if k.Cut != nil && *k.Cut > 0 {
		parts = append(parts, red.paint(itoa(*k.Cut)+" cut by the last restart"))
	}
	return strings.Join(parts, ", ")
}

func (m *model) socketRows(width int) (rows []string) {
	if m.status == nil || len(m.status.Sockets) == 0 {
		return []string{dim.paint("devloop.yaml names no socket")}
	}
	for i := range m.status.Sockets {
		k := &m.status.Sockets[i]
		head := bold.paint(k.Name) + " " + console.Visible(k.Address)
		if k.Via != "" {
			head += dim.paint(" via " + k.Via)
		}
		text := queue(k)
		if k.Limit > 0 {
			text += dim.paint(", room for " + itoa(k.Limit))
		}
		rows = append(rows, m.cut(head, width), "  "+text)
		if len(k.Nodes) > 0 {
			rows = append(rows, "  for "+strings.Join(k.Nodes, ", "))
		}
		if k.Exposed != "" {
			rows = append(rows, "  "+yellow.paint("reachable from the network: "+console.Visible(k.Exposed)))
		}
		rows = append(rows, "")
	}
	return rows
}

func (m *model) problemCount() int {
	n := len(m.problems.Diagnostics)
	for _, u := range m.problems.Unplaced {
		if n += u.More; len(u.Tail) > 0 {
			n++
		}
	}
	return n
}

func (m *model) problemRows(width, height int) []string {
	var rows []string
	for i, d := range m.problems.Diagnostics {
		s := red
		switch d.Severity {
		case "warning":
			s = yellow
		case "note":
			s = dim
		}
		place := m.opt.place(d)
		if i == m.cursor[problems] {
			place = reverse.paint(place)
		}
		rows = append(rows, s.paint("✗")+" "+place+" "+console.Visible(d.Message)+dim.paint(" ("+d.Node+", "+d.Stage+")"))
	}
	chosen := m.cursor[problems]
	for _, u := range m.problems.Unplaced {
		if u.More > 0 {
			rows = append(rows, u.Node+", "+u.Stage+": "+count(u.More, "problem")+" more")
		}
		if len(u.Tail) > 0 {
			rows = append(rows, red.paint("✗")+" "+u.Node+", "+u.Stage+" failed and names no place; its last lines:")
			for _, text := range u.Tail {
				rows = append(rows, "    "+console.Visible(text))
			}
		}
	}
	if len(rows) == 0 {
		return []string{dim.paint("no problems")}
	}
	return part(rows, chosen, height, func(text string) string { return m.cut(text, width) })
}

// part is so many of the rows as there is room for, with the chosen one among them.
func part(rows []string, chosen, height int, cut func(string) string) []string {
	from := max(0, min(chosen-height/2, len(rows)-height))
	rows = rows[from:min(len(rows), from+height)]
	shown := make([]string, len(rows))
	for i, text := range rows {
		shown[i] = cut(text)
	}
	return shown
}

func (m *model) saveRows(width, height int) []string {
	if len(m.saves) == 0 {
		return []string{dim.paint("nothing has been saved since this view began")}
	}
	var rows []string
	for i, e := range m.saves {
		c := e.Times
		shape, s := "✓", green
		if c.Failed != "" {
			shape, s = "✗", red
		}
		began := e.Time.Add(-time.Duration(e.T - c.First)).Local().Format(time.TimeOnly)
		text := m.fit(itoa(c.ID), 4) + " " + began
		if i == m.cursor[saves] {
			text = reverse.paint(text)
		}
		text = s.paint(shape) + " " + text + " " + m.fit(short(time.Duration(c.End-c.First)), 6) + " " + console.Visible(causeOf(c))
		if c.Failed != "" {
			text += red.paint(" " + c.Failed + " failed")
		}
		rows = append(rows, text)
	}
	above := min(len(rows), max(1, height/2-1))
	rows = part(rows, m.cursor[saves], above, func(text string) string { return m.cut(text, width) })
	rows = append(rows, dim.paint(strings.Repeat("─", width)))
	return append(rows, m.steps(m.saves[m.cursor[saves]].Times, width)...)
}

// steps are what a save led to, each with when it was.
func (m *model) steps(c *control.Cycle, width int) (rows []string) {
	whole := c.End - c.First
	step := func(name, result string, from, to int64) {
		if from == 0 {
			from, to = c.First, c.First
		} else if to == 0 {
			to = c.End
		}
		s := plain
		switch result {
		case "passed", "ready", "reloaded":
			s = green
		case "cancelled", "skipped", "stopped", "":
			s = dim
		default:
			s = red
		}
		text := m.fit(name, 24) + " " + m.fit(short(time.Duration(to-from)), 6) + " " + s.paint(m.fit(result, 10))
		if bar := width - 44; bar >= 10 && whole > 0 {
			at := min(bar-1, int(int64(bar)*(from-c.First)/whole))
			long := max(1, int(int64(bar)*(to-from)/whole))
			text += " " + strings.Repeat(" ", at) + s.paint(strings.Repeat("━", min(long, bar-at)))
		}
		rows = append(rows, m.cut(text, width))
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
		rows = append(rows, dim.paint(m.cut("  "+console.Visible(m.opt.Shorter(path)), width)))
	}
	return rows
}

// causeOf says what began a cycle.
func causeOf(c *control.Cycle) string {
	if len(c.Paths) > 0 {
		text := base(c.Paths[0])
		if more := len(c.Paths) - 1 + c.MorePaths; more > 0 {
			text += " +" + itoa(more)
		}
		return text
	}
	if c.Cause == "hand" {
		return "by hand"
	}
	return c.Cause
}

// mark is what the loop did, for the output; "" if that is not worth a line.
func mark(e *control.Event) (text string, s style) {
	took := prefixed(" · ", short(time.Duration(e.Took)))
	if e.Took == 0 {
		took = ""
	}
	switch e.Kind {
	case "run started":
		return "─── run " + itoa(e.Number) + prefixed(" · ", cause(e)), dim
	case "starting":
		return "─── generation " + itoa(e.Number) + prefixed(" · ", cause(e)), dim
	case "run passed":
		return "✓ passed" + took, green
	case "run failed":
		return "✗ failed" + took, red
	case "stage failed", "stage timed out":
		return "✗ " + e.Stage + strings.TrimPrefix(e.Kind, "stage") + prefixed(", ", endText(e.End)) + took, red
	case "ready":
		return "● ready" + took, green
	case "crashed", "gave up", "not ready", "dropped", "lost":
		return "✗ " + e.Kind + prefixed(", ", endText(e.End)), red
	case "ended", "stopped", "killing":
		return "■ " + e.Kind + prefixed(", ", endText(e.End)), dim
	}
	return "", plain
}

func endText(e *control.End) string {
	switch {
	case e == nil:
		return ""
	case e.Error != "":
		return e.Error
	case e.Signal != "":
		return e.Signal
	}
	return "exit " + itoa(e.Code)
}

func (m *model) helpText() (rows []string) {
	for _, k := range [][2]string{
		{"↑ ↓  j k", "choose a node, a problem, a save; scroll in z"},
		{"1…9  0", "one node; all"}, {"!", "only nodes that have failed"},
		{"tab", "output, problems, saves, sockets"},
		{"pgup pgdn space b  J K", "scroll by a page; by a line"}, {"g G", "to the beginning; to the end, and follow it"},
		{"z  enter", "output alone, without a frame; back"}, {"w  ← →", "wrap long lines or not; scroll sideways"},
		{"/  n N", "search; next match down, up"}, {"&", "show only lines that have a text"},
		{"n N", "next problem, the one before"}, {"e", "open the problem in $EDITOR"},
		{"y", "copy what is in the window"}, {"|", "all output in $PAGER"},
		{"a  f", "run all watchers; those that failed"}, {"r  s", "run or restart the node; stop or start it"},
		{"m", "the mouse scrolls and chooses, or selects text"}, {"esc", "no zoom, no search, no filter"},
		{"q  d", m.opt.Quit + "; " + m.opt.Detach},
	} {
		rows = append(rows, m.fit(k[0], min(24, m.width/3))+" "+k[1])
	}
	return rows
}

// click chooses the node in the list.
func (m *model) click(x, y int) {
	l := m.layout()
	if x >= l.listWidth || y >= l.listHeight {
		return
	}
	text := strings.TrimSpace(stripped(m.frame()[y]))
	if number, _, _ := strings.Cut(text, " "); len(number) == 1 && l.listHeight > 1 && number[0] >= '0' && number[0] <= '9' {
		m.choose(int(number[0] - '0'))
	}
}

// copied is the text in the window, as it was written: without frames, names and colours.
func (m *model) copied() string {
	var b strings.Builder
	switch m.tab {
	case output:
		p := m.pane()
		last := -1
		for _, r := range p.window() {
			if l := p.at(r.n); r.n != last && !l.mark {
				b.WriteString(l.plain())
				if !l.continued {
					b.WriteByte('\n')
				}
			}
			last = r.n
		}
	case problems:
		for _, d := range m.problems.Diagnostics[min(m.cursor[problems], len(m.problems.Diagnostics)):] {
			fmt.Fprintf(&b, "%s: %s: %s\n", m.opt.place(d), d.Severity, d.Message)
			break
		}
	default:
		for _, text := range m.body(m.layout()) {
			b.WriteString(strings.TrimRight(stripped(text), " ") + "\n")
		}
	}
	return b.String()
}

func base(path string) string { return console.Visible(filepath.Base(path)) }

func itoa(n int) string { return strconv.Itoa(n) }

// count writes a number with its noun.
func count[N int | uint64](n N, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if strings.HasSuffix(noun, "sh") {
		noun += "e"
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// age is how long something has been going on.
func age(d time.Duration) string {
	switch d = max(0, d); {
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
}

// short is how long something took.
func short(d time.Duration) string {
	switch {
	case d < time.Second:
		return fmt.Sprintf("%dms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1fs", d.Seconds())
	}
	return age(d)
}
