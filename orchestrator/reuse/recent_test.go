package reuse

import (
	"iter"
	"os"
	"path/filepath"
	"testing"

	"devloop/orchestrator/cas"
	"devloop/orchestrator/inputs"
	"devloop/schema"
)

// The stages of one run for which earlier passes stand look at the files once; what has run, or is put back, ends that.
func TestOneLookForARun(t *testing.T) {
	dir, kept := t.TempDir(), filepath.Join(t.TempDir(), "kept")
	if err := os.WriteFile(filepath.Join(dir, "a"), []byte("one"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := New(Options{Store: func() (*cas.Store, error) { return cas.Open(kept, 1<<20) }})
	defer func() {
		r.Flush(t.Context())
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}()
	looks := 0
	var files iter.Seq2[string, error] = func(yield func(string, error) bool) {
		looks++
		yield(filepath.Join(dir, "a"), nil)
	}
	begin := func(name, list string) *Attempt {
		out := filepath.Join(dir, "out-"+name)
		return r.Begin(t.Context(), &Stage{Watcher: "check", Name: name, Config: &schema.Reuse{Outputs: []schema.Path{{Text: "out", Abs: out}}}, Root: dir, Dir: dir,
			Argv: []string{name}, Text: name, Files: files, Run: list, Advise: func(text, _ string) { t.Error(text) }}, false)
	}
	for _, name := range []string{"lint", "test"} {
		a := begin(name, "run 1")
		if a.Hit() != nil {
			t.Fatal("it has never passed")
		}
		if err := os.WriteFile(filepath.Join(dir, "out-"+name), []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
		r.Ran()
		a.Passed(t.Context(), &Printed{})
	}
	steps := []struct {
		what, name, list string
		before           func()
		looks            int
	}{
		{"the first stage of a run", "lint", "run 2", func() {}, 1},
		{"the second one", "test", "run 2", func() {}, 0},
		{"another run", "lint", "run 3", func() {}, 1},
		{"after a command", "test", "run 3", r.Ran, 1},
		{"what is put back", "lint", "run 3", func() { _ = os.Remove(filepath.Join(dir, "out-lint")) }, 0},
		{"after that", "test", "run 3", func() {}, 1},
		{"without a list", "lint", "", func() {}, 1},
		{"and again", "lint", "", func() {}, 1},
	}
	for _, step := range steps {
		step.before()
		looks = 0
		if begin(step.name, step.list).Hit() == nil {
			t.Errorf("%s: no earlier pass stands for it", step.what)
		}
		if looks != step.looks {
			t.Errorf("%s: the files were listed %d times, not %d", step.what, looks, step.looks)
		}
	}
}

// What was read while something was written does not serve another stage.
func TestALookAcrossAWrite(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	if err := os.WriteFile(path, []byte("one"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, looks := &recent{}, 0
	s := &Stage{Root: dir, Run: "run 1", Files: func(yield func(string, error) bool) {
		if looks++; yield(path, nil) && looks == 1 {
			c.forget()
		}
	}}
	for _, want := range []int{1, 2, 2} {
		if _, err := c.take(t.Context(), inputs.NewTable(), s); err != nil || looks != want {
			t.Errorf("looked %d times, want %d (%v)", looks, want, err)
		}
	}
}
