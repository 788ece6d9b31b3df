//go:build unix

package orchestrator_test

import (
	"fmt"
	"strings"
	"testing"

	"devloop/orchestrator"
	"devloop/orchestrator/test/testenv"
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
	p.write("other.txt", "b") // its event comes after that
	p.screen.wait(t, `changed: other.txt\n`)
	p.screen.wait(t, `✓ passed`)
	p.write(".git/info/exclude", "in.txt\n")
	p.screen.wait(t, `changed: out.txt\n`) // it has come into sight
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

// A save counts when the rule that ignored the file was taken away right before
// it, in the same directory or above what is watched.
func TestSavedRightAfterARuleWasTakenAway(t *testing.T) {
	rounds := testenv.Either(2, 5)
	for _, rules := range []string{"src/.gitignore", ".gitignore"} {
		p := start(t, map[string]string{
			"devloop.yaml": "watchers: {check: {watch: [src], on_start: false, stages: ['cat src/out.txt src/deep/out.txt']}}\n",
			rules:          "out.txt\n", "src/out.txt": "0", "src/deep/out.txt": "0", "src/in.txt": "0",
		}, orchestrator.Options{Stream: true})
		p.screen.wait(t, `watching`)
		for i := range rounds {
			p.write(rules, "nothing\n")
			p.write("src/out.txt", "A")
			p.write("src/deep/out.txt", fmt.Sprintln("B", i))
			p.screen.wait(t, fmt.Sprintf(`AB %d\n`, i))
			p.write(rules, "out.txt\n")
			p.write("src/out.txt", "ignored")
			p.write("src/in.txt", fmt.Sprintln("see", i))
			p.screen.wait(t, `(?s)ignored.*✓ passed`)
		}
		p.write(rules, "nothing\n") // what was saved while it was ignored comes into sight
		p.screen.wait(t, fmt.Sprint("ignoredB ", rounds-1))
		p.end(0)
	}
}
