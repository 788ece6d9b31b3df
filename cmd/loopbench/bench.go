package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// bench is one run of the whole comparison. It owns its temporary directory,
// the ledger, and every session it started.
type bench struct {
	settings
	ctx            context.Context
	stdout, stderr io.Writer
	dir            string // everything that is made, lives here
	self           string // this executable, at a path without spaces
	reporter       string // the measured command's: C where there is a compiler, else this executable
	ledger         *ledger
	tools          []*tool // the ones that are here, in the order of the tables
	missing        []*tool
	tags           int
	big, app       *project // two views of the big tree, once it is made
}

func newBench(ctx context.Context, s settings, stdout, stderr io.Writer) (b *bench, err error) {
	dir, err := os.MkdirTemp(s.dir, "loopbench-")
	if err != nil {
		return nil, fmt.Errorf("make temporary directory: %w", err)
	}
	b = &bench{settings: s, ctx: ctx, stdout: stdout, stderr: stderr, dir: dir}
	defer func() {
		if err != nil {
			err = errors.Join(err, b.close())
		}
	}()
	if strings.ContainsAny(dir, " '\"\\") {
		return b, fmt.Errorf("work in %s: the path must be free of spaces and quotes, as it becomes part of shell commands: give another -dir", dir)
	}
	exe, err := os.Executable()
	if err != nil {
		return b, fmt.Errorf("find my own executable: %w", err)
	}
	b.self = filepath.Join(dir, "loopbench")
	if err := os.Symlink(exe, b.self); err != nil {
		return b, fmt.Errorf("link the helper: %w", err)
	}
	if b.reporter, err = b.compile("report"); err != nil {
		b.progress("%v: the measured command is Go's, whose start takes longer", err)
		b.reporter = b.self
	}
	if b.ledger, err = openLedger(filepath.Join(dir, "sock")); err != nil {
		return b, err
	}
	return b, b.findTools()
}

// close removes what the bench made. The sessions have ended before.
func (b *bench) close() error {
	var err error
	if b.ledger != nil {
		err = b.ledger.close()
	}
	return errors.Join(err, os.RemoveAll(b.dir))
}

// findTools sorts the known tools into those that are here and those that are not.
func (b *bench) findTools() error {
	for _, name := range b.settings.tools {
		if !slices.ContainsFunc(knownTools, func(t *tool) bool { return t.name == name }) {
			return fmt.Errorf("-tools %s: there is no such tool", name)
		}
	}
	for _, known := range knownTools {
		if len(b.settings.tools) > 0 && !slices.Contains(b.settings.tools, known.name) {
			continue
		}
		t := *known
		path, err := b.find(&t)
		if err != nil {
			if t.name == "devloop" {
				return fmt.Errorf("find devloop: %w", err)
			}
			b.missing = append(b.missing, &t)
			continue
		}
		t.path, t.is = path, t.version(path)
		b.tools = append(b.tools, &t)
	}
	if len(b.tools) == 0 {
		return errors.New("none of the tools is installed: there is nothing to measure")
	}
	return nil
}

// find is the executable of a tool.
func (b *bench) find(t *tool) (string, error) {
	switch t.name {
	case "floor":
		return b.self, nil
	case "walk":
		return b.compile("walk")
	case "devloop":
		if b.devloop != "" {
			return filepath.Abs(b.devloop)
		}
		path := filepath.Join(b.dir, "devloop")
		if out, err := exec.CommandContext(b.ctx, "go", "build", "-o", path, "devloop/cmd/devloop").CombinedOutput(); err != nil {
			return "", fmt.Errorf("build it (or give -devloop): %w\n%s", err, out)
		}
		return path, nil
	}
	return exec.LookPath(t.program)
}

// machine prints what the figures hold for.
func (b *bench) machine() error {
	load := "unknown"
	if text, err := os.ReadFile("/proc/loadavg"); err == nil {
		load = strings.Join(strings.Fields(string(text))[:3], " ")
	}
	kernel := ""
	if text, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		kernel = " " + strings.TrimSpace(string(text))
	}
	fmt.Fprintf(b.stdout, "%s, %s%s/%s, %d CPUs, load %s.\n\n", time.Now().Format("2006-01-02 15:04"), runtime.GOOS, kernel, runtime.GOARCH, runtime.NumCPU(), load)
	var t table
	t.row("tool", "version", "how it was started")
	for _, tool := range b.tools {
		t.row(tool.label(), tool.is, tool.how)
	}
	for _, tool := range b.missing {
		t.row(tool.label(), "not installed", tool.install)
	}
	return t.write(b.stdout)
}

// progress tells a person that something is going on; it is no part of the report.
func (b *bench) progress(format string, args ...any) {
	fmt.Fprintf(b.stderr, "loopbench: "+format+"\n", args...)
}

// pauseFor waits, unless the bench is interrupted.
func (b *bench) pauseFor(d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-b.ctx.Done():
		return b.ctx.Err()
	}
}

// shuffled is the tools in another order every time, so that none has always
// the same one before it.
func shuffled[T any](all []T) []T {
	all = slices.Clone(all)
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}
