package view

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"

	tea "charm.land/bubbletea/v2"
)

// loop is what the model asks of the loop.
type loop interface {
	act(verb string, nodes ...string) (string, error)
	write(ctx context.Context, w io.Writer, node string) error
}

// mostCopied is how much of a text terminals take.
const mostCopied = 56 << 10

// clipboard puts a text into the clipboard: of the terminal, and of tmux, which by default passes on nothing
// else. It also says what it has copied.
func clipboard(text string) (tea.Cmd, string) {
	if base64.StdEncoding.EncodedLen(len(text)) > 4*mostCopied/3 {
		text = text[len(text)-mostCopied:]
		_, text, _ = strings.Cut(text, "\n")
	}
	done := "copied " + count(strings.Count(text, "\n"), "line")
	set := tea.SetClipboard(text)
	if os.Getenv("TMUX") == "" {
		return set, done
	}
	return tea.Batch(set, func() tea.Msg {
		load := exec.Command("tmux", "load-buffer", "-w", "-")
		load.Stdin = strings.NewReader(text)
		_ = load.Run() // the terminal may have taken it
		return nil
	}), done
}

// page shows all output of a node in the pager.
func page(loop loop, node string) tea.Cmd {
	return tea.Exec(&pager{loop: loop, node: node}, func(err error) tea.Msg {
		if err != nil && !errors.As(err, new(*exec.ExitError)) {
			return noticeMsg("the pager: " + err.Error())
		}
		return noticeMsg("")
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
