// Package commands measures what it costs to start a command and to follow it to
// its end, on a quiet machine and on one that runs much else. It measures whole
// processes, from outside.
package commands

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"devloop/cmd/devbench/harness"
)

// patience is how long one measurement may take.
const patience = 2 * time.Minute

// Part is what can be measured.
var Part = harness.Part{Verbs: []string{"commands"}, Run: run, Helpers: map[string]func([]string) error{"__crowd": crowd}}

// run measures; args are the flags.
func run(ctx context.Context, _, args []string, stdout, stderr io.Writer) (err error) {
	f := harness.NewFlags(stderr, "commands")
	var (
		rounds = f.Int("rounds", 5, "how often each is measured, with so many runs in a row; medians of all runs are printed")
		stages = f.Int("stages", 100, "stages of one run, each the command /bin/true")
		others = f.Int("foreign", 3000, "processes of others on the machine that is not quiet")
	)
	if err := f.Parse(args); err != nil {
		return err
	}
	if *rounds < 1 || *stages < 1 || *others < 1 {
		return errors.New("-rounds, -stages and -foreign must be at least 1")
	}
	b := &bench{stages: *stages}
	if b.Bench, err = f.Begin(ctx, "", stdout, stderr); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	return b.table(*others, *rounds)
}

type bench struct {
	*harness.Bench
	stages int
}

// table measures quiet and crowded rounds by turns, so that both have the same machine.
func (b *bench) table(others, rounds int) error {
	fmt.Fprintf(b.Stdout, "`devloop run` over %d stages of /bin/true, CPU time of devloop and of all that it starts, median of %d runs:\n\n", b.stages, rounds*rounds)
	var quiet, crowded []time.Duration
	for range rounds {
		took, err := b.measure(rounds)
		if err != nil {
			return err
		}
		quiet = append(quiet, took...)
		if took, err = b.beside(others, rounds); err != nil {
			return err
		}
		crowded = append(crowded, took...)
	}
	var t harness.Table
	t.Row("foreign processes", "CPU, ms", "lowest … highest", "ratio")
	for _, row := range []struct {
		others int
		took   []time.Duration
	}{{0, quiet}, {others, crowded}} {
		ratio := float64(harness.Median(row.took)) / float64(harness.Median(quiet))
		t.Row(strconv.Itoa(row.others), harness.Millis(harness.Median(row.took)),
			harness.Millis(slices.Min(row.took))+" … "+harness.Millis(slices.Max(row.took)), fmt.Sprintf("%.2f", ratio))
	}
	return t.Write(b.Stdout)
}

// beside measures beside so many processes of others.
func (b *bench) beside(others, runs int) (took []time.Duration, err error) {
	cmd := exec.CommandContext(b.Ctx, b.Self, "__crowd", strconv.Itoa(others))
	hold, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("make pipe: %w", err)
	}
	told, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("make pipe: %w", err)
	}
	cmd.Stderr = b.Stderr
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start foreign processes: %w", err)
	}
	defer func() {
		_ = hold.Close() // which ends them
		if waitErr := cmd.Wait(); err == nil && waitErr != nil {
			err = fmt.Errorf("start foreign processes: %w", waitErr)
		}
	}()
	if _, err := told.Read(make([]byte, 1)); err != nil {
		return nil, fmt.Errorf("start foreign processes: %w", err)
	}
	return b.measure(runs)
}

// measure takes the time of so many runs, after one that warms what processes start
// from: the processes of others have taken its place in the caches.
func (b *bench) measure(runs int) (took []time.Duration, err error) {
	for i := range runs + 1 {
		one, err := b.run()
		if err != nil {
			return nil, err
		}
		if i > 0 {
			took = append(took, one)
		}
	}
	return took, nil
}

// run is the CPU time of one run.
func (b *bench) run() (time.Duration, error) {
	var text strings.Builder
	text.WriteString("version: 1\nwatchers:\n  check:\n    watch: [\"*.none\"]\n    stages:\n")
	for range b.stages {
		text.WriteString("      - run: [/bin/true]\n")
	}
	if err := os.WriteFile(filepath.Join(b.Dir, "devloop.yaml"), []byte(text.String()), 0o666); err != nil {
		return 0, fmt.Errorf("write devloop.yaml: %w", err)
	}
	ctx, cancel := context.WithTimeout(b.Ctx, patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, b.Devloop, "run")
	cmd.Dir = b.Dir
	cmd.Env = append(os.Environ(), "DEVLOOP_RUNTIME_DIR="+b.Dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("devloop run: %w\n%s", err, out)
	}
	return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), nil
}

// crowd starts the foreign processes, which wait, says so with one byte, and waits
// with them until the bench closes its input.
func crowd(args []string) error {
	if len(args) != 1 {
		return errors.New("__crowd takes a number")
	}
	n, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	var all []*exec.Cmd
	defer func() {
		for _, cmd := range all {
			_ = cmd.Wait() // it was killed
		}
	}()
	for range n {
		cmd := exec.Command("/bin/sleep", "600")
		if err := cmd.Start(); err != nil {
			return err
		}
		defer cmd.Process.Kill() //nolint:errcheck // it may have ended
		all = append(all, cmd)
	}
	if _, err := os.Stdout.WriteString("."); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}
