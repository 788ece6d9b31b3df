//go:build linux || darwin || freebsd

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// On a terminal init asks where there is a choice, shows what it would write, and
// writes it on a yes alone.
func TestInitAsks(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":             "module shop\n",
		"cmd/api/main.go":    "package main\n\nimport \"net/http\"\n\nfunc main() { http.ListenAndServe(\":\"+os.Getenv(\"PORT\"), nil) }\n",
		"cmd/worker/main.go": "package main\n\nimport \"net/http\"\n\nfunc main() { http.ListenAndServe(\":\"+os.Getenv(\"PORT\"), nil) }\n",
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("CI", "")
	t.Setenv("TERM", "xterm")
	file := filepath.Join(dir, "devloop.yaml")
	ask := func(answers ...string) {
		t.Helper()
		x := onTerminal(t, 40, 200, "-f", file, "init")
		for i, pattern := range []string{`Which main package is the server\?[^:]*number \[1\]: `, `When do the tests run\?[^\[]*number \[1\]: `, `Write this\? \[Y/n\] `} {
			x.Await(`(?s)` + pattern)
			x.Press(answers[i] + "\r")
		}
		x.ends(exitOK)
	}
	ask("9\r2", "", "perhaps\rn")
	if _, err := os.Stat(file); err == nil {
		t.Fatal("it was written in spite of a no")
	}
	ask("2", "2", "")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"MAIN: ./cmd/worker", "TESTS: gate"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%s is not in\n%s", want, text)
		}
	}
	x := onTerminal(t, 40, 60, "-f", file, "init") // it is there
	x.Await(`never\s+overwrites`)
	x.ends(exitUsage)
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	x = onTerminal(t, 40, 40, "-f", file, "init")
	x.Await(`(?s)server\?[^:]*number \[1\]: `)
	x.Press("\r")
	x.Await(`1 +beside: after each restart; a failure\s+is only told\s`) // so are questions
	x.Press("\x03")
	x.ends(-1)
	x = onTerminal(t, 40, 60, "-f", file, "init", "--yes")
	x.Await(`next: read [^\n]*\n  \S`) // long lines are broken between words
	x.ends(exitOK)
	if text, err = os.ReadFile(file); err != nil || !strings.Contains(string(text), "TESTS: beside") {
		t.Errorf("%v\n%s", err, text)
	}
}
