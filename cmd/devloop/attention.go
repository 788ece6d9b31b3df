package main

import (
	"io"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"devloop/orchestrator/console"
	"devloop/orchestrator/report"
)

// waitedFor is how long something takes that people do not watch until its end.
const waitedFor = 5 * time.Second

// attention is how the screen points to a run and its outcome.
type attention struct{ clear, bell, notify bool }

func (n *attention) flags(cmd *cobra.Command) {
	cmd.Flags().BoolVarP(&n.clear, "clear", "c", false, "clear the screen when a change starts a run; the scrollback is kept")
	cmd.Flags().BoolVar(&n.bell, "bell", false, "ring the terminal bell when something fails or recovers")
	cmd.Flags().BoolVar(&n.notify, "notify", false, "desktop notification when something fails or recovers that took more than 5 s")
}

// hooks are what the loop calls.
func (n attention) hooks(out *console.Console, screen io.Writer, title string) report.Hooks {
	var h report.Hooks
	if n.clear {
		h.Begin = func() { out.Clear(rows(screen)) }
	}
	if n.bell || n.notify {
		h.Turn = func(_ bool, text string, took time.Duration) {
			if n.bell {
				out.Bell()
			}
			if n.notify && took > waitedFor {
				out.Notify(title, text)
			}
		}
	}
	return h
}

// rows is the height of a terminal, 0 if it is none; width is its width.
func rows(screen io.Writer) int {
	_, height := size(screen)
	return height
}

func width(screen io.Writer) int {
	width, _ := size(screen)
	return width
}

func size(screen io.Writer) (width, height int) {
	f := fileOf(screen)
	if f == nil {
		return 0, 0
	}
	width, height, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0, 0
	}
	return width, height
}
