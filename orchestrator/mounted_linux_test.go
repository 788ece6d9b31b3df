package orchestrator_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"devloop/orchestrator"
)

// What is mounted while the loop runs hides what it watches there, and it says
// so; where it does not look, it says nothing.
func TestMountsWhileRunning(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root to mount")
	}
	p := start(t, map[string]string{
		"devloop.yaml":       "watchers: {check: {watch: ['src/**/*.txt'], on_start: false, stages: [cat src/a.txt]}}\n",
		"src/a.txt":          "a",
		"src/share/b.txt":    "covered",
		"ignored/share/keep": "",
	}, orchestrator.Options{})
	p.screen.wait(t, `watching`)
	for _, name := range []string{"ignored/share", "src/share"} {
		dir := filepath.Join(p.dir, name)
		switch err := unix.Mount("none", dir, "tmpfs", 0, ""); err {
		case nil:
			t.Cleanup(func() {
				for unix.Unmount(dir, unix.MNT_DETACH) == nil { // whatever a failure has left
				}
			})
		case unix.EPERM, unix.ENODEV:
			t.Skipf("nothing can be mounted here: %v", err)
		default:
			t.Fatal(err)
		}
	}
	p.screen.wait(t, `something was mounted or unmounted at \S*/src/share: scanning it again`)
	p.write("src/a.txt", "b")
	p.screen.wait(t, `✓ passed`)
	p.end(0)
	if text := p.screen.String(); strings.Contains(text, "ignored/share") {
		t.Errorf("it tells of a place where it does not look:\n%s", text)
	}
}
