// Package harness is what every measurement of devbench stands on: a temporary
// directory, the devloop to measure, what the figures hold for, and tables.
package harness

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// A Part is verbs that share their flags and what they are measured with.
type Part struct {
	Verbs []string // in the order of the report
	Run   func(ctx context.Context, verbs, args []string, stdout, stderr io.Writer) error
	// Helpers are what this executable does when the bench, or devloop for it, has
	// started it with their name as its first argument; they get the others.
	Helpers map[string]func(args []string) error
}

// Help runs the helper that args ask for, if they do, and returns the exit code.
func (p Part) Help(args []string) (done bool, code int) {
	if len(args) == 0 || p.Helpers[args[0]] == nil {
		return false, 0
	}
	if err := p.Helpers[args[0]](args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "devbench: %s: %v\n", args[0], err)
		return true, 1
	}
	return true, 0
}

// A Bench is one run of devbench. It owns its temporary directory.
type Bench struct {
	Ctx            context.Context // ends when the run is interrupted
	Stdout, Stderr io.Writer       // of the report, and of what people see meanwhile
	Dir            string          // everything that is made lives here
	Self           string          // this executable, at a path without spaces
	Devloop        string          // the one to measure
}

// Flags are those of a Part's verbs; all have -devloop.
type Flags struct {
	*flag.FlagSet
	devloop *string
}

// NewFlags makes them, for the verbs of a Part.
func NewFlags(stderr io.Writer, verbs ...string) Flags {
	f := flag.NewFlagSet("devbench "+strings.Join(verbs, "|"), flag.ContinueOnError)
	f.SetOutput(stderr)
	return Flags{f, f.String("devloop", "", "the devloop to measure (default: built from this module)")}
}

// Parse reads the arguments, which are nothing but flags.
func (f Flags) Parse(args []string) error {
	if err := f.FlagSet.Parse(args); err != nil {
		return err
	}
	if f.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	return nil
}

// Begin makes a Bench whose directory lies in below ("" is the system's place for
// temporary files), with the devloop to measure, and prints what the figures hold
// for. The caller closes it.
func (f Flags) Begin(ctx context.Context, below string, stdout, stderr io.Writer) (*Bench, error) {
	b, err := newBench(ctx, below, stdout, stderr)
	if err != nil {
		return nil, err
	}
	if b.Devloop, err = b.devloop(*f.devloop); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	b.machine()
	return b, nil
}

func newBench(ctx context.Context, below string, stdout, stderr io.Writer) (*Bench, error) {
	dir, err := os.MkdirTemp(below, "devbench-")
	if err != nil {
		return nil, fmt.Errorf("make temporary directory: %w", err)
	}
	b := &Bench{Ctx: ctx, Stdout: stdout, Stderr: stderr, Dir: dir, Self: filepath.Join(dir, "devbench")}
	exe, err := os.Executable()
	if err == nil {
		err = os.Symlink(exe, b.Self)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("find my own executable: %w", err), b.Close())
	}
	return b, nil
}

// Close removes what the Bench made. What it started has ended before.
func (b *Bench) Close() error { return os.RemoveAll(b.Dir) }

// devloop is the given one, or, if that is "", one that is built from this module.
func (b *Bench) devloop(given string) (string, error) {
	if given != "" {
		return filepath.Abs(given)
	}
	path := filepath.Join(b.Dir, "devloop")
	if out, err := exec.CommandContext(b.Ctx, "go", "build", "-o", path, "devloop/cmd/devloop").CombinedOutput(); err != nil {
		return "", fmt.Errorf("build devloop (or give -devloop): %w\n%s", err, out)
	}
	return path, nil
}

// machine prints what the figures hold for.
func (b *Bench) machine() {
	load := "unknown"
	if text, err := os.ReadFile("/proc/loadavg"); err == nil {
		load = strings.Join(strings.Fields(string(text))[:3], " ")
	}
	kernel := ""
	if text, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		kernel = " " + strings.TrimSpace(string(text))
	}
	fmt.Fprintf(b.Stdout, "%s, %s%s/%s, %d CPUs, load %s, %s.\n\n", time.Now().Format("2006-01-02 15:04"),
		runtime.GOOS, kernel, runtime.GOARCH, runtime.NumCPU(), load, runtime.Version())
}

// Progress tells a person that something is going on; it is no part of the report.
func (b *Bench) Progress(format string, args ...any) {
	fmt.Fprintf(b.Stderr, "devbench: "+format+"\n", args...)
}

// Pause waits, unless the run is interrupted.
func (b *Bench) Pause(d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-b.Ctx.Done():
		return b.Ctx.Err()
	}
}

// Names splits a list that was given as a flag; an empty one is all that are
// known. Unless known is nil, each must be one of them.
func Names(flag, list string, known []string) ([]string, error) {
	names := strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
	if len(names) == 0 {
		return known, nil
	}
	for _, name := range names {
		if known != nil && !slices.Contains(known, name) {
			return nil, fmt.Errorf("-%s %s: it is one of %s", flag, name, strings.Join(known, ", "))
		}
	}
	return names, nil
}
