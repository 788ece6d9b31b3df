// Package beside measures devloop beside the tool that people of a stack use for
// the same today, on the same small project: when the first page comes, how long
// a save takes to the page, what the page is while the sources are broken, and
// which requests are lost meanwhile.
package beside

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"devloop/cmd/devbench/harness"
)

// Part is what can be measured.
var Part = harness.Part{Verbs: []string{"beside"}, Run: run}

// settings are the flags.
type settings struct {
	harness.Flags
	stacks  []string
	modules string
	saves   int
	starts  int
	broken  time.Duration
	verbose bool
}

func parse(args []string, stderr io.Writer) (settings, error) {
	f := harness.NewFlags(stderr, "beside")
	s := settings{Flags: f}
	var stacks string
	f.StringVar(&stacks, "stacks", "", "only these stacks, separated by commas (default: all whose tools are there)")
	f.StringVar(&s.modules, "modules", "", "a directory with a node_modules that holds what the stacks of Node need; everything is made below it")
	f.IntVar(&s.saves, "saves", 7, "saves of each kind for each tool")
	f.IntVar(&s.starts, "starts", 3, "starts of each tool")
	f.DurationVar(&s.broken, "broken", 4*time.Second, "how long the sources are broken")
	f.BoolVar(&s.verbose, "v", false, "show what the tools print")
	if err := f.Parse(args); err != nil {
		return s, err
	}
	if s.saves < 1 || s.starts < 1 {
		return s, errors.New("-saves and -starts must be at least 1")
	}
	known := make([]string, len(stackList))
	for i, k := range stackList {
		known[i] = k.name
	}
	var err error
	if s.stacks, err = harness.Names("stacks", stacks, known); err != nil {
		return s, err
	}
	if s.modules != "" {
		if s.modules, err = filepath.Abs(s.modules); err != nil {
			return s, fmt.Errorf("find -modules: %w", err)
		}
	}
	return s, nil
}

// bench is one run of the comparison.
type bench struct {
	settings
	*harness.Bench
	count int // of directories made
}

func run(ctx context.Context, _, args []string, stdout, stderr io.Writer) (err error) {
	s, err := parse(args, stderr)
	if err != nil {
		return err
	}
	b := &bench{settings: s}
	if b.Bench, err = s.Begin(ctx, s.modules, stdout, stderr); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	if s.modules != "" {
		bin := filepath.Join(s.modules, "node_modules", ".bin")
		if err := os.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH")); err != nil {
			return fmt.Errorf("set PATH: %w", err)
		}
	}
	var table harness.Table
	table.Row("", "first page, s", "save → page, ms", "of devloop's", "slowest, ms", "requests", "refused", "failed", "while it is broken", "mended → page, ms")
	for _, k := range stackList {
		if !slices.Contains(s.stacks, k.name) {
			continue
		}
		if missing := b.missing(k); missing != "" {
			fmt.Fprintf(b.Stdout, "- %s is left out: no %s here\n\n", k.name, missing)
			continue
		}
		if err := b.stack(&table, k); err != nil {
			return fmt.Errorf("measure %s: %w", k.name, err)
		}
	}
	return table.Write(b.Stdout)
}

// stack measures devloop and its peers on one project, in turn.
func (b *bench) stack(table *harness.Table, k stack) error {
	own := k.devloop
	own.label, own.command = "**devloop**, "+k.name, []string{b.Devloop}
	var base time.Duration
	for _, t := range append([]tool{own}, k.peers...) {
		b.Progress("%s …", t.label)
		if _, err := exec.LookPath(t.command[0]); err != nil {
			table.Row(t.label, "not here", "", "", "", "", "", "", "", "")
			continue
		}
		f, err := b.measure(k, t)
		if b.Ctx.Err() != nil {
			return b.Ctx.Err()
		}
		if err != nil { // what came before it is told all the same
			b.Progress("%s: %v", t.label, err)
			f.mended = "never: " + harness.Escape(err.Error())
		}
		if f.broken == "" {
			f.broken = harness.None
		}
		if len(f.saves) == 0 {
			table.Row(t.label, first(f), harness.None, harness.None, harness.None, fmt.Sprint(f.requests), fmt.Sprint(f.refused), fmt.Sprint(f.failed), f.broken, f.mended)
			continue
		}
		save := harness.Median(f.saves)
		if base == 0 {
			base = save
		}
		table.Row(t.label, first(f), harness.Millis(save), harness.Ratio(save, base),
			harness.Millis(harness.Greatest(f.saves)), fmt.Sprint(f.requests), fmt.Sprint(f.refused), fmt.Sprint(f.failed), f.broken, f.mended)
	}
	return nil
}

// first is when the first page came, in seconds.
func first(f figures) string {
	if len(f.first) == 0 {
		return harness.None
	}
	return fmt.Sprintf("%.2f", harness.Median(f.first).Seconds())
}
