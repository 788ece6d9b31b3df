package reuse

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"sync"
	"time"

	"devloop/schema"
)

const (
	toolTimeout = 10 * time.Second // for a command that prints a version
	toolOutputs = 64 << 10         // bytes that it may print
)

// tools are what the tools of stages have printed.
type tools struct {
	exec func(ctx context.Context, tool schema.Command, s *Stage) ([]byte, error)

	mu    sync.Mutex // guards what follows
	run   string
	known map[string][]byte // in that run, by the command and what it is run with
}

// of is what the stage's tools print, each with its command.
func (t *tools) of(ctx context.Context, s *Stage) ([]byte, error) {
	if len(s.Config.Tools) == 0 {
		return nil, nil
	}
	var all []byte
	for _, tool := range s.Config.Tools {
		text := tool.Text + strings.Join(tool.Argv, "\x00")
		env := sha256.Sum256([]byte(strings.Join(s.Environ, "\x00")))
		key := text + "\x00" + s.Dir + "\x00" + string(env[:])
		printed, ok := t.printed(s.Run, key)
		if !ok {
			limited, cancel := context.WithTimeout(ctx, toolTimeout)
			var err error
			printed, err = t.exec(limited, tool, s)
			cancel()
			if err != nil {
				return nil, fmt.Errorf("`%s` of `reuse.tools` failed: %w", strings.ReplaceAll(text, "\x00", " "), err)
			}
			if len(printed) > toolOutputs {
				return nil, fmt.Errorf("`%s` of `reuse.tools` prints more than %d KiB", strings.ReplaceAll(text, "\x00", " "), toolOutputs>>10)
			}
			t.note(s.Run, key, printed)
		}
		all = fmt.Appendf(all, "%q %q\n", text, printed)
	}
	return all, nil
}

// printed is what a tool has printed in a run already: what it is may change without its program, as with a version that a
// file or another tool chooses.
func (t *tools) printed(run, key string) ([]byte, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if run == "" || run != t.run {
		return nil, false
	}
	printed, ok := t.known[key]
	return printed, ok
}

func (t *tools) note(run, key string, printed []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if run != t.run {
		t.run, t.known = run, map[string][]byte{}
	}
	t.known[key] = printed
}
