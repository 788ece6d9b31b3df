package view

import (
	"cmp"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"

	"devloop/orchestrator/console"

	tea "charm.land/bubbletea/v2"
)

// loop is what the model asks of the loop.
type loop interface {
	act(verb string, nodes ...string) (string, error)
	write(ctx context.Context, w io.Writer, node string) error
}

// mostCopied is how much of a text terminals take.
const mostCopied = 56 << 10

// clipboardMsg is a text for the terminal's clipboard.
type clipboardMsg string

// copy puts a text into the clipboard: of the terminal, and of tmux, which by default passes on nothing else.
func (m *model) copy(text string) tea.Cmd {
	if len(text) > mostCopied {
		_, text, _ = strings.Cut(text[len(text)-mostCopied:], "\n")
	}
	m.notice = "copied " + console.Count(strings.Count(text, "\n"), "line")
	return func() tea.Msg {
		if os.Getenv("TMUX") != "" {
			load := exec.Command("tmux", "load-buffer", "-w", "-")
			load.Stdin = strings.NewReader(text)
			_ = load.Run() // the terminal may take it
		}
		return clipboardMsg(text)
	}
}

// pager is the command that shows a text page by page.
func pager() *exec.Cmd {
	cmd := exec.Command("sh", "-c", cmp.Or(os.Getenv("PAGER"), "less"))
	cmd.Env = append(os.Environ(), strings.TrimSpace("LESS=-R "+os.Getenv("LESS")))
	return cmd
}

// foreground runs a command on the terminal, in place of the view.
type foreground struct {
	away  func(func() error) error
	cmd   *exec.Cmd
	write func(context.Context, io.Writer) error // what the command reads; nil: the terminal
}

// SetStdin is the terminal's keys.
func (f *foreground) SetStdin(r io.Reader) {
	if f.write == nil {
		f.cmd.Stdin = r
	}
}

// SetStdout and SetStderr do nothing: what bubbletea writes to is not the terminal.
func (f *foreground) SetStdout(io.Writer) {}

// SetStderr does nothing, see SetStdout.
func (f *foreground) SetStderr(io.Writer) {}

// Run runs the command to its end.
func (f *foreground) Run() error {
	return f.away(func() error {
		if f.write == nil {
			return f.cmd.Run()
		}
		text, err := f.cmd.StdinPipe()
		if err != nil {
			return err
		}
		if err := f.cmd.Start(); err != nil {
			return err
		}
		ctx, cancel := context.WithCancel(context.Background())
		written := make(chan struct{})
		go func() {
			defer close(written)
			defer text.Close()
			_ = f.write(ctx, text) // who leaves the pager early wants no more
		}()
		err = f.cmd.Wait()
		cancel()
		<-written
		return err
	})
}

// on lets a command have the terminal, and says how it failed.
func (m *model) on(f *foreground, what string) tea.Cmd {
	f.cmd.Stdout, f.cmd.Stderr = m.opt.Out, os.Stderr
	return tea.Exec(f, func(err error) tea.Msg {
		if err != nil && !errors.As(err, new(*exec.ExitError)) {
			return noticeMsg(what + ": " + err.Error())
		}
		return noticeMsg("")
	})
}
