package reuse

import (
	"context"
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

// play is a stage in a directory of its own that reads the file a.
func play(t *testing.T, reuse schema.Reuse) (r *Reuser, s *Stage, told *[]string) {
	root, store := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(root, "a"), []byte("one"), 0o600); err != nil {
		t.Fatal(err)
	}
	told = &[]string{}
	for i := range reuse.Outputs {
		reuse.Outputs[i].Abs = filepath.Join(root, reuse.Outputs[i].Text)
	}
	r = New(Options{Store: func() (*cas.Store, error) { return cas.Open(store, 1<<20) },
		Exec: func(context.Context, schema.Command, *Stage) ([]byte, error) {
			return os.ReadFile(filepath.Join(root, "version"))
		}})
	t.Cleanup(func() {
		r.Flush(context.WithoutCancel(t.Context()))
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r, &Stage{Watcher: "check", Name: "test", Config: &reuse, Root: root, Dir: root, Argv: []string{"check"},
		Advise: func(text, _ string) { *told = append(*told, text) },
		Files:  func(yield func(string, error) bool) { yield(filepath.Join(root, "a"), nil) }}, told
}

// What has failed since it passed stands for nothing, until it passes again.
func TestAFailureEndsAPass(t *testing.T) {
	r, s, _ := play(t, schema.Reuse{})
	begin := func(fresh bool) *Attempt { return r.Begin(t.Context(), s, fresh) }
	begin(false).Passed(t.Context(), &Printed{})
	if begin(false).Hit() == nil {
		t.Fatal("a pass does not stand for the next one")
	}
	if out := begin(true).Failed(t.Context()); out.Passes != 1 || out.Failures != 1 {
		t.Errorf("it is not told as flaky: %+v", out)
	}
	if begin(false).Hit() != nil {
		t.Error("a pass stands for a stage that has failed since")
	}
	begin(false).Passed(t.Context(), &Printed{})
	if begin(false).Hit() == nil {
		t.Error("the pass after the failure stands for nothing")
	}
}

// A link is no output that could be put back: what it leads to may be something else by then.
func TestALinkIsNotKept(t *testing.T) {
	r, s, told := play(t, schema.Reuse{Outputs: []schema.Path{{Text: "dist"}}})
	if err := os.Symlink("real", filepath.Join(s.Root, "dist")); err != nil {
		t.Skip("no links here: ", err)
	}
	r.Begin(t.Context(), s, false).Passed(t.Context(), &Printed{})
	if r.Begin(t.Context(), s, false).Hit() != nil || len(*told) != 1 {
		t.Errorf("told %q", *told)
	}
}

// A tool may print something else without being another program: it is asked in each run.
func TestToolsAreAskedInEachRun(t *testing.T) {
	r, s, _ := play(t, schema.Reuse{Tools: []schema.Command{{Text: "version"}}})
	write := func(version string) {
		if err := os.WriteFile(filepath.Join(s.Root, "version"), []byte(version), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("1")
	s.Run = "run 1"
	r.Begin(t.Context(), s, false).Passed(t.Context(), &Printed{})
	write("2")
	if r.Begin(t.Context(), s, false).Hit() == nil {
		t.Error("it is asked twice in a run")
	}
	s.Run = "run 2"
	if r.Begin(t.Context(), s, false).Hit() != nil {
		t.Error("another version is not noticed")
	}
}
