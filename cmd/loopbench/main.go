// Command loopbench measures devloop beside the other file watchers that are
// installed on this machine, and beside a floor that does nothing but watch
// and start, and prints Markdown tables:
//
//	go run ./cmd/loopbench
//	go run ./cmd/loopbench -tools devloop,entr -only latency -rounds 10
//
// Everything is measured in one run, in turn, because figures of two machines
// or of two afternoons cannot be compared. It works in a temporary directory,
// ends only what it started, and leaves nothing behind. It changes no setting
// of the system, installs nothing and talks to no network.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() {
	if done, code := helper(os.Args); done {
		os.Exit(code)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintf(os.Stderr, "loopbench: error: %v\n", err)
		os.Exit(1)
	}
}

// helper does what this executable does when it is not the bench itself but
// something that the bench started: the measured command, or the floor.
func helper(args []string) (done bool, code int) {
	if len(args) < 2 {
		return false, 0
	}
	var err error
	switch args[1] {
	case "__report":
		err = report(args[2:])
	case "__floor":
		err = floor(args[2:])
	default:
		return false, 0
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "loopbench: %s: %v\n", args[1], err)
		return true, 1
	}
	return true, 0
}

// parts are what can be measured, in the order of the report.
var parts = []string{"latency", "ready", "ignored", "storm", "idle"}

// settings are the flags.
type settings struct {
	tools   []string // empty: everything that is installed
	only    []string
	rounds  int
	tree    string
	dir     string
	devloop string
	pause   time.Duration // least time between two saves for one tool
	bound   time.Duration // a save without a run for so long is missed
	idle    time.Duration
	storms  int
	readies int
}

func parse(args []string, stderr io.Writer) (settings, error) {
	var s settings
	var tools, only string
	f := flag.NewFlagSet("loopbench", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&tools, "tools", "", "only these tools, separated by commas (default: all that are installed)")
	f.StringVar(&only, "only", "", "only these parts: "+strings.Join(parts, ","))
	f.IntVar(&s.rounds, "rounds", 30, "saves of each kind for each tool")
	f.StringVar(&s.tree, "tree", "big", "the tree of `ready` and `ignored`: big is 22,000 directories with 200,000 files, small a twentieth")
	f.StringVar(&s.dir, "dir", os.TempDir(), "where the temporary trees are made")
	f.StringVar(&s.devloop, "devloop", "", "the devloop to measure (default: built from this module)")
	f.DurationVar(&s.pause, "pause", 1200*time.Millisecond, "least pause between two saves for one tool; up to a third more is added at random")
	f.DurationVar(&s.bound, "bound", 5*time.Second, "a save is missed if no run starts for so long")
	f.DurationVar(&s.idle, "idle", 20*time.Second, "how long idling is watched")
	f.IntVar(&s.storms, "storms", 3, "storms for each tool")
	f.IntVar(&s.readies, "readies", 5, "starts on the big tree for each tool")
	if err := f.Parse(args); err != nil {
		return s, err
	}
	if f.NArg() > 0 {
		return s, fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	s.tools, s.only = names(tools), names(only)
	if len(s.only) == 0 {
		s.only = parts
	}
	for _, part := range s.only {
		if !slices.Contains(parts, part) {
			return s, fmt.Errorf("-only %s: there is no such part, only %s", part, strings.Join(parts, ", "))
		}
	}
	if s.tree != "small" && s.tree != "big" {
		return s, fmt.Errorf("-tree %s: it is small or big", s.tree)
	}
	if s.rounds < 1 || s.storms < 1 || s.readies < 1 {
		return s, errors.New("-rounds, -storms and -readies must be at least 1")
	}
	return s, nil
}

func names(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
}

// run measures what args ask for.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
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
	if err := b.machine(); err != nil {
		return err
	}
	measure := map[string]func() error{
		"latency": b.latency, "ready": b.ready, "ignored": b.ignored, "storm": b.storm, "idle": b.idle,
	}
	for _, part := range parts {
		if !slices.Contains(s.only, part) {
			continue
		}
		b.progress("%s …", part)
		if err := measure[part](); err != nil {
			return fmt.Errorf("measure %s: %w", part, err)
		}
	}
	return nil
}
