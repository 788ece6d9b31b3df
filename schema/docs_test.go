package schema

import (
	"bufio"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDocumentedConfigurationsLoad loads every YAML block of the documents, as
// a reader would who copies it. A block that is only a part of a file says so:
// its fence is ```yaml fragment.
func TestDocumentedConfigurationsLoad(t *testing.T) {
	blocks := 0
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != ".." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "node_modules" || d.Name() == "target"):
			return filepath.SkipDir
		case filepath.Ext(path) != ".md":
			return nil
		}
		for line, text := range yamlBlocks(t, path) {
			blocks++
			if _, err := Parse(fmt.Sprintf("/project/%s.%d.yaml", filepath.Base(path), line), []byte(text), Options{LookupEnv: func(string) (string, bool) { return "", false }, Presets: os.DirFS("preset/presets")}); err != nil {
				t.Errorf("%s:%d: this block does not load:\n%v", path, line, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if blocks < 5 {
		t.Errorf("only %d blocks were found: is this the right place?", blocks)
	}
}

// yamlBlocks finds the complete YAML blocks of a document, by line.
func yamlBlocks(t *testing.T, path string) map[int]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	blocks := map[int]string{}
	var text strings.Builder
	start := 0
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		line := lines.Text()
		switch trimmed := strings.TrimSpace(line); {
		case start == 0 && trimmed == "```yaml":
			start = n + 1
			text.Reset()
		case start > 0 && trimmed == "```":
			blocks[start] = text.String()
			start = 0
		case start > 0:
			text.WriteString(line + "\n")
		}
	}
	return blocks
}
