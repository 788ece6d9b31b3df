package watching

import (
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// The test binary is the helper, too, as the real one is.
func TestMain(m *testing.M) {
	if done, code := Part.Help(os.Args[1:]); done {
		os.Exit(code)
	}
	goleak.VerifyTestMain(m)
}

func TestParse(t *testing.T) {
	s, err := parse([]string{"-tools", "devloop,entr", "-rounds", "7", "-tree", "small", "-pause", "2s"}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(s.tools, []string{"devloop", "entr"}) || s.rounds != 7 || s.tree != "small" || s.pause != 2*time.Second {
		t.Errorf("got %+v", s)
	}
	if s, err = parse(nil, io.Discard); err != nil || len(s.tools) != 0 {
		t.Errorf("without arguments: got %+v, %v", s, err)
	}
}

func TestParseMistakes(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"-tree huge", "small or big"},
		{"-rounds 0", "at least 1"},
		{"entr", `unexpected argument "entr"`},
		{"-pause soon", "invalid value"},
	} {
		_, err := parse(strings.Fields(c.args), io.Discard)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("parse %s: got error %v, want one with %q", c.args, err, c.want)
		}
	}
}

func TestUnknownTool(t *testing.T) {
	if err := supported(); err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	err := run(t.Context(), verbs, []string{"-tools", "enter", "-dir", dir}, io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "-tools enter: there is no such tool") {
		t.Errorf("got error %v", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v (%v)", left, err)
	}
}

func TestInterrupted(t *testing.T) {
	if err := supported(); err != nil {
		t.Skip(err)
	}
	floorOnly(t)
	dir := t.TempDir()
	ctx, cancel := contextThatEnds(t)
	// The first line of progress comes when the measuring begins.
	err := run(ctx, []string{"latency"}, []string{"-tools", "floor", "-dir", dir}, io.Discard, onWrite(cancel))
	if !errors.Is(err, ctx.Err()) || err == nil {
		t.Errorf("got error %v, want that it was interrupted", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v (%v)", left, err)
	}
}
