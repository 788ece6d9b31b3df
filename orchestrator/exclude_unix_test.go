//go:build unix

package orchestrator_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

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

// TestGitsConfigurationTakesEffectWhileRunning: core.excludesFile may change at any time, in the repository's configuration
// or in one that it includes; the file that it names is followed from then on.
func TestGitsConfigurationTakesEffectWhileRunning(t *testing.T) {
	for _, polled := range []bool{false, true} {
		opt := orchestrator.Options{Stream: true}
		if polled {
			every := 40 * time.Millisecond
			opt.Poll = &every
		}
		p, client := controlledWith(t, map[string]string{
			"devloop.yaml": "watchers: {check: {watch: [src], on_start: false, stages: ['xargs -n1 basename < $DEVLOOP_CHANGED_FILE | sort | xargs >> saw']}}\n",
			".git/HEAD":    "ref: refs/heads/main\n", ".git/objects/x": "", ".git/refs/x": "", ".git/config": "",
			"rules/one": "a.txt\n", "rules/two": "b.txt\n", "src/a.txt": "0", "src/b.txt": "0", "src/c.txt": "0",
		}, opt)
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		wait := func(saw string) {
			t.Helper()
			if v, err := client.Wait(ctx); err != nil || !v.OK {
				t.Fatalf("%+v, %v; the screen shows:\n%s", v, err, p.screen)
			}
			text, _ := os.ReadFile(filepath.Join(p.dir, "saw")) // nothing has run: nothing is there
			names := strings.Fields(string(text))               // of one run, or of more
			slices.Sort(names)
			if got := strings.Join(slices.Compact(names), " "); got != saw {
				t.Fatalf("polled %v: saw %q, want %q; the screen shows:\n%s", polled, got, saw, p.screen)
			}
			p.write("saw", "")
		}
		config := func(name string) string {
			return "[core]\n\texcludesFile = " + filepath.Join(p.dir, name) + "\n"
		}
		saved := 0
		save := func() {
			for _, name := range []string{"src/a.txt", "src/b.txt", "src/c.txt"} {
				saved++
				p.write(name, fmt.Sprint(saved))
			}
		}
		save()
		wait("a.txt b.txt c.txt")
		later := time.Now().Add(time.Hour) // so do files look that were written right before the rules change, or where clocks disagree
		for _, name := range []string{"src/b.txt", "src/c.txt"} {
			if err := os.Chtimes(filepath.Join(p.dir, name), later, later); err != nil {
				t.Fatal(err)
			}
		}
		wait("")
		p.replace(".git/config", config("rules/one"))
		wait("")
		save()
		wait("b.txt c.txt")
		p.replace(".git/config", "[include]\n\tpath = included\n") // which is not there yet
		wait("a.txt")
		p.replace(".git/included", config("rules/two"))
		wait("")
		save()
		wait("a.txt c.txt")
		p.replace("rules/two", "c.txt\n")
		wait("b.txt")
		save()
		wait("a.txt b.txt")
		p.end(0)
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
