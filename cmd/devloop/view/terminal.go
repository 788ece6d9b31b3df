package view

import (
	"encoding/base64"
	"fmt"
	"os"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"golang.org/x/term"

	"devloop/orchestrator/console"
)

// frame is what the screen shows.
type frame struct {
	rows   []string
	title  string
	cursor int // its column in the last row; -1: hidden
	mouse  bool
}

// terminal draws frames: of each only the rows that are others than before, in one write. bubbletea's own
// renderer looks for work many times a second, and this screen is there all day.
type terminal struct {
	in, out *os.File
	color   bool
	modes   *term.State // before; nil: this is not on the screen
	shown   frame       // without rows: what is on the screen is not known
}

const (
	enterScreen = "\x1b[22;2t\x1b[?1049h\x1b[?7l\x1b[?2004h\x1b[?25l"
	// Reset gives the screen back for a view that was killed before it could.
	Reset = "\x1b[m\x1b[?1002l\x1b[?1006l\x1b[?2004l\x1b[?7h\x1b[?25h\x1b[?1049l\x1b[23;2t"
)

// enter takes the screen, and its keys one by one.
func (t *terminal) enter() (err error) {
	if t.modes, err = term.MakeRaw(int(t.in.Fd())); err != nil {
		return fmt.Errorf("set the terminal's modes: %w", err)
	}
	t.shown = frame{}
	t.write(enterScreen)
	return nil
}

// leave gives it back as it was.
func (t *terminal) leave() {
	if t.modes == nil {
		return
	}
	t.write(Reset)
	_ = term.Restore(int(t.in.Fd()), t.modes) // a terminal that has hung up has no modes
	t.modes = nil
}

// write does not report that a terminal has hung up: the end of its keys does.
func (t *terminal) write(text string) { _, _ = t.out.WriteString(text) }

func (t *terminal) draw(f frame) {
	if t.modes == nil {
		return
	}
	var b strings.Builder
	if f.title != t.shown.title {
		b.WriteString(ansi.SetWindowTitle(console.Visible(f.title)))
	}
	if t.shown.rows == nil {
		b.WriteString("\x1b[2J")
	}
	width, _, err := term.GetSize(int(t.out.Fd()))
	for y, row := range f.rows {
		if y < len(t.shown.rows) && t.shown.rows[y] == row {
			continue
		}
		text := string(console.NewLines(true).Append(nil, []byte(row))) // whatever a name or a message has in it
		if !t.color {
			text = withoutColors.Replace(text)
		}
		fmt.Fprintf(&b, "\x1b[%d;1H%s\x1b[m", y+1, text)
		if err != nil || ansi.StringWidthWc(row) < width { // else this would erase the last cell
			b.WriteString("\x1b[K")
		}
	}
	if f.mouse != t.shown.mouse {
		b.WriteString(map[bool]string{true: "\x1b[?1002h\x1b[?1006h", false: "\x1b[?1002l\x1b[?1006l"}[f.mouse])
	}
	if b.Len() == 0 && f.cursor == t.shown.cursor {
		return
	}
	t.shown = f
	if f.cursor < 0 {
		t.write(ansi.SetModeSynchronizedOutput + b.String() + "\x1b[?25l" + ansi.ResetModeSynchronizedOutput)
	} else {
		t.write(fmt.Sprintf("%s%s\x1b[%d;%dH\x1b[?25h%s", ansi.SetModeSynchronizedOutput, b.String(), len(f.rows), f.cursor+1, ansi.ResetModeSynchronizedOutput))
	}
}

// withoutColors leaves only what a screen without colours can show.
var withoutColors = strings.NewReplacer("\x1b[31m", "", "\x1b[32m", "", "\x1b[33m", "", "\x1b[34m", "", "\x1b[35m", "", "\x1b[36m", "")

// clipboard gives a text to the terminal.
func (t *terminal) clipboard(text string) {
	t.write("\x1b]52;c;" + base64.StdEncoding.EncodeToString([]byte(text)) + "\a")
}

// away runs something else on the terminal.
func (t *terminal) away(run func() error) error {
	t.leave()
	err := run()
	if again := t.enter(); err == nil {
		err = again
	}
	return err
}

// program is the model on a terminal.
type program struct {
	*model
	terminal *terminal
}

// Init starts nothing: see source.
func (p program) Init() tea.Cmd { return nil }

// Update takes in a message, and draws what comes of it.
func (p program) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	cmd := p.take(msg)
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		p.terminal.shown.rows = nil
	case clipboardMsg:
		p.terminal.clipboard(string(msg))
	case tea.ResumeMsg:
		if p.terminal.enter() != nil {
			return p, tea.Quit
		}
	case tea.KeyPressMsg:
		switch msg.String() {
		case "ctrl+l":
			p.terminal.shown.rows = nil
		case "ctrl+z":
			if !p.opt.Suspends() { // nobody would continue it
				p.notice = "no shell is here that could continue it: q leaves"
				break
			}
			p.terminal.leave()
			return p, tea.Suspend
		}
	}
	if p.gone && p.opt.OverStream {
		return p, tea.Quit
	}
	p.terminal.draw(p.frame())
	return p, cmd
}

// View is empty: see terminal.
func (p program) View() tea.View { return tea.View{} }
