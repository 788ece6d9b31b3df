package view

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"go.uber.org/goleak"

	"devloop/orchestrator/control"
)

var rewrite = flag.Bool("update", false, "rewrite the golden screens")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start is when everything in these tests happens.
var start = time.Date(2026, 11, 30, 14, 2, 0, 0, time.Local)

// asked is a loop that notes what it is asked.
type asked struct{ did []string }

func (a *asked) act(verb string, nodes ...string) (string, error) {
	a.did = append(a.did, verb+" "+strings.Join(nodes, " "))
	if nodes[0] == "refused" {
		return "", errors.New("no")
	}
	return nodes[0] + ": ready → stopping", nil
}

func (a *asked) write(_ context.Context, w io.Writer, node string) error {
	_, err := io.WriteString(w, "the output of "+node+"\n")
	return err
}

// screen is a model with a clock that a test moves.
type screen struct {
	*model
	*asked
	t   *testing.T
	now time.Time
}

func newScreen(t *testing.T, width, height int) *screen {
	s := &screen{asked: &asked{}, t: t, now: start}
	s.model = newModel(Options{Name: "shop", Quit: "leave; the loop runs on", Detach: "the same",
		Shorter: func(path string) string { return strings.TrimPrefix(path, "/home/me/shop/") },
		Editor: func(file string, line, column int) (*exec.Cmd, error) {
			return nil, fmt.Errorf("opened %s:%d:%d", file, line, column)
		}}, s.asked)
	s.clock = func() time.Time { return s.now }
	s.key = s.now
	s.send(tea.WindowSizeMsg{Width: width, Height: height})
	return s
}

func (s *screen) send(msgs ...tea.Msg) tea.Cmd {
	var cmd tea.Cmd
	for _, msg := range msgs {
		cmd = s.take(msg)
	}
	return cmd
}

// named are the keys that are no text.
var named = map[string]rune{"esc": tea.KeyEscape, "enter": tea.KeyEnter, "tab": tea.KeyTab, "up": tea.KeyUp, "down": tea.KeyDown,
	"pgup": tea.KeyPgUp, "pgdown": tea.KeyPgDown, "backspace": tea.KeyBackspace, "left": tea.KeyLeft, "right": tea.KeyRight}

// press presses keys, and takes in what comes of the last one.
func (s *screen) press(keys ...string) {
	s.t.Helper()
	for _, key := range keys {
		k := tea.KeyPressMsg{Code: named[key]}
		switch ctrl, ok := strings.CutPrefix(key, "ctrl+"); {
		case ok:
			k = tea.KeyPressMsg{Code: rune(ctrl[0]), Mod: tea.ModCtrl}
		case k.Code == 0:
			k = tea.KeyPressMsg{Code: []rune(key)[0], Text: key}
		}
		if cmd := s.send(k); cmd != nil {
			if done, ok := cmd().(noticeMsg); ok {
				s.send(done)
			}
		}
	}
}

// text is the screen without its colours.
func (s *screen) text() string {
	rows := s.rows()
	for i, r := range rows {
		r = stripped(r)
		if width := s.method.StringWidth(r); width > s.width {
			s.t.Errorf("row %d has %d cells of %d: %q", i, width, s.width, r)
		}
		rows[i] = strings.TrimRight(r, " ")
	}
	if len(rows) != s.height {
		s.t.Errorf("%d rows of %d", len(rows), s.height)
	}
	return strings.Join(rows, "\n") + "\n"
}

func (s *screen) has(text string) {
	s.t.Helper()
	if screen := s.text(); !strings.Contains(screen, text) {
		s.t.Errorf("%q is not on the screen:\n%s", text, screen)
	}
}

func (s *screen) hasNot(text string) {
	s.t.Helper()
	if screen := s.text(); strings.Contains(screen, text) {
		s.t.Errorf("%q is on the screen:\n%s", text, screen)
	}
}

func ago(d time.Duration) *time.Time {
	t := start.Add(-d)
	return &t
}

func out(node, stage string, number int, texts ...string) (lines []*line) {
	for _, text := range texts {
		lines = append(lines, &line{node: node, stage: stage, number: number, time: start, text: text})
	}
	return lines
}

func happened(kind, node string, number int) control.Event {
	return control.Event{Kind: kind, Node: node, Number: number, Time: start, T: int64(time.Minute)}
}

// project is the status of three nodes that are all well.
func project() *control.Status {
	none := 0
	return &control.Status{Config: "/home/me/shop/devloop.yaml", PID: 4711, Since: *ago(time.Hour), Nodes: []control.Node{
		{Name: "server", Kind: "process", State: "ready", Number: 3, Since: ago(2 * time.Minute), PIDs: []int{4720}, Lineage: control.Lineage{After: []string{"check"}}},
		{Name: "worker", Kind: "process", State: "ready", Number: 1, Since: ago(time.Hour), PIDs: []int{4719}},
		{Name: "check", Kind: "watcher", State: "passed", Number: 7, Since: ago(3 * time.Minute)},
	}, Sockets: []control.Socket{{Name: "web", Address: "http://127.0.0.1:3310", Via: "inherit", Nodes: []string{"server"}, Waiting: &none, Limit: 4096}}, Live: control.Live{State: "live", Cycle: 11, Newest: 11}}
}

// saved is a cycle that a save began.
func saved(id int, failed string) control.Cycle {
	ms := int64(time.Millisecond)
	first := int64(time.Minute) - 4500*ms
	c := control.Cycle{ID: id, Boot: "B", Time: *ago(5 * time.Second), Cause: "change", First: first, Settled: first + 2*ms, End: int64(time.Minute), Failed: failed, Paths: []string{"/home/me/shop/main.go"},
		Runs: []control.CycleRun{{Node: "check", Number: 7, Start: first + 3*ms, End: first + 4400*ms, Result: "passed", Trigger: first + 4400*ms, Stages: []control.CycleStage{
			{Stage: "vet", Start: first + 3*ms, End: first + 2000*ms, Result: "passed"},
			{Stage: "test", Start: first + 2000*ms, End: first + 4400*ms, Result: "passed"}}}},
		Processes: []control.CycleProcess{{Node: "server", Number: 3, Stop: first + 4401*ms, Stopped: first + 4410*ms, Start: first + 4410*ms, Ready: first + 4500*ms, Result: "ready"}}}
	if failed != "" {
		c.Runs[0].Result, c.Runs[0].Stages[1].Result, c.Processes = "failed", "failed", nil
	}
	return c
}

// broken is what comes of a save with 120 mistakes.
func broken() update {
	s := project()
	d := control.Diagnostics{}
	var texts []string
	for i := range 120 {
		p := control.Diagnostic{Node: "check", Stage: "build", Run: 8, File: "/home/me/shop/main.go", Line: 45 + i, Column: 6, Severity: "error", Message: fmt.Sprintf("declared and not used: x%d", i), OutputLine: i + 2}
		d.Diagnostics = append(d.Diagnostics, p)
		texts = append(texts, fmt.Sprintf("./main.go:%d:6: declared and not used: x%d", p.Line, i))
	}
	n := &s.Nodes[2]
	n.State, n.Failed, n.Number, n.Problems, n.Problem = "failed", true, 8, 120, &d.Diagnostics[0]
	s.Live = control.Live{State: "failed", Cycle: 11, Newest: 12, Answers: 11, Nodes: []string{"check"}}
	ended := happened("stage failed", "check", 8)
	ended.Stage, ended.Took, ended.End = "build", int64(1600*time.Millisecond), &control.End{Code: 1}
	failed := happened("run failed", "check", 8)
	failed.Took = int64(1600 * time.Millisecond)
	lines := append(out("check", "build", 8, "# shop"), out("check", "build", 8, texts...)...)
	return update{lines: lines, status: s, problems: &d, events: []control.Event{ended, failed}, cycles: []control.Cycle{saved(11, ""), saved(12, "check")}}
}

// talk is the output of two processes.
func talk(n int) (lines []*line) {
	for i := range n {
		lines = append(lines, out("server", "", 3, fmt.Sprintf("GET /items/%d 200", i))...)
		if i%3 == 0 {
			lines = append(lines, out("worker", "", 1, fmt.Sprintf("\x1b[33mjob\x1b[m %d is done, and this line is long enough to need two rows or more on a narrow screen", i))...)
		}
	}
	return lines
}

// states are the screens of the golden files.
var states = map[string]func(*screen){
	"live": func(s *screen) {
		s.send(update{came: true, status: project(), problems: &control.Diagnostics{}, lines: talk(40), cycles: []control.Cycle{saved(11, "")},
			wakes: []*control.Wake{{Node: "check", Cause: "change", Paths: []string{"/home/me/shop/main.go"}}, {Node: "server", Cause: "trigger", By: "check"}}})
	},
	"asking": func(s *screen) { s.send(update{came: true}) },
	"running": func(s *screen) {
		p := project()
		p.Nodes[2].State, p.Nodes[2].Busy, p.Nodes[2].Number, p.Nodes[2].Since = "running", true, 8, ago(9*time.Second)
		p.Nodes[2].Stages = []control.Stage{{Name: "test", Since: *ago(9 * time.Second), Usual: 20 * time.Second}}
		p.Live = control.Live{State: "building", Cycle: 11, Newest: 12, Answers: 11, Nodes: []string{"check", "server"}}
		p.Nodes[0].Waits = &control.Hold{Kind: "upstream busy", Node: "check", Text: "waits for check (running)"}
		began := happened("run started", "check", 8)
		began.Paths = []string{"/home/me/shop/main.go", "/home/me/shop/cart.go"}
		s.send(update{came: true, status: p, events: []control.Event{began}, lines: talk(2)})
	},
	"failed": func(s *screen) {
		s.send(update{came: true, status: project(), lines: talk(40)})
		s.now = s.now.Add(quiet)
		s.send(broken())
	},
	"problems": func(s *screen) { s.send(broken()); s.press("tab", "down", "down") },
	"saves": func(s *screen) {
		s.send(broken())
		s.press("tab", "tab", "down")
	},
	"sockets": func(s *screen) {
		p := project()
		waiting, flight, cut := 3, 2, 1
		p.Sockets[0].Waiting, p.Sockets[0].InFlight, p.Sockets[0].Cut = &waiting, &flight, &cut
		p.Sockets = append(p.Sockets, control.Socket{Name: "admin", Address: "unix:/tmp/admin.sock"})
		s.send(update{status: p})
		s.press("tab", "tab", "tab")
	},
	"crashing": func(s *screen) {
		p := project()
		until := start.Add(16 * time.Second)
		p.Nodes[1].State, p.Nodes[1].Crashes, p.Nodes[1].Waits = "backing off", 7, &control.Hold{Kind: "backing off", Until: &until, Text: "exit code 3, 7 times in a row; next try in 16s"}
		p.Live = control.Live{State: "failed", Cycle: 11, Newest: 12, Answers: 11, Nodes: []string{"worker"}}
		e := happened("crashed", "worker", 7)
		e.End = &control.End{Code: 3}
		s.send(update{status: p, lines: out("worker", "", 7, "Traceback:", "  app.py:12: boom"), events: []control.Event{e}})
		s.press("3")
	},
	"mistakes": func(s *screen) {
		p := project()
		p.Mistakes = &control.Mistakes{Since: start, List: []string{"devloop.yaml:30:5: unknown key `socket`", "devloop.yaml:31:5: no"}}
		s.send(update{status: p, lines: talk(3)})
	},
	"gone":   func(s *screen) { s.send(update{status: project(), lines: talk(3)}, update{gone: true}) },
	"zoomed": func(s *screen) { s.send(update{status: project(), lines: talk(60)}); s.press("2", "z", "pgup") },
	"search": func(s *screen) {
		s.send(update{status: project(), lines: talk(60)})
		s.press("/", "i", "t", "e", "m", "s", "/", "7", "enter", "&", "i", "t")
	},
	"help": func(s *screen) { s.send(update{status: project()}); s.press("?") },
}

// Every state, on a narrow, a usual and a wide screen, is as its file has it.
func TestScreens(t *testing.T) {
	for name, state := range states {
		for _, size := range [][2]int{{40, 20}, {80, 24}, {120, 40}} {
			t.Run(fmt.Sprintf("%s-%dx%d", name, size[0], size[1]), func(t *testing.T) {
				s := newScreen(t, size[0], size[1])
				state(s)
				got, file := s.text(), filepath.Join("testdata", fmt.Sprintf("%s-%dx%d.txt", name, size[0], size[1]))
				if *rewrite {
					if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(file)
				if err != nil || got != string(want) {
					t.Errorf("%v; got\n%s\nwant\n%s", err, got, want)
				}
			})
		}
	}
}

// Every state fits every size, however small.
func TestEverySizeIsFilled(t *testing.T) {
	for name, state := range states {
		t.Run(name, func(t *testing.T) {
			s := newScreen(t, 80, 24)
			state(s)
			for width := 1; width < 130; width += 7 {
				for height := 1; height < 30; height += 3 {
					s.send(tea.WindowSizeMsg{Width: width, Height: height})
					s.text()
				}
			}
		})
	}
}

// A failure is shown where its first problem stands, but not to somebody who has just pressed a key; and what
// runs again is followed again.
func TestGoesToAFailure(t *testing.T) {
	s := newScreen(t, 80, 24)
	s.send(update{came: true, status: project(), lines: talk(9)})
	s.now = s.now.Add(quiet)
	s.press("0")
	s.send(broken())
	if s.selected != "" {
		t.Errorf("the view went to %s under somebody's hands", s.selected)
	}
	s = newScreen(t, 80, 24)
	s.now = s.now.Add(quiet)
	s.send(broken())
	s.has("main.go:45:6: declared and not used: x0")
	if s.selected != "check" {
		t.Error("the failed node is not shown")
	}
	began := happened("run started", "check", 9)
	s.send(update{events: []control.Event{began}})
	if !s.buffer("check").follow {
		t.Error("the next run is not followed")
	}
}

func TestScrolling(t *testing.T) {
	s := newScreen(t, 80, 24)
	s.send(update{came: true, status: project(), lines: talk(100)})
	s.press("2") // the server: in the order of the graph check is before it
	s.has("GET /items/99 200")
	s.press("pgup")
	s.hasNot("GET /items/99 200")
	before := s.text()
	s.send(update{lines: talk(30)})
	s.has("↓ 30 new")
	after := s.text()
	if cut := func(text string) string { return text[strings.Index(text, "GET"):] }; cut(before) != cut(after) {
		t.Errorf("the window has moved:\n%s\n%s", before, after)
	}
	s.press("g")
	s.has("GET /items/0 200")
	s.press("K", "K")
	s.has("GET /items/0 200")
	s.press("G")
	s.has("GET /items/29 200")
	s.press("K", "J")
	if !s.buffer("server").follow {
		t.Error("at the end it does not follow again")
	}
}

// What is older than what is kept moves out of the window.
func TestKeepsSoMuch(t *testing.T) {
	s := newScreen(t, 80, 24)
	s.send(update{came: true, status: project(), lines: talk(keptLines)})
	s.press("2", "g")
	s.send(update{lines: talk(keptLines / 2)})
	if b := s.buffer("server"); len(b.lines) != keptLines || b.first != keptLines/2 {
		t.Errorf("%d lines are kept, from %d on", len(b.lines), b.first)
	}
	s.has(fmt.Sprintf("GET /items/%d 200", keptLines/2))
	if len(s.all.lines) != keptLines {
		t.Errorf("%d lines of all", len(s.all.lines))
	}
	b := &buffer{}
	for range 3 {
		b.add(&line{text: strings.Repeat("x", keptBytes)})
	}
	if len(b.lines) != 1 || b.end() != 3 {
		t.Errorf("%d lines of %d bytes", len(b.lines), b.bytes)
	}
}

func TestSearchAndFilter(t *testing.T) {
	s := newScreen(t, 80, 24)
	s.send(update{came: true, status: project(), lines: talk(100)})
	s.press("2")
	for _, key := range "/items/7" {
		s.press(string(key))
	}
	s.has("/items/7")
	s.press("enter")
	s.has("GET /items/79 200")
	s.press("N")
	s.has("GET /items/78 200")
	s.press("n", "n")
	s.has("GET /items/7 200")
	s.press("g", "/", "1", "5", " ", "enter") // from the window upwards
	s.has("GET /items/15 200")
	s.press("/", "n", "o", "w", "h", "x", "backspace", "e", "r", "e", "enter")
	s.has("not found: nowhere")
	s.press("&", "5", " ", "2", "enter")
	s.has(`only "5 2"`)
	s.has("GET /items/95 200")
	s.hasNot("GET /items/94 200")
	s.press("esc", "G")
	s.has("GET /items/94 200")
	s.press("/", "G", "e", "t", "enter")
	s.has("not found: Get") // a capital counts
}

func TestActs(t *testing.T) {
	s := newScreen(t, 80, 24)
	p := project()
	p.Nodes[2].State = "failed"
	s.send(update{came: true, status: p})
	s.press("r")
	s.has("choose a node first")
	s.press("a", "f", "2", "r", "s", "1", "r")
	want := "trigger check; trigger check; restart server; stop server; trigger check"
	if got := strings.Join(s.did, "; "); got != want {
		t.Errorf("did %s, want %s", got, want)
	}
	s.has("check: ready → stopping")
	p.Nodes[0].State = "stopped"
	s.send(update{status: p})
	s.press("2", "s")
	if last := s.did[len(s.did)-1]; last != "start server" {
		t.Errorf("did %s", last)
	}
	for _, key := range []string{"q", "d", "ctrl+c"} {
		cmd := s.send(tea.KeyPressMsg{Code: rune(key[len(key)-1]), Text: key})
		if key == "ctrl+c" {
			cmd = s.send(tea.KeyPressMsg{Code: 'c', Mod: tea.ModCtrl})
		}
		if _, ok := cmd().(tea.QuitMsg); !ok {
			t.Errorf("%s does not leave", key)
		}
	}
}

func TestProblems(t *testing.T) {
	s := newScreen(t, 80, 24)
	s.send(update{came: true, status: project(), problems: &control.Diagnostics{}})
	s.press("n")
	s.has("no problems")
	s.press("e")
	s.has("no problem names a place here")
	s.send(broken())
	s.press("n")
	s.has("main.go:45:6 declared and not used: x0")
	s.press("n", "n")
	s.has("main.go:47:6 declared and not used: x2")
	s.press("N", "e")
	s.has("opened /home/me/shop/main.go:46:6")
	s.press("tab")
	s.has("✗ main.go:46:6 declared")
	s.press("down", "down")
	if got := s.copied(); got != "main.go:48:6: error: declared and not used: x3\n" {
		t.Errorf("copied %q", got)
	}
	s.press("enter")
	s.has("./main.go:48:6: declared and not used: x3")
}

// What is copied is what was written, without the names and without the frame, and long lines are whole.
func TestCopy(t *testing.T) {
	s := newScreen(t, 40, 20)
	s.send(update{came: true, status: project(), lines: talk(1)})
	if got, want := s.copied(), "GET /items/0 200\njob 0 is done, and this line is long enough to need two rows or more on a narrow screen\n"; got != want {
		t.Errorf("copied %q, want %q", got, want)
	}
	cmd := s.send(tea.KeyPressMsg{Code: 'y', Text: "y"})
	if cmd == nil {
		t.Fatal("y copies nothing")
	}
	s.has("copied 2 lines")
}

// A line that was not finished is replaced by itself, whole.
func TestUnfinishedLine(t *testing.T) {
	s := newScreen(t, 80, 24)
	prompt := out("server", "", 3, "name? ")
	prompt[0].unfinished = true
	s.send(update{came: true, status: project(), lines: prompt})
	s.has("name?")
	s.send(update{lines: append(talk(1)[1:], out("server", "", 3, "name? joe")...)})
	if text := s.text(); strings.Count(text, "name?") != 1 {
		t.Errorf("the prompt is there twice:\n%s", text)
	}
}

// What the loop did stands in the output where it happened, whichever of the two comes first.
func TestMarksStandWhereTheyBelong(t *testing.T) {
	s := newScreen(t, 80, 24)
	crashed := happened("crashed", "server", 3)
	crashed.Time = start.Add(time.Second)
	s.send(update{came: true, status: project(), events: []control.Event{crashed}})
	s.send(update{lines: out("server", "", 3, "its last words")})
	began := happened("starting", "server", 4)
	began.Time = start.Add(2 * time.Second)
	first := out("server", "", 4, "its first words")
	first[0].time = start.Add(3 * time.Second)
	s.send(update{lines: first})
	s.send(update{events: []control.Event{began}})
	s.press("2")
	text := strings.Join(strings.Fields(s.text()), " ")
	if want := "its last words ✗ crashed ─── generation 4 its first words"; !strings.Contains(text, want) {
		t.Errorf("want %s:\n%s", want, s.text())
	}
}

func TestNodesComeInTheOrderOfTheGraph(t *testing.T) {
	var names []string
	for _, n := range inOrder([]control.Node{{Name: "c", Lineage: control.Lineage{After: []string{"b", "gone"}}}, {Name: "a"}, {Name: "b", Lineage: control.Lineage{After: []string{"a", "c"}}}}) {
		names = append(names, n.Name)
	}
	if got := strings.Join(names, " "); got != "a b c" {
		t.Error(got)
	}
}

// Wide characters, tabs and colours are wrapped where the cells end.
func TestWrapping(t *testing.T) {
	for text, want := range map[string]string{
		"":                         "",
		"abcdef":                   "abcde|f",
		"世界世界":                     "世界|世界",
		"a\tb":                     "a    |   b",
		"\x1b[31mabcdefgh\x1b[m":   "\x1b[31mabcde\x1b[m|\x1b[31mfgh\x1b[m",
		"\x1b[31mab\x1b[mcd":       "\x1b[31mab\x1b[mcd",
		"ab  cdefg":                "ab  c|defg",
		"https://a.b/c?d=e-f-g-hi": "https|://a.|b/c?d|=e-f-|g-hi",
	} {
		if got := strings.Join(wrapped(text, 5, true, 0, 0), "|"); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
	if got := wrapped("0123456789", 5, false, 2, 0); got[0] != "2345…" {
		t.Errorf("cut: %q", got)
	}
}

func TestMouse(t *testing.T) {
	s := newScreen(t, 120, 40)
	s.send(update{came: true, status: project(), lines: talk(100)})
	if s.frame().mouse {
		t.Error("the mouse is not the terminal's own")
	}
	s.press("m")
	if !s.frame().mouse {
		t.Error("m does not take the mouse")
	}
	s.send(tea.MouseClickMsg{X: 4, Y: 2})
	if s.selected != "server" {
		t.Errorf("%q is chosen", s.selected)
	}
	s.send(tea.MouseWheelMsg{Button: tea.MouseWheelUp})
	if s.buffer("server").follow {
		t.Error("the wheel does not scroll")
	}
}

// Which of two generations has ended, or was dropped, is said; and a new one that failed is no server that is ready.
func TestTwoGenerations(t *testing.T) {
	s := newScreen(t, 120, 24)
	p := project()
	p.Nodes[0].Failed, p.Nodes[0].Reason = true, "the new version of server ended (exit code 3) and was dropped; the old one still serves"
	p.Live = control.Live{State: "failed", Cycle: 11, Newest: 13, Answers: 12, Nodes: []string{"server"}}
	old, crashed := happened("stopped", "server", 2), happened("dropped", "server", 4)
	old.End, crashed.End = &control.End{Signal: "SIGTERM"}, &control.End{Code: 3}
	s.send(update{came: true, status: project()})
	s.send(update{status: p, events: []control.Event{happened("ready", "server", 3), old, crashed}})
	s.press("0")
	s.has("■ generation 2 stopped, SIGTERM")
	s.has("✗ generation 4 dropped, exit 3")
	s.has("✗ server")
	s.has("✗ server  new version failed · save 12 still answers")
}
