// Package watching measures devloop beside the other file watchers that are
// installed on this machine, and beside a floor that does nothing but watch and
// start.
package watching

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"devloop/cmd/devbench/harness"
)

// Part is what can be measured.
var Part = harness.Part{
	Verbs:   verbs,
	Run:     run,
	Helpers: map[string]func([]string) error{"__report": report, "__floor": floor},
}

var verbs = []string{"latency", "ready", "ignored", "storm", "idle"}

func parse(args []string, stderr io.Writer) (settings, error) {
	f := harness.NewFlags(stderr, verbs...)
	s := settings{Flags: f}
	var tools string
	f.StringVar(&tools, "tools", "", "only these tools, separated by commas (default: all that are installed)")
	f.IntVar(&s.rounds, "rounds", 30, "saves of each kind for each tool")
	f.StringVar(&s.tree, "tree", "big", "the tree of `ready` and `ignored`: big is 22,000 directories with 200,000 files, small a twentieth")
	f.StringVar(&s.dir, "dir", os.TempDir(), "where the temporary trees are made")
	f.DurationVar(&s.pause, "pause", 1200*time.Millisecond, "least pause between two saves for one tool; up to a third more is added at random")
	f.DurationVar(&s.bound, "bound", 5*time.Second, "a save is missed if no run starts for so long")
	f.DurationVar(&s.idle, "idle", 20*time.Second, "how long idling is watched")
	f.IntVar(&s.storms, "storms", 3, "storms for each tool")
	f.IntVar(&s.readies, "readies", 5, "starts on the big tree for each tool")
	if err := f.Parse(args); err != nil {
		return s, err
	}
	s.tools, _ = harness.Names("tools", tools, nil) // newBench knows which there are
	if s.tree != "small" && s.tree != "big" {
		return s, fmt.Errorf("-tree %s: it is small or big", s.tree)
	}
	if s.rounds < 1 || s.storms < 1 || s.readies < 1 {
		return s, errors.New("-rounds, -storms and -readies must be at least 1")
	}
	return s, nil
}

// run measures what asked names; args are the flags.
func run(ctx context.Context, asked, args []string, stdout, stderr io.Writer) (err error) {
	s, err := parse(args, stderr)
	if err != nil {
		return err
	}
	if err := supported(); err != nil {
		return err
	}
	if s.dir, err = filepath.Abs(s.dir); err != nil {
		return fmt.Errorf("find -dir: %w", err)
	}
	b, err := newBench(ctx, s, stdout, stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	if err := b.showTools(); err != nil {
		return err
	}
	measure := map[string]func() error{
		"latency": b.latency, "ready": b.ready, "ignored": b.ignored, "storm": b.storm, "idle": b.idle,
	}
	for _, verb := range verbs {
		if !slices.Contains(asked, verb) {
			continue
		}
		b.Progress("%s …", verb)
		if err := measure[verb](); err != nil {
			return fmt.Errorf("measure %s: %w", verb, err)
		}
	}
	return nil
}
