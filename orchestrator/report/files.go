package report

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"devloop/orchestrator/console"
	"devloop/orchestrator/diagnostics"
	"devloop/orchestrator/machine"
)

// files names files as people see them.
type files struct {
	dir  string                 // paths are shown as seen from here
	gone func(path string) bool // whether a file was gone when it was looked at; nil: nobody knows
	to   func(path string, line, column int) string
}

// cause says why something starts or stops.
func (f files) cause(r Report) string {
	switch r.Why {
	case machine.ByStart:
		return "first run"
	case machine.ByTrigger:
		return r.By + " passed"
	case machine.ByHand:
		return "by hand"
	case machine.ByPass:
		return "built for the first time"
	case machine.ByDependency:
		return r.By + " was restarted"
	case machine.ByChecking:
		return r.By + " is checking"
	case machine.ByConfig:
		return "configuration changed"
	case machine.ByChecked:
		return "checks passed"
	case machine.ByChange:
		return f.Paths(r.Paths) + " changed"
	}
	return string(r.Why)
}

// Paths names the first of the changed files.
func (f files) Paths(paths []string) string {
	const most = 2
	if f.gone != nil {
		paths = f.present(paths)
	}
	var shown []string
	for i, p := range paths {
		if i == most && len(paths) > most+1 {
			return fmt.Sprintf("%s and %d more", strings.Join(shown, ", "), len(paths)-most)
		}
		if rel, err := filepath.Rel(f.dir, p); err == nil {
			p = rel
		}
		shown = append(shown, console.Name(p))
	}
	return strings.Join(shown, ", ")
}

// present leaves out files that no longer exist, such as one that an editor wrote first and then renamed,
// if anything else is left to name.
func (f files) present(paths []string) []string {
	const looks = 16 // more are not shown, and a storm has thousands
	if len(paths) < 2 || len(paths) > looks {
		return paths
	}
	there := slices.DeleteFunc(slices.Clone(paths), f.gone)
	if len(there) == 0 {
		return paths
	}
	return there
}

// place is a problem's place as people write it.
func (f files) place(p diagnostics.Problem) string {
	file := p.File
	if rel, err := filepath.Rel(f.dir, file); err == nil && len(rel) < len(file) {
		file = rel
	}
	return console.Place(file, p.Line, p.Column)
}

// link leads to a problem's place; "": nowhere.
func (f files) link(p diagnostics.Problem) string {
	if f.to == nil {
		return ""
	}
	return f.to(p.File, p.Line, p.Column)
}
