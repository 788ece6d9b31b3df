package reuse

import (
	"iter"
	"path/filepath"
	"strings"

	"devloop/orchestrator/reapi"
	"devloop/schema"
)

// Stage is a stage with `reuse`, as it is about to run.
type Stage struct {
	Watcher, Name string
	Config        *schema.Reuse
	Root          string           // the project's directory, to which all paths are relative
	Dir           string           // where it runs
	Argv          []string         // what is run
	Text          string           // as it is written
	Set           []reapi.Property // the variables that the file sets
	Unset         []string
	Environ       []string         // NAME=value, all that the stage gets
	Remote        bool             // it runs on an engine, if need be
	Platform      []reapi.Property // of an engine

	// Files are those that it reads, as absolute paths. It may be gone through several times.
	Files iter.Seq2[string, error]
	// Run names the run that the stage is part of, and List what Files lists: stages in which both are the same may share what
	// was read for the first of them. "" is like no other.
	Run, List string

	// Advise is told what keeps the stage from being reused, each thing once. Other goroutines call it.
	Advise func(text, hint string)
}

// relative is a path below or beside a directory, with slashes; "" for the directory itself.
func relative(dir, path string) string {
	rel, err := filepath.Rel(dir, path)
	switch {
	case err != nil: // another volume
		return filepath.ToSlash(path)
	case rel == ".":
		return ""
	}
	return filepath.ToSlash(rel)
}

// lookup is the value of a variable of an environment.
func lookup(environ []string, name string) (string, bool) {
	for _, kv := range environ {
		if value, ok := strings.CutPrefix(kv, name+"="); ok {
			return value, true
		}
	}
	return "", false
}

// stageName is a stage's among all of this user: its project's directory is part of it.
func stageName(s *Stage) string { return strings.Join([]string{s.Root, s.Watcher, s.Name}, "\x00") }
