package examples_test

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"devloop/orchestrator/test/looptest"
	"devloop/orchestrator/test/testenv"
)

var block = regexp.MustCompile("(?s)```(python|yaml)\n(.*?)```")

// A newcomer's first minutes, by the two pages that lead through them: the files that a page has at first, copied into
// an empty directory, are a server that is held, and that an edit replaces.
func TestPagesLeadToAServer(t *testing.T) {
	for _, page := range []string{"../README.md", "../docs/getting-started.md"} {
		t.Run(filepath.Base(page), func(t *testing.T) {
			t.Parallel()
			requires(t, "python3")
			dir, port := t.TempDir(), testenv.FreePort()
			names := map[string]string{"python": "server.py", "yaml": "devloop.yaml"}
			for _, m := range block.FindAllStringSubmatch(string(read(t, page)), -1) {
				name := names[m[1]]
				if name == "" {
					continue // the first of its kind is meant
				}
				delete(names, m[1])
				text := strings.ReplaceAll(m[2], "3000", port)
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if len(names) > 0 {
				t.Fatalf("the page has no %v", names)
			}
			loop := looptest.Start(t, dir, port)
			loop.Shows(t, "Hello, World!")
			rewrite(t, filepath.Join(dir, "server.py"), func(text string) string { return strings.ReplaceAll(text, "World", "devloop") })
			loop.Asks(t, func(page string, err error) bool {
				if errors.Is(err, syscall.ECONNREFUSED) { // one that it has begun to answer it may well drop
					t.Fatalf("a request was refused: %v", err)
				}
				return err == nil && strings.Contains(page, "Hello, devloop!")
			})
			loop.Interrupt(t)
		})
	}
}
