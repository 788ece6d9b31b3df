package runner

import (
	"os"
	"path/filepath"
	"testing"
)

func TestScratchIsMadeAgain(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	made := 0
	s := newScratch(func(string) { made++ })
	write := func(run int) error {
		return s.write(changedList{"check", run, run - 1}, []string{"a", "b\nc"}, false)
	}
	check := func(run int) {
		t.Helper()
		for name, want := range map[string]string{s.path(run, "check"): "a\n", withNUL(s.path(run, "check")): "a\x00b\nc\x00"} {
			if got, err := os.ReadFile(name); err != nil || string(got) != want {
				t.Errorf("%s holds %q, %v; want %q", filepath.Base(name), got, err, want)
			}
		}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(write(1))
	check(1)
	must(os.RemoveAll(s.dir)) // as those do who clean up
	must(write(1))
	check(1)
	must(write(2))
	check(2)
	if _, err := os.Stat(s.path(1, "check")); err == nil {
		t.Error("the list of the run before is still there")
	}
	if made != 2 {
		t.Errorf("the directory was told of %d times, want 2", made)
	}
	// What somebody else has made in its place is neither used nor removed.
	must(os.RemoveAll(s.dir))
	must(os.Mkdir(s.dir, 0o755))
	must(os.WriteFile(filepath.Join(s.dir, "x"), nil, 0o600))
	if err := write(3); err == nil {
		t.Error("written to a directory that is not devloop's")
	}
	must(s.close())
	if _, err := os.Stat(filepath.Join(s.dir, "x")); err != nil {
		t.Error(err)
	}
}
