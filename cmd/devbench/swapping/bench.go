package swapping

import (
	"fmt"
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
	harness.Flags
	via      []string
	update   []string
	servers  []string
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
	count int // of directories made
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
