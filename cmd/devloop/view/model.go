package view

import (
	"context"
	"io"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"devloop/orchestrator/console"
	"devloop/orchestrator/control"
)

// tab is what the main pane shows.
type tab int

const (
	output tab = iota
	problems
	saves
	sockets
	tabs
)

// quiet is how long no key may have been pressed for the view to go to a failure by itself.
const quiet = 5 * time.Second

// entry is a text that is being typed in the bottom line.
type entry struct {
	what byte // '/' a search, '&' a filter, 0: none
	text string
}

// model is the state of the screen. Only take changes it.
type model struct {
	cells
	known
	outputs
	choice
	loop loop
	away func(run func() error) error // runs something else on the terminal

	typing entry
	notice string

	key    time.Time // of the last one
	jump   string    // a node that has failed, whose first problem is to be shown
	jumped string    // a node whose problem is shown, without anybody having asked
	left   byte      // the key that ended the view
}

// choice is what somebody has chosen to see.
type choice struct {
	selected string // a node, or "": all
	tab      tab
	cursor   [tabs]int // the chosen row of a tab's list
	zoom     bool
	nowrap   bool
	failures bool // only nodes that have failed are listed
	help     bool
	mouse    bool
	search   string
	filter   string
}

func newModel(opt Options, loop loop) *model {
	return &model{
		cells:   cells{method: ansi.WcWidth},
		known:   known{opt: opt, clock: time.Now, took: map[string]time.Duration{}, woke: map[string]string{}, failing: map[string]bool{}},
		outputs: outputs{all: &buffer{follow: true}, of: map[string]*buffer{}},
		loop:    loop, key: time.Now(),
	}
}

// take takes in a key, or what has come from the loop.
func (m *model) take(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		if msg.Width > 0 { // bubbletea does not know the terminal's
			m.width, m.height = msg.Width, msg.Height
		}
	case update:
		m.update(msg)
	case noticeMsg:
		m.notice = string(msg)
	case tea.PasteMsg:
		if m.typing.what != 0 {
			m.typing.text += firstLine(msg.Content)
		}
	case tea.KeyPressMsg:
		m.key, m.jump, m.jumped, m.notice = m.clock(), "", "", ""
		return m.press(msg)
	case tea.MouseWheelMsg:
		m.key, m.jump, m.jumped = m.clock(), "", ""
		switch msg.Button {
		case tea.MouseWheelUp:
			m.scroll(-3)
		case tea.MouseWheelDown:
			m.scroll(3)
		}
	case tea.MouseClickMsg:
		m.key, m.jump, m.jumped = m.clock(), "", ""
		m.click(msg.X, msg.Y)
	}
	return nil
}

// noticeMsg is the outcome of something that was asked for.
type noticeMsg string

// update takes in what has come from the loop.
func (m *model) update(u update) {
	if u.came {
		m.gone = false
	}
	if u.gone {
		m.gone, m.jump = true, ""
	}
	if u.status != nil {
		m.status, m.nodes = u.status, inOrder(u.status.Nodes)
		for _, n := range m.nodes {
			if !n.Failed && n.Crashes == 0 && !n.Busy {
				delete(m.failing, n.Name)
			}
		}
		if m.selected != "" && m.node(m.selected) == nil {
			m.selected = ""
		}
	}
	if u.problems != nil {
		m.problems = *u.problems
		m.cursor[problems] = min(m.cursor[problems], max(0, len(m.problems.Diagnostics)-1))
	}
	if u.cycles != nil {
		m.takeSaves(u.cycles)
	}
	for _, w := range u.wakes {
		m.woke[w.Node] = cause(&control.Event{Paths: w.Paths, More: w.More, Why: w.Cause, By: w.By})
	}
	events := u.events
	for _, l := range u.lines { // two streams, in the order in which it happened
		for len(events) > 0 && events[0].Time.Before(l.time) {
			m.event(&events[0])
			events = events[1:]
		}
		m.addLine(l)
	}
	for i := range events {
		m.event(&events[i])
	}
	if m.jump != "" && u.problems != nil {
		m.showFailure()
	}
}

// event takes in what the loop did: as a mark in the output, and as what is known of nodes.
func (m *model) event(e *control.Event) {
	switch e.Kind {
	case "run started", "starting", "reloading":
		m.woke[e.Node] = cause(e)
		if m.jumped == e.Node {
			m.buffer(e.Node).follow, m.jumped = true, ""
		}
	case "run passed", "run failed", "ready":
		m.took[e.Node] = time.Duration(e.Took)
	}
	n := m.node(e.Node)
	text, style := mark(e, n != nil && n.Kind == "process")
	if text == "" {
		return
	}
	l := &line{node: e.Node, number: e.Number, time: e.Time, mark: true, text: style.paint(text)}
	m.buffer(e.Node).add(l)
	m.all.add(l)
	if style != red {
		return
	}
	again := m.failing[e.Node] // a crash loop does not ask for attention at each try
	if m.failing[e.Node] = true; !again && m.clock().Sub(m.key) >= quiet && m.typing.what == 0 && !m.help {
		m.selected, m.tab, m.jump = e.Node, output, e.Node
	}
}

// takeSaves takes in the last cycles. The one that is chosen stays so, but for the first one: that is the last save.
func (m *model) takeSaves(cycles []control.Cycle) {
	var chosen control.Cycle
	if c := m.cursor[saves]; c > 0 && c < len(m.saves) {
		chosen = m.saves[c]
	}
	m.saves = slices.Clone(cycles)
	slices.Reverse(m.saves)
	m.cursor[saves] = max(0, slices.IndexFunc(m.saves, func(c control.Cycle) bool { return c.ID == chosen.ID && c.Boot == chosen.Boot }))
}

// showFailure shows the first problem of the node that has just failed.
func (m *model) showFailure() {
	for i, d := range m.problems.Diagnostics {
		if d.Node == m.jump && d.Severity == "error" {
			m.cursor[problems] = i
			if m.showProblem(d) {
				m.jumped = m.jump
			}
			break
		}
	}
	m.jump = ""
}

// showProblem shows where a problem stands in the output.
func (m *model) showProblem(d control.Diagnostic) bool {
	m.selected, m.tab, m.filter = d.Node, output, ""
	b := m.buffer(d.Node)
	n := b.place(d.Stage, d.Run, d.OutputLine)
	if n < 0 {
		return false
	}
	p := m.pane()
	p.show(n)
	return true
}

// listed are the nodes that are listed.
func (m *model) listed() []control.Node {
	if !m.failures {
		return m.nodes
	}
	return slices.DeleteFunc(slices.Clone(m.nodes), func(n control.Node) bool { return !n.Failed && n.Crashes == 0 && n.Name != m.selected })
}

// press acts on a key.
func (m *model) press(k tea.KeyPressMsg) tea.Cmd {
	key := k.String()
	switch {
	case key == "ctrl+c":
		m.left = 'q'
		return tea.Quit
	case m.typing.what != 0:
		m.typed(key, k.Text)
		return nil
	case m.help:
		m.help = false
		return nil
	}
	rows := max(1, m.pane().height-1)
	switch key {
	case "q", "d":
		if key == "d" && m.opt.NoDetach != "" {
			m.notice = m.opt.NoDetach
			return nil
		}
		m.left = key[0]
		return tea.Quit
	case "?":
		m.help = true
	case "esc":
		m.zoom, m.search, m.filter, m.failures = false, "", "", false
	case "tab":
		m.tab = (m.tab + 1) % tabs
	case "shift+tab":
		m.tab = (m.tab + tabs - 1) % tabs
	case "up", "k":
		m.move(-1)
	case "down", "j":
		m.move(1)
	case "K", "shift+up", "ctrl+y":
		m.scroll(-1)
	case "J", "shift+down", "ctrl+e":
		m.scroll(1)
	case "pgup", "b", "ctrl+b":
		m.scroll(-rows)
	case "pgdown", "space", "ctrl+f":
		m.scroll(rows)
	case "ctrl+u":
		m.scroll(-rows / 2)
	case "ctrl+d":
		m.scroll(rows / 2)
	case "home", "g":
		m.first()
	case "end", "G", "F":
		m.last()
	case "left":
		m.buffer(m.selected).left = max(0, m.buffer(m.selected).left-8)
	case "right":
		if m.nowrap {
			m.buffer(m.selected).left += 8
		}
	case "0", "1", "2", "3", "4", "5", "6", "7", "8", "9":
		m.choose(int(key[0] - '0'))
	case "!":
		m.failures = !m.failures
	case "w":
		m.nowrap = !m.nowrap
		m.buffer(m.selected).left, m.buffer(m.selected).skip = 0, 0
	case "z":
		m.zoom = !m.zoom
	case "m":
		m.mouse = !m.mouse
	case "/", "&":
		m.typing = entry{what: key[0]}
		m.tab = output
	case "n", "N":
		return m.next(key == "n")
	case "enter":
		m.enter()
	case "e":
		return m.edit()
	case "y", "c":
		text := m.copied()
		if text == "" {
			m.notice = "nothing to copy"
			return nil
		}
		return m.copy(text)
	case "|":
		return m.on(&foreground{away: m.away, cmd: pager(), write: func(ctx context.Context, w io.Writer) error { return m.loop.write(ctx, w, m.selected) }}, "the pager")
	case "a":
		return m.act("trigger", m.watchers(func(*control.Node) bool { return true }))
	case "f":
		return m.act("trigger", m.watchers(func(n *control.Node) bool { return n.State == "failed" }))
	case "r":
		return m.again()
	case "s":
		if n := m.node(m.selected); n != nil && n.State == "stopped" {
			return m.act("start", []string{n.Name})
		} else if n != nil {
			return m.act("stop", []string{n.Name})
		}
		m.notice = "choose a node first"
	}
	return nil
}

// typed acts on a key while a text is being typed.
func (m *model) typed(key, text string) {
	done, ok := m.typing.press(key, text)
	switch {
	case !ok:
	case done.what == '&':
		m.filter = done.text
	default:
		p := m.pane()
		if rows := p.window(); len(rows) > 0 {
			p.found = rows[len(rows)-1].n + 1 // it begins with what is in the window
		}
		if m.search = done.text; m.search != "" && !m.find(false) {
			m.notice = "not found: " + m.search
		}
	}
}

// press takes in a key. When the text is complete, that is the result.
func (t *entry) press(key, text string) (done entry, ok bool) {
	switch key {
	case "enter":
		done, ok = *t, true
		*t = entry{}
	case "esc":
		*t = entry{}
	case "backspace":
		if t.text == "" {
			*t = entry{}
			break
		}
		runes := []rune(t.text)
		t.text = string(runes[:len(runes)-1])
	case "ctrl+u":
		t.text = ""
	default:
		t.text += text
	}
	return done, ok
}

// move chooses the next row of the tab's list, or scrolls where there is none.
func (m *model) move(by int) {
	switch {
	case m.tab == output && (m.zoom || m.width < middling):
		m.scroll(by)
	case m.tab == output || m.tab == sockets:
		names := []string{""}
		for _, n := range m.listed() {
			names = append(names, n.Name)
		}
		m.selected = names[min(max(0, slices.Index(names, m.selected)+by), len(names)-1)]
	default:
		m.cursor[m.tab] = min(max(0, m.cursor[m.tab]+by), max(0, m.listLength()-1))
	}
}

func (m *model) listLength() int {
	switch m.tab {
	case problems:
		return len(m.problems.Diagnostics)
	case saves:
		return len(m.saves)
	}
	return 0
}

func (m *model) scroll(by int) {
	if m.tab != output {
		m.move(by)
		return
	}
	p := m.pane()
	p.scroll(by)
}

func (m *model) first() {
	if m.tab != output {
		m.cursor[m.tab] = 0
		return
	}
	b := m.buffer(m.selected)
	b.hold(b.first, 0)
}

func (m *model) last() {
	if m.tab != output {
		m.cursor[m.tab] = max(0, m.listLength()-1)
		return
	}
	m.buffer(m.selected).follow = true
}

// choose chooses a node by its number, or all.
func (m *model) choose(number int) {
	nodes := m.listed()
	switch {
	case number == 0:
		m.selected = ""
	case number <= len(nodes):
		m.selected = nodes[number-1].Name
	default:
		return
	}
	if m.tab != sockets {
		m.tab = output
	}
}

// enter goes to what is chosen: a problem's place in the output, or the output without a frame.
func (m *model) enter() {
	switch {
	case m.tab == output:
		m.zoom = !m.zoom
	case m.tab == problems && len(m.problems.Diagnostics) > 0:
		if !m.showProblem(m.problems.Diagnostics[m.cursor[problems]]) {
			m.notice = "that output is no longer kept"
		}
	case m.tab == saves && len(m.saves) > 0:
		if name := m.saves[m.cursor[saves]].Failed; name != "" && m.node(name) != nil {
			m.selected, m.tab = name, output
		}
	}
}

// next goes to the next match of the search, or to the next problem.
func (m *model) next(down bool) tea.Cmd {
	if m.tab == output && m.search != "" {
		if !m.find(down) {
			m.notice = "not found: " + m.search
		}
		return nil
	}
	count := len(m.problems.Diagnostics)
	if count == 0 {
		m.notice = "no problems"
		return nil
	}
	c := &m.cursor[problems]
	onIt := m.tab == problems || m.selected == m.problems.Diagnostics[*c].Node && !m.buffer(m.selected).follow
	switch {
	case !onIt: // the first press shows the one that is chosen
	case down:
		*c = (*c + 1) % count
	default:
		*c = (*c + count - 1) % count
	}
	if m.tab != problems {
		m.showProblem(m.problems.Diagnostics[*c])
		d := m.problems.Diagnostics[*c]
		m.notice = console.Place(m.opt.Shorter(d.File), d.Line, d.Column) + " " + d.Message
	}
	return nil
}

// find goes to the next line that has the searched text, below or above the last one, and around the ends.
func (m *model) find(down bool) bool {
	p, step := m.pane(), -1
	if down {
		step = 1
	}
	size := len(p.lines)
	for i := range size {
		n := p.first + mod(p.found-p.first+step*(i+1), size)
		if l := p.at(n); p.shows(l) && match(l, m.search) {
			p.show(n)
			p.found = n
			return true
		}
	}
	return false
}

func mod(a, n int) int { return (a%n + n) % n }

// match tells whether a line has a text; capitals count if the text has some.
func match(l *line, text string) bool {
	if text == "" {
		return true
	}
	if strings.ToLower(text) == text {
		return strings.Contains(strings.ToLower(l.plain()), text)
	}
	return strings.Contains(l.plain(), text)
}

// chosen is the problem that `e` opens.
func (m *model) chosen() *control.Diagnostic {
	all := m.problems.Diagnostics
	if c := m.cursor[problems]; c < len(all) && (m.tab == problems || m.selected == "" || all[c].Node == m.selected) {
		return &all[c]
	}
	for i := range all {
		if all[i].Node == m.selected {
			return &all[i]
		}
	}
	return nil
}

func (m *model) edit() tea.Cmd {
	d := m.chosen()
	if d == nil {
		m.notice = "no problem names a place here"
		return nil
	}
	command, err := m.opt.Editor(d.File, d.Line, d.Column)
	if err != nil {
		m.notice = err.Error()
		return nil
	}
	return m.on(&foreground{away: m.away, cmd: command}, "the editor")
}

// again runs the chosen node once more.
func (m *model) again() tea.Cmd {
	n := m.node(m.selected)
	switch {
	case n == nil:
		m.notice = "choose a node first"
		return nil
	case n.Kind == "watcher":
		return m.act("trigger", []string{n.Name})
	}
	return m.act("restart", []string{n.Name})
}

func (m *model) act(verb string, nodes []string) tea.Cmd {
	if len(nodes) == 0 {
		m.notice = "nothing to run"
		return nil
	}
	return func() tea.Msg {
		done, err := m.loop.act(verb, nodes...)
		if err != nil {
			return noticeMsg(err.Error())
		}
		return noticeMsg(done)
	}
}
