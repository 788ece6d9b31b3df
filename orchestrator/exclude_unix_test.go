//go:build unix

package orchestrator_test

import (
	"strings"
	"testing"

	"devloop/orchestrator"
)

// What git ignores is asked anew when one of the files outside the work tree
// changes that say so, and not only when a .gitignore does.
func TestExcludeFilesTakeEffectWhileRunning(t *testing.T) {
	p := start(t, map[string]string{
		"devloop.yaml": `
watchers:
  check:
    watch: ["**/*.txt"]
    on_start: false
    stages: ['echo "changed: $(sort $DEVLOOP_CHANGED_FILE | xargs -n1 basename | xargs)"']
`,
		".git/HEAD": "ref: refs/heads/main\n", ".git/objects/x": "", ".git/refs/x": "",
		".git/info/exclude": "out.txt\n",
		"in.txt":            "a", "out.txt": "a", "other.txt": "a",
	}, orchestrator.Options{Stream: true})
	p.screen.wait(t, `watching`)
	p.write("out.txt", "b")
	p.write(".git/info/exclude", "in.txt\n")
	p.write("other.txt", "b") // its event comes after these
	p.screen.wait(t, `changed: other.txt\n`)
	p.screen.wait(t, `✓ passed`)
	p.write("in.txt", "c")
	p.write("out.txt", "c")
	p.screen.wait(t, `changed: out.txt\n`)
	p.screen.wait(t, `✓ passed`)
	p.end(0)
	if text := p.screen.String(); strings.Contains(text, "changed: in.txt") || strings.Contains(text, "in.txt out.txt") {
		t.Errorf("an excluded file has woken the watcher:\n%s", text)
	}
}
