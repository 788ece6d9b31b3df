//go:build unix

package orchestrator_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"devloop/orchestrator"
)

// TestVariables holds the table of the variables that devloop sets against what
// commands of every kind find in their environment.
func TestVariables(t *testing.T) {
	documented := tableOfVariables(t)
	const dump = `'BEGIN {for (name in ENVIRON) print name}'`
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	tools := t.TempDir()
	for _, name := range []string{"cargo", "pytest", "mypy"} {
		script := "#!/bin/sh\nexec awk " + dump + ` >>"${1:-stages}.txt"` + "\n"
		if err := os.WriteFile(filepath.Join(tools, name), []byte(script), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	environ := []string{"PATH=" + tools + ":" + os.Getenv("PATH"), "HOME=/nowhere"}
	files := map[string]string{
		"devloop.yaml": "extends: ./team/base.yaml\n",
		"src/x":        "",
		"team/base.yaml": fmt.Sprintf(`
sockets: {held: "http::0", fronted: {listen: "http::0", via: proxy}}
watchers:
  all:
    watch: src
    stages: [cargo, pytest, mypy, "awk %[1]s >>stages.txt"]
processes:
  holder:
    run: awk %[1]s >>processes.txt; echo up; exec sleep 1000
    sockets: [held]
    listen_pid: always
    ready: {exec: "awk %[1]s >>checks.txt"}
    stop: {command: "awk %[1]s >>stops.txt; kill $DEVLOOP_PID"}
  fronted:
    run: awk %[1]s >>processes.txt; %[2]s=listener exec %[3]s
    sockets: [fronted]
    ready: {exec: "awk %[1]s >>checks.txt"}
    stop: {command: "awk %[1]s >>stops.txt; kill $DEVLOOP_PID"}
  notifies:
    run: awk %[1]s >>processes.txt; %[2]s=notifier exec %[3]s
    ready: notify
  terminal: {run: "awk %[1]s >>processes.txt; echo up; exec sleep 1000", pty: true}
  tool: {run: cargo processes, depends_on: {all: passed}, restart: never}
  python: {run: pytest processes, restart: never}
  types: {run: mypy processes, restart: never}
`, dump, childEnv, exe),
	}
	p := start(t, files, orchestrator.Options{Environ: environ, Color: true})
	for _, seen := range []string{`holder \| up`, `terminal \| up`, `holder \| ✓ ready`, `fronted \| ✓ ready`, `notifies \| ✓ ready`, `tool \| ended`, `python \| ended`, `types \| ended`} {
		p.screen.wait(t, seen)
		p.screen.seen = 0 // they come in any order
	}
	p.end(0)

	for kind, names := range documented {
		text, err := os.ReadFile(filepath.Join(p.dir, kind+".txt"))
		if err != nil {
			t.Fatalf("%v; the screen shows:\n%s", err, p.screen)
		}
		found := map[string]bool{}
		for _, name := range strings.Fields(string(text)) {
			found[name] = true
		}
		for _, own := range []string{"PATH", "HOME", "PWD", "OLDPWD", "SHLVL", "_", "AWKPATH", "AWKLIBPATH", childEnv} {
			delete(found, own) // the test's, the shell's and awk's
		}
		got, want := slices.Sorted(maps.Keys(found)), slices.Sorted(slices.Values(names))
		if !slices.Equal(got, want) {
			t.Errorf("%s have\n%v\nand docs/configuration.md says\n%v", kind, got, want)
		}
	}
}

// tableOfVariables reads the table in docs/configuration.md: of each kind of
// command, which variables it has for sockets that are called held and fronted.
func tableOfVariables(t *testing.T) map[string][]string {
	t.Helper()
	page, err := os.ReadFile("../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(page), "| variable | stages | processes | `ready.exec` | `stop.command` | value |\n")
	if !found {
		t.Fatal("no table of variables")
	}
	table, _, _ = strings.Cut(table, "\n\n")
	documented := map[string][]string{}
	for line := range strings.Lines(table) {
		cells := strings.Split(line, "|")
		for _, match := range regexp.MustCompile("`([A-Z0-9_]+)(<NAME>)?`").FindAllStringSubmatch(cells[1], -1) {
			name := match[1]
			switch {
			case name == "DEVLOOP_FD_":
				name += "HELD"
			case match[2] != "":
				name += "FRONTED"
			}
			for i, kind := range []string{"stages", "processes", "checks", "stops"} {
				if strings.TrimSpace(cells[2+i]) != "" {
					documented[kind] = append(documented[kind], name)
				}
			}
		}
	}
	return documented
}
