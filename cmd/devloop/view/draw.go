package view

import (
	"fmt"
	"strconv"
	"strings"

	"devloop/orchestrator/console"
)

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

// frame is the screen.
func (m *model) frame() frame {
	f := frame{rows: m.rows(), title: m.title(), mouse: m.mouse, cursor: -1}
	if m.typing.what != 0 && !m.help {
		f.cursor = min(m.width-1, 1+m.method.StringWidth(m.typing.text))
	}
	return f
}

// rows are the rows of the screen.
func (m *model) rows() []string {
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

// title is for the terminal's window.
func (m *model) title() string {
	symbol, _, _, _ := m.live()
	return symbol + " " + m.opt.Name
}

// body is the main pane.
func (m *model) body(l layout) []string {
	switch {
	case m.help:
		return m.helpText(m.cells)
	case m.tab == problems:
		return m.problemRows(m.cells, m.cursor[problems], l.width, l.height)
	case m.tab == saves:
		return m.saveRows(m.cells, m.cursor[saves], l.width, l.height)
	case m.tab == sockets:
		return m.socketRows(m.cells, l.width)
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

// bottom is the last row: what is being typed, what has just been done, or whether the last save is live.
func (m *model) bottom() string {
	if m.typing.what != 0 {
		return m.cut(string(m.typing.what)+m.typing.text, m.width)
	}
	right := "? keys"
	switch {
	case m.zoom && m.tab == output && !m.help:
		right = "z back"
		if position := m.position(); position != "" {
			right = position + " · z"
		}
	case m.width < middling:
		right = "?"
	}
	right = dim.paint(right)
	if m.notice != "" {
		return m.ends(console.Visible(firstLine(m.notice)), right, m.width)
	}
	symbol, text, answers, s := m.live()
	// Which save answers stays in sight, for which the reason is left out where there is little room.
	switch room := m.width - m.method.StringWidth(symbol+answers+right) - 2; {
	case room > 2*m.width/5:
		text = m.cut(text, room)
	case answers != "" && room >= 8:
		text, _, _ = strings.Cut(text, ": ")
		text = m.cut(text, room)
	}
	return m.ends(s.paint(symbol)+" "+text+answers, right, m.width)
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

func (k *known) helpText(c cells) (rows []string) {
	width := min(14, c.width/4)
	for _, key := range [][2]string{
		{"↑ ↓ j k", "node, problem or save"},
		{"1…9 0", "one node, all"}, {"!", "only nodes that failed"},
		{"tab", "output, problems, saves, sockets"},
		{"pgup pgdn", "scroll by a page; J K by a line"},
		{"g G", "the beginning; the end, follow"},
		{"z enter", "output alone, without a frame"}, {"w ← →", "wrap lines or not; sideways"},
		{"/ n N", "search; next match, last one"}, {"&", "only lines that have a text"},
		{"n N", "next problem, the one before"}, {"e", "open it in $EDITOR"},
		{"y", "copy what is in the window"}, {"|", "all the output in $PAGER"},
		{"a f", "run all; what failed"}, {"r s", "run again; stop or start"},
		{"m", "take the mouse, or leave it"}, {"esc", "no zoom, search, filter"},
		{"q d", k.opt.Quit + "; " + k.opt.Detach},
	} {
		rows = append(rows, c.fit(key[0], width)+" "+key[1])
	}
	return rows
}

// click chooses the node in the list.
func (m *model) click(x, y int) {
	l := m.layout()
	if x >= l.listWidth || y >= l.listHeight {
		return
	}
	text := strings.TrimSpace(stripped(m.rows()[y]))
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
			fmt.Fprintf(&b, "%s: %s: %s\n", console.Place(m.opt.Shorter(d.File), d.Line, d.Column), d.Severity, d.Message)
			break
		}
	default:
		for _, text := range m.body(m.layout()) {
			b.WriteString(strings.TrimRight(stripped(text), " ") + "\n")
		}
	}
	return b.String()
}
