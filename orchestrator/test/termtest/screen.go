//go:build unix

package termtest

import (
	"fmt"
	"regexp"
	"strings"

	uv "github.com/charmbracelet/ultraviolet"
)

// Screen is what a person sees at one moment.
type Screen struct {
	Title     string
	X, Y      int // of the cursor, from 0
	Hidden    bool
	Alternate bool

	rows []uv.Line
}

func (x *Terminal) look() Screen {
	at := x.shown.CursorPosition()
	return Screen{
		Title: x.title, X: at.X, Y: at.Y, Hidden: x.shown.CursorHidden(), Alternate: x.shown.IsAltScreen(),
		rows: cells(x.shown),
	}
}

// Rows are the lines, without the spaces at their ends.
func (s Screen) Rows() (rows []string) {
	for _, line := range s.rows {
		rows = append(rows, strings.TrimRight(line.String(), " "))
	}
	return rows
}

// Text is the lines, without the empty ones at the end.
func (s Screen) Text() string { return strings.TrimRight(strings.Join(s.Rows(), "\n"), "\n") }

// String is the text, and where the cursor is.
func (s Screen) String() string {
	cursor := fmt.Sprintf("cursor %d,%d", s.X, s.Y)
	if s.Hidden {
		cursor = "no cursor"
	}
	return s.Text() + "\n[" + cursor + "]\n"
}

// Links are the addresses that a click opens, by the text that is clicked.
func (s Screen) Links() map[string]string {
	links := map[string]string{}
	for _, line := range s.rows {
		for i := 0; i < len(line); {
			end := i + 1
			for end < len(line) && line[end].Link == line[i].Link {
				end++
			}
			if url := line[i].Link.URL; url != "" {
				links[strings.TrimSpace(line[i:end].String())] = url
			}
			i = end
		}
	}
	return links
}

// varying is what is another at each run, and what stands for it.
var varying = []struct {
	is      *regexp.Regexp
	instead string
}{
	{regexp.MustCompile(`\b(\d+h)?(\d+m)?\d+(\.\d+)?(ms|s|m|h)\b`), "0s"},
	{regexp.MustCompile(`\bpid \d+`), "pid 1"},
	{regexp.MustCompile(`(127\.0\.0\.1|localhost):\d+`), "$1:3000"},
	{regexp.MustCompile(`(◐ \S+  \S+) \d+\b`), "$1"},
	{regexp.MustCompile(`\b\d\d:\d\d:\d\d\b`), "00:00:00"},
	{regexp.MustCompile(`▕[█▉▊▋▌▍▎▏░ ]+▏`), "▕░░░▏"},
}

// Stable is a text without what is another at each run: durations, pids, ports.
func Stable(text string) string {
	for _, v := range varying {
		text = v.is.ReplaceAllString(text, v.instead)
	}
	return text
}
