package orchestrator_test

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"devloop/orchestrator"
)

// What is mounted while the loop runs hides what was watched there: it is looked
// at anew, and so it is when it is unmounted.
func TestMountsWhileRunning(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root to mount")
	}
	p := start(t, map[string]string{
		"devloop.yaml": `
watchers:
  check:
    watch: ["src/**/*.txt"]
    on_start: false
    stages: ['echo "holds: $(cat src/share/*.txt | xargs)."']
`,
		"src/share/a.txt":    "covered",
		"ignored/share/keep": "",
	}, orchestrator.Options{Stream: true})
	p.screen.wait(t, `watching`)
	mount := func(name string) {
		t.Helper()
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
	mount("ignored/share") // nobody looks there
	mount("src/share")
	p.screen.wait(t, `src/share changed`)
	p.screen.wait(t, `holds: .*\.`) // it is empty, but for what is written now
	p.screen.wait(t, `✓ passed`)
	p.write("src/share/b.txt", "mounted")
	p.screen.wait(t, `src/share/b.txt changed`)
	p.screen.wait(t, `holds: mounted\.`)
	p.screen.wait(t, `✓ passed`)
	if err := unix.Unmount(filepath.Join(p.dir, "src/share"), 0); err != nil {
		t.Fatal(err)
	}
	p.screen.wait(t, `src/share changed`)
	p.screen.wait(t, `holds: covered\.`)
	p.screen.wait(t, `✓ passed`)
	p.write("src/share/a.txt", "seen again")
	p.screen.wait(t, `src/share/a.txt changed`)
	p.screen.wait(t, `holds: seen again\.`)
	p.end(0)
}
