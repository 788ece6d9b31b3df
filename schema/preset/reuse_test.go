package preset

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestReused: a stage of a preset that is not run again has the verdict that running it would have.
func TestReused(t *testing.T) {
	t.Parallel()
	p := project{preset: "python", dir: "testdata/python", needs: []string{"python3"}}
	p.requires(t)
	dir, cache := p.copied(t, "0"), t.TempDir()
	run := func(what string, want int, reused bool) {
		t.Helper()
		cmd := devloop(t, dir, "run")
		cmd.Env = append(cmd.Env, "DEVLOOP_REUSE=", "XDG_CACHE_HOME="+cache, "HOME="+cache)
		out, err := cmd.CombinedOutput()
		if code := exitCode(err); code != want {
			t.Errorf("%s: devloop run ends with %d, want %d\n%s", what, code, want, out)
		}
		if got := strings.Contains(string(out), "with these inputs"); got != reused {
			t.Errorf("%s: reused: %v, want %v\n%s", what, got, reused, out)
		}
	}
	file := filepath.Join(dir, "sum.py")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	run("at first", 0, false)
	run("again", 0, true)
	write(t, file, "this is no Python\n")
	run("a mistake", 1, false)
	run("the same mistake", 1, false)
	write(t, file, string(text))
	run("undone", 0, true)
	write(t, filepath.Join(dir, "another.py"), "this is no Python\n")
	run("a mistake in a new file", 1, false)
}
