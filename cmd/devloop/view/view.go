// Package view is the full screen of `devloop view`: a client of the control
// socket, as every other one. A fault in it cannot hurt the loop.
package view

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime/debug"
	"strings"
	"sync"

	tea "charm.land/bubbletea/v2"

	"devloop/orchestrator/control"
)

// Options say what to show, and where.
type Options struct {
	Client *control.Client                 // of the loop that runs; closed by Run
	Dial   func() (*control.Client, error) // finds the next one, when that has ended
	Name   string                          // of the project
	Out    *os.File                        // the terminal
	Color  bool

	Shorter func(path string) string                               // a path as people type it
	Editor  func(file string, line, column int) (*exec.Cmd, error) // opens a place
	Quit    string                                                 // what `q` does, in words
	Detach  string                                                 // and `d`
}

// place is where a problem is.
func (o *Options) place(d control.Diagnostic) string {
	text := fmt.Sprintf("%s:%d", o.Shorter(d.File), d.Line)
	if d.Column > 0 {
		text += fmt.Sprintf(":%d", d.Column)
	}
	return text
}

// Run shows the loop until somebody leaves, by the key that is returned: 'q' or 'd'. 0: the context has
// ended, or the program was told to end.
func Run(ctx context.Context, opt Options) (key byte, err error) {
	defer debug.SetGCPercent(debug.SetGCPercent(50)) // the output that is kept is most of the memory
	ctx, cancel := context.WithCancel(ctx)
	var joined sync.WaitGroup
	defer joined.Wait()
	defer cancel()
	s := newSource(opt.Dial, opt.Color)
	m := newModel(opt, s)
	environ := os.Environ()
	if !opt.Color {
		environ = append(environ, "NO_COLOR=1")
	}
	p := tea.NewProgram(m, tea.WithContext(ctx), tea.WithOutput(opt.Out), tea.WithEnvironment(environ), tea.WithFPS(frames))
	joined.Go(func() { s.run(ctx, opt.Client, p.Send) })
	_, err = p.Run()
	if errors.Is(err, tea.ErrInterrupted) || ctx.Err() != nil {
		err = nil
	}
	if err != nil {
		err = fmt.Errorf("show the screen: %w", err)
	}
	return m.left, err
}

// frames are drawn no more often than so many times a second.
const frames = 30

// mostCopied is how much of a text terminals take.
const mostCopied = 56 << 10

// copy puts what is in the window into the clipboard: of the terminal, and of tmux, which by default passes
// on nothing else.
func (m *model) copy() tea.Cmd {
	text := m.copied()
	if text == "" {
		m.notice = "nothing to copy"
		return nil
	}
	if base64.StdEncoding.EncodedLen(len(text)) > 4*mostCopied/3 {
		text = text[len(text)-mostCopied:]
		_, text, _ = strings.Cut(text, "\n")
	}
	m.notice = "copied " + count(strings.Count(text, "\n"), "line")
	set := tea.SetClipboard(text)
	if os.Getenv("TMUX") == "" {
		return set
	}
	return tea.Batch(set, func() tea.Msg {
		load := exec.Command("tmux", "load-buffer", "-w", "-")
		load.Stdin = strings.NewReader(text)
		_ = load.Run() // the terminal may have taken it
		return nil
	})
}

// pager runs $PAGER on all output that the loop keeps of a node.
type pager struct {
	loop   loop
	node   string
	stdout io.Writer
	stderr io.Writer
}

// SetStdin is nothing: the pager reads the output there, and its keys from the terminal.
func (p *pager) SetStdin(io.Reader) {}

// SetStdout sets where it writes to.
func (p *pager) SetStdout(w io.Writer) { p.stdout = w }

// SetStderr sets where it writes errors to.
func (p *pager) SetStderr(w io.Writer) { p.stderr = w }

// Run runs it until it is left.
func (p *pager) Run() error {
	command := os.Getenv("PAGER")
	if command == "" {
		command = "less -R"
	}
	run := exec.Command("sh", "-c", command)
	run.Env = append(os.Environ(), "LESS="+strings.TrimSpace("-R "+os.Getenv("LESS")))
	run.Stdout, run.Stderr = p.stdout, p.stderr
	text, err := run.StdinPipe()
	if err != nil {
		return err
	}
	if err := run.Start(); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	written := make(chan struct{})
	go func() {
		defer close(written)
		defer text.Close()
		_ = p.loop.write(ctx, text, p.node) // who leaves the pager early wants no more
	}()
	err = run.Wait()
	cancel()
	<-written
	return err
}
