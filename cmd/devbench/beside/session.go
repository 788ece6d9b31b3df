package beside

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"devloop/cmd/devbench/harness"
)

// patience bounds every wait for another program; it measures nothing.
const patience = 90 * time.Second

// A session is a tool that runs in a project of its own. Whoever starts it stops it.
type session struct {
	bench *bench
	stack stack
	dir   string
	url   string
	text  string // what the edited file says now
	*harness.Program
}

// start starts the tool in dir, which has the project.
func (b *bench) start(k stack, t tool, dir string) (*session, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("find a free port: %w", err)
	}
	port := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	if err := l.Close(); err != nil {
		return nil, fmt.Errorf("free the port: %w", err)
	}
	s := &session{bench: b, stack: k, dir: dir, url: "http://127.0.0.1:" + port + k.page}
	text, err := os.ReadFile(s.edited())
	if err != nil {
		return nil, fmt.Errorf("read the source: %w", err)
	}
	s.text = string(text)
	b.count++
	env := append(os.Environ(), "PORT="+port, "NEXT_TELEMETRY_DISABLED=1", "NODE_ENV=development", "DEVLOOP_RUNTIME_DIR="+b.Dir)
	words := make([]string, len(t.command))
	for i, w := range t.command {
		words[i] = strings.ReplaceAll(w, "$PORT", port)
	}
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Dir, cmd.Env = dir, env
	s.Program, err = harness.Start(cmd, filepath.Join(b.Dir, "log-"+strconv.Itoa(b.count)))
	return s, err
}

// project makes the directory that a tool works in.
func (b *bench) project(k stack, t tool) (string, error) {
	b.count++
	dir := filepath.Join(b.Dir, "shop-"+strconv.Itoa(b.count))
	for _, files := range []map[string]string{k.files, t.files} {
		for name, text := range files {
			path := filepath.Join(dir, filepath.FromSlash(name))
			if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
				return "", fmt.Errorf("make the project: %w", err)
			}
			if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
				return "", fmt.Errorf("make the project: %w", err)
			}
		}
	}
	return dir, nil
}

func (s *session) edited() string { return filepath.Join(s.dir, filepath.FromSlash(s.stack.edited)) }

// save writes the edited file in place, as an editor does, and returns when it began to.
func (s *session) save(text string) (time.Time, error) {
	s.text = text
	now := time.Now()
	if err := os.WriteFile(s.edited(), []byte(text), 0o666); err != nil {
		return now, fmt.Errorf("save: %w", err)
	}
	return now, nil
}

// stop ends the tool and everything in its process group.
func (s *session) stop() {
	if s.bench.verbose {
		s.bench.Progress("%s", s.OneLine())
	}
	s.Stop(10 * time.Second)
}
