package reuse

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"devloop/schema"
)

const (
	toolTimeout = 10 * time.Second // for a command that prints a version
	toolOutputs = 64 << 10         // bytes that it may print
)

// toolOutput is what a tool has printed, and the program that did it.
type toolOutput struct {
	text    []byte
	program fs.FileInfo // nil: not known
}

// tools are what the tools of stages have printed.
type tools struct {
	exec func(ctx context.Context, tool schema.Command, s *Stage) ([]byte, error)

	mu    sync.Mutex // guards known
	known map[string]toolOutput
}

// of is what the stage's tools print, each with its command.
func (t *tools) of(ctx context.Context, s *Stage) ([]byte, error) {
	if len(s.Config.Tools) == 0 {
		return nil, nil
	}
	var all []byte
	for _, tool := range s.Config.Tools {
		text := tool.Text + strings.Join(tool.Argv, "\x00")
		program := programOf(tool, s)
		env := sha256.Sum256([]byte(strings.Join(s.Environ, "\x00")))
		key := text + "\x00" + s.Dir + "\x00" + string(env[:])
		t.mu.Lock()
		known, ok := t.known[key]
		t.mu.Unlock()
		if !ok || program == nil || known.program == nil || !os.SameFile(program, known.program) || !program.ModTime().Equal(known.program.ModTime()) || program.Size() != known.program.Size() {
			limited, cancel := context.WithTimeout(ctx, toolTimeout)
			out, err := t.exec(limited, tool, s)
			cancel()
			if err != nil {
				return nil, fmt.Errorf("`%s` of `reuse.tools` failed: %w", strings.ReplaceAll(text, "\x00", " "), err)
			}
			if len(out) > toolOutputs {
				return nil, fmt.Errorf("`%s` of `reuse.tools` prints more than %d KiB", strings.ReplaceAll(text, "\x00", " "), toolOutputs>>10)
			}
			known = toolOutput{out, program}
			t.mu.Lock()
			t.known[key] = known
			t.mu.Unlock()
		}
		all = fmt.Appendf(all, "%q %q\n", text, known.text)
	}
	return all, nil
}

// programOf is the file that a tool starts, as far as its first word tells; nil if it does not.
func programOf(tool schema.Command, s *Stage) fs.FileInfo {
	words := tool.Argv
	if len(words) == 0 {
		words = strings.Fields(tool.Text)
	}
	if len(words) == 0 {
		return nil
	}
	name := words[0]
	if strings.ContainsRune(name, filepath.Separator) {
		if !filepath.IsAbs(name) {
			name = filepath.Join(s.Dir, name)
		}
		info, err := os.Stat(name)
		if err != nil {
			return nil
		}
		return info
	}
	path, _ := lookup(s.Environ, "PATH")
	for _, dir := range filepath.SplitList(path) {
		if info, err := os.Stat(filepath.Join(dir, name)); err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o111 != 0 {
			return info
		}
	}
	return nil
}
