//go:build linux || darwin || freebsd

package inspect_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"devloop/orchestrator/control"
	"devloop/orchestrator/doctor"
	"devloop/orchestrator/graph"
	"devloop/orchestrator/inspect"
	"devloop/schema"
)

// TestDiagnose looks at what depends on the project and on the running loop;
// the system's own limits have tests where they are read.
func TestDiagnose(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"devloop.yaml": `
shell: [no-such-shell, -c]
sockets: {web: http::0, admin: "udp::0"}
watchers:
  check: {watch: [src], stages: [x], trigger: .trigger}
processes: {server: {run: [x], watch: .trigger, sockets: [web, admin]}}
`,
		"src/a":     "",
		"src/b/c":   "",
		".git/HEAD": "",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cfg, _, err := schema.Load(filepath.Join(dir, "devloop.yaml"), schema.Options{})
	if err != nil {
		t.Fatal(err)
	}
	g, _ := graph.New(cfg)
	for _, c := range []struct {
		name    string
		running *control.Status
		want    []string // MARK ABOUT: a part of the text
	}{
		{"no loop", nil, []string{
			"ok configuration: devloop.yaml",
			"ok watching: would watch 2 directories for 2 files",
			"warn trigger: .trigger is not ignored",
			"ok socket admin: any free port",
			"warn shell: no-such-shell is not found",
		}},
		{"a loop in trouble", &control.Status{PID: 77, Watching: &control.Watching{Directories: 1, Unwatched: 1, Overflows: 2},
			Sockets: []control.Socket{{Name: "web", Address: "http://here"}}}, []string{
			"ok watching: the loop of pid 77 watches 1 directory",
			"warn watching: the loop of pid 77 cannot watch 1 directory",
			"note watching: overflowed 2 times",
			"ok socket web: http://here is held by the running loop",
			"ok socket admin: any free port",
		}},
		{"a loop that polls", &control.Status{PID: 77, Watching: &control.Watching{Polled: 3, Interval: 2 * time.Second}}, []string{
			"note watching: the loop of pid 77 polls 3 directories: everything every 2s",
		}},
		{"a loop that watches nothing", &control.Status{PID: 77}, []string{
			"note watching: the loop of pid 77 watches nothing",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			list := inspect.Diagnose(cfg, g, c.running)
		wants:
			for _, want := range c.want {
				mark, rest, _ := strings.Cut(want, " ")
				about, text, _ := strings.Cut(rest, ": ")
				for _, f := range list {
					if f.Mark == doctor.Mark(mark) && f.About == about && strings.Contains(f.Text, text) {
						continue wants
					}
				}
				t.Errorf("no %q in %+v", want, list)
			}
			for _, f := range list {
				if f.Mark == doctor.Warn && f.Hint == "" {
					t.Errorf("a warning without a hint: %+v", f)
				}
			}
		})
	}
}
