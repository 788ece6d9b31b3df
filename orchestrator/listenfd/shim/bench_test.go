//go:build unix

package shim_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"devloop/orchestrator/listenfd/shim"
)

// BenchmarkStart is what it costs to start a command that does nothing: directly; through the shim, once by way of a
// program as small as this test and once of one that carries what a grown program carries (testdata/heavy); and through
// the shell, the shortest thing that sets the variable.
//
//	go test -run '^$' -bench Start -benchtime 500x ./orchestrator/listenfd/shim
func BenchmarkStart(b *testing.B) {
	heavy := filepath.Join(b.TempDir(), "heavy")
	build := exec.Command("go", "build", "-o", heavy, "./testdata/heavy")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		b.Skipf("build: %v, %s", err, out)
	}
	command := "/bin/true"
	if _, err := os.Stat(command); err != nil {
		command = "/usr/bin/true" // macOS
	}
	for _, way := range []struct {
		name string
		argv []string
	}{
		{"direct", []string{command}},
		{"shim", shim.Wrap("", []string{command})},
		{"shim-of-heavy", shim.Wrap(heavy, []string{command})},
		{"sh", []string{"/bin/sh", "-c", `LISTEN_PID=$$ exec "$@"`, "sh", command}},
	} {
		b.Run(way.name, func(b *testing.B) {
			for b.Loop() {
				if err := exec.Command(way.argv[0], way.argv[1:]...).Run(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
