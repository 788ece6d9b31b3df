package filewatch

import (
	"os"
	"slices"
	"testing"

	"devloop/orchestrator/contents"
	"devloop/orchestrator/inputs"
)

// TestInputs: what a stage reads is what is watched, less what devloop itself writes; a place that hangs is told.
func TestInputs(t *testing.T) {
	t.Parallel()
	l := newLooked(t)
	l.opt.Own = &Own{}
	list := func() (paths []string, failed error) {
		for path, err := range l.Inputs(0, nil, nil) {
			if paths = append(paths, path); err != nil {
				failed = err
			}
		}
		return paths, failed
	}
	if paths, err := list(); err != nil || !slices.Equal(paths, []string{l.file}) {
		t.Errorf("%v %v", paths, err)
	}
	l.hanging.held = []string{l.file}
	if _, err := list(); err == nil {
		t.Error("a place that hangs is passed over")
	}
	l.hanging.held = nil
	info, err := os.Stat(l.file)
	if err != nil {
		t.Fatal(err)
	}
	l.opt.Own.File(info)
	if paths, err := list(); err != nil || len(paths) > 0 {
		t.Errorf("devloop's own output is an input: %v %v", paths, err)
	}
}

// TestSumsAreAskedFor: whether the sums of files are kept is asked whenever all that is known of them is forgotten.
func TestSumsAreAskedFor(t *testing.T) {
	t.Parallel()
	l := newLooked(t)
	asked := 0
	l.opt.Sums = func() contents.Sums {
		if asked++; asked > 1 {
			return nil
		}
		return inputs.NewTable()
	}
	for i := range 2 {
		if l.forget(); asked != i+1 {
			t.Errorf("asked %d times", asked)
		}
	}
	if !l.base.contents.Look(l.file).Changed || l.base.contents.Look(l.file).Changed {
		t.Error("what a file holds is not known")
	}
}
