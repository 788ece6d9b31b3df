package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// patience bounds every wait for another program; it measures nothing.
const patience = 30 * time.Second

// bench is one run of the whole comparison. It owns its temporary directory.
type bench struct {
	settings
	ctx            context.Context
	stdout, stderr io.Writer
	dir            string
	self           string // this executable
	binary         string // devloop
	count          int    // of directories made
}

func newBench(ctx context.Context, s settings, stdout, stderr io.Writer) (b *bench, err error) {
	dir, err := os.MkdirTemp("", "swapbench-")
	if err != nil {
		return nil, fmt.Errorf("make temporary directory: %w", err)
	}
	b = &bench{settings: s, ctx: ctx, stdout: stdout, stderr: stderr, dir: dir}
	defer func() {
		if err != nil {
			err = errors.Join(err, b.close())
		}
	}()
	if b.self, err = os.Executable(); err != nil {
		return b, fmt.Errorf("find my own executable: %w", err)
	}
	if s.devloop != "" {
		b.binary, err = filepath.Abs(s.devloop)
		return b, err
	}
	b.binary = filepath.Join(dir, "devloop")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", b.binary, "devloop/cmd/devloop").CombinedOutput(); err != nil {
		return b, fmt.Errorf("build devloop (or give -devloop): %w\n%s", err, out)
	}
	return b, nil
}

// close removes what the bench made.
func (b *bench) close() error { return os.RemoveAll(b.dir) }

// fresh makes a directory for one session.
func (b *bench) fresh(name string) (string, error) {
	b.count++
	dir := filepath.Join(b.dir, name+"-"+strconv.Itoa(b.count))
	if err := os.Mkdir(dir, 0o700); err != nil {
		return "", fmt.Errorf("make directory: %w", err)
	}
	return dir, nil
}

// machine prints what the figures hold for.
func (b *bench) machine() {
	load := "unknown"
	if text, err := os.ReadFile("/proc/loadavg"); err == nil {
		load = strings.Join(strings.Fields(string(text))[:3], " ")
	}
	kernel := ""
	if text, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		kernel = " " + strings.TrimSpace(string(text))
	}
	fmt.Fprintf(b.stdout, "%s, %s%s/%s, %d CPUs, load %s, %s.\n\n", time.Now().Format("2006-01-02 15:04"),
		runtime.GOOS, kernel, runtime.GOARCH, runtime.NumCPU(), load, runtime.Version())
}

// progress tells a person that something is going on; it is no part of the report.
func (b *bench) progress(format string, args ...any) {
	fmt.Fprintf(b.stderr, "swapbench: "+format+"\n", args...)
}

// pause waits until a time, unless the bench is interrupted.
func (b *bench) pause(until time.Time) error {
	timer := time.NewTimer(time.Until(until))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-b.ctx.Done():
		return b.ctx.Err()
	}
}

// freePort is a port of 127.0.0.1 that nobody holds right now.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
