package procgroup

import (
	"os"
	"path/filepath"
	"testing"
)

// TestWrites: a child of the command that holds a file open for writing is
// found, one that reads it is not.
func TestWrites(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, script string
		writes       bool
	}{
		{"a child writes", "(echo open; exec sleep 60) >file 2>&1; true", true},
		{"the leader writes", "exec 3>>file; echo open >&3; sleep 60; true", true},
		{"a reader", "echo open >file; exec 3<file; sleep 60; true", false},
		{"another file", "echo open >file; exec 3>other; sleep 60; true", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			work := filepath.Join(dir, c.name)
			if err := os.Mkdir(work, 0o700); err != nil {
				t.Fatal(err)
			}
			ready := make(chan struct{}, 8)
			g, err := Start(Spec{Argv: []string{"/bin/sh", "-c", "echo here; " + c.script}, Dir: work, Env: os.Environ(),
				Output: func(Block) { ready <- struct{}{} }})
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := g.Kill(); err != nil {
					t.Error(err)
				}
				<-g.Done()
			}()
			<-ready
			path := filepath.Join(work, "file")
			for {
				if text, err := os.ReadFile(path); err == nil && len(text) > 0 {
					break
				}
			}
			if c.writes {
				if !g.Writes(path) {
					t.Error("it has the file open")
				}
				return
			}
			for g.Writes(path) { // the echo that has just written
			}
		})
	}
}
