package view

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/term"
)

// drawn is a terminal on a file, and what has been written to it since the last time.
func drawn(t *testing.T, color bool) (*terminal, func() string) {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "terminal"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	read := 0
	return &terminal{out: file, color: color, modes: &term.State{}}, func() string {
		text, err := os.ReadFile(file.Name())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { read = len(text) }()
		return string(text[read:])
	}
}

// Only rows that have changed are written, all in one piece, and nothing if there is none.
func TestDrawsWhatHasChanged(t *testing.T) {
	x, written := drawn(t, true)
	f := frame{rows: []string{"one", red.paint("two"), "three"}, title: "● shop", cursor: -1}
	x.draw(f)
	if got := written(); !strings.Contains(got, "one") || !strings.Contains(got, "\x1b[31mtwo\x1b[") || !strings.Contains(got, "● shop") {
		t.Errorf("written: %q", got)
	}
	x.draw(f)
	if got := written(); got != "" {
		t.Errorf("written without need: %q", got)
	}
	f.rows = []string{"one", "2", "three"}
	x.draw(f)
	if got, want := written(), "\x1b[?2026h\x1b[2;1H2\x1b[m\x1b[K\x1b[?25l\x1b[?2026l"; got != want {
		t.Errorf("written: %q, want %q", got, want)
	}
	f.mouse, f.cursor = true, 4
	x.draw(f)
	if got, want := written(), "\x1b[?2026h\x1b[?1002h\x1b[?1006h\x1b[3;5H\x1b[?25h\x1b[?2026l"; got != want {
		t.Errorf("written: %q, want %q", got, want)
	}
	x.modes = nil // somebody else has the terminal
	x.draw(frame{rows: []string{"four"}})
	if got := written(); got != "" {
		t.Errorf("written on another's screen: %q", got)
	}
}

// No text makes the terminal do anything, whoever has written it; and without colours there are none.
func TestTextIsOnlyText(t *testing.T) {
	for _, color := range []bool{true, false} {
		x, written := drawn(t, color)
		x.draw(frame{rows: []string{"\x1b]0;evil\a\x1b[2Jname\x1b[?1049l\x9b5n\x1bP1;2|x\x1b\\" + green.paint("ok")}, title: "\x1b[2Jshop\a", cursor: -1})
		got := written()
		if strings.Contains(got, "evil") || strings.Contains(got, "1049") || strings.Count(got, "\x1b[2J") != 1 || strings.Contains(got, "5n") && strings.Contains(got, "\x9b") || strings.Count(got, "\a") != 1 {
			t.Errorf("written: %q", got)
		}
		if strings.Contains(got, "\x1b[32m") != color {
			t.Errorf("colours %v: %q", color, got)
		}
	}
}
