package watching

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Every tool is told the same command, and says how it is started and got.
func TestKnownTools(t *testing.T) {
	const command = "/tmp/ran __report /tmp/sock tag 0s"
	var seen []string
	for _, tool := range knownTools {
		if slices.Contains(seen, tool.name) {
			t.Errorf("%s stands twice", tool.name)
		}
		seen = append(seen, tool.name)
		p := project{dir: t.TempDir()}
		args, err := tool.args(p, command)
		if err != nil {
			t.Fatalf("%s: %v", tool.name, err)
		}
		told := strings.Join(args, " ")
		entries, _ := os.ReadDir(p.dir)
		for _, e := range entries {
			text, _ := os.ReadFile(filepath.Join(p.dir, e.Name()))
			told += string(text)
		}
		if !strings.Contains(told, command) {
			t.Errorf("%s is not told the command: %s", tool.name, told)
		}
		if tool.how == "" || tool.install == "" && tool.name != "devloop" {
			t.Errorf("%s: say how it is started and how it is got", tool.name)
		}
		for _, part := range tool.only {
			if !slices.Contains(verbs, part) {
				t.Errorf("%s takes part in %q, which does not exist", tool.name, part)
			}
		}
	}
}

func TestWord(t *testing.T) {
	for _, c := range []struct{ text, after, want string }{
		{"release: 5.3\nusage: entr", "release:", "5.3"},
		{"inotifywait 3.22.6.0\nWait for", "inotifywait", "3.22.6.0"},
		{"usage: entr", "release:", "?"},
		{"release:", "release:", "?"},
	} {
		if got := word(c.text, c.after); got != c.want {
			t.Errorf("word of %q after %q: got %q, want %q", c.text, c.after, got, c.want)
		}
	}
}

func TestProject(t *testing.T) {
	p, err := makeProject(t.TempDir(), "p", smallShape)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.dirs) != smallShape.dirs() || len(p.files) != smallShape.files {
		t.Errorf("got %d directories and %d files, want %d and %d", len(p.dirs), len(p.files), smallShape.dirs(), smallShape.files)
	}
	before, err := os.ReadFile(p.files[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, save := range []func(string) (saved, error){inPlace, byRename, asVim} {
		if s, err := save(p.files[0]); err != nil || s.began > s.last {
			t.Fatalf("save: %+v, %v", s, err)
		}
		after, err := os.ReadFile(p.files[0])
		if err != nil || string(after) == string(before) {
			t.Fatalf("a save must bring a new content: %v", err)
		}
		before = after
	}
	for _, pattern := range []string{"4913", "*~", "*.tmp"} {
		if left, _ := filepath.Glob(filepath.Join(filepath.Dir(p.files[0]), pattern)); len(left) > 0 {
			t.Errorf("saves left %v", left)
		}
	}
	if err := p.ignore("src"); err != nil || !p.ignores {
		t.Fatal(err)
	}
	if err := p.notice(); err != nil || p.ignores {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(p.dir, ".gitignore")); !os.IsNotExist(err) {
		t.Errorf(".gitignore is still there: %v", err)
	}
}
