package reuse

import (
	"os"
	"path/filepath"
	"testing"

	"devloop/orchestrator/cas"
	"devloop/schema"
)

// Inputs that change while a stage runs are told when it passes, also if it failed before: no failure is kept anyway.
func TestInputsChangedIsToldOfPasses(t *testing.T) {
	root, store := t.TempDir(), t.TempDir()
	file := filepath.Join(root, "a")
	r := New(Options{Store: func() (*cas.Store, error) { return cas.Open(store, 1<<20) }})
	defer func() {
		r.Flush(t.Context())
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}()
	var told []string
	s := &Stage{Watcher: "check", Name: "test", Config: &schema.Reuse{}, Root: root, Dir: root, Argv: []string{"check"},
		Advise: func(text, _ string) { told = append(told, text) },
		Files:  func(yield func(string, error) bool) { yield(file, nil) }}
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("")
	a := r.Begin(t.Context(), s, false)
	write("1")
	if a.Failed(t.Context()); len(told) > 0 {
		t.Errorf("of a failure: %q", told)
	}
	a = r.Begin(t.Context(), s, false)
	write("12")
	if a.Passed(t.Context(), &Printed{}); len(told) != 1 {
		t.Errorf("of a pass: %q", told)
	}
}
