package swapping

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"devloop/cmd/devbench/harness"
)

// patience bounds every wait for another program; it measures nothing.
const patience = 30 * time.Second

// settings are the flags.
type settings struct {
	via      []string
	update   []string
	servers  []string
	devloop  string
	clients  int
	restarts int
	period   time.Duration
	delay    time.Duration
	quiet    time.Duration
	kills    int
	bad      int
	bursts   int
	held     int
	gap      time.Duration
	rounds   int
	slice    time.Duration
	verbose  bool
}

// bench is one run of the comparison.
type bench struct {
	settings
	*harness.Bench
	binary string // devloop
	count  int    // of directories made
}

func newBench(ctx context.Context, s settings, stdout, stderr io.Writer) (b *bench, err error) {
	h, err := harness.New(ctx, "", stdout, stderr)
	if err != nil {
		return nil, err
	}
	b = &bench{settings: s, Bench: h}
	if b.binary, err = b.Devloop(s.devloop); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return b, nil
}

// fresh makes a directory for one session.
func (b *bench) fresh(name string) (string, error) {
	b.count++
	dir := filepath.Join(b.Dir, name+"-"+strconv.Itoa(b.count))
	if err := os.Mkdir(dir, 0o700); err != nil {
		return "", fmt.Errorf("make directory: %w", err)
	}
	return dir, nil
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
