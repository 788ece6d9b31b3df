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
	documented(t, "```yaml", func(path string, line int, text string) {
		blocks++
		if _, err := Parse(fmt.Sprintf("/project/%s.%d.yaml", filepath.Base(path), line), []byte(text), Options{LookupEnv: func(string) (string, bool) { return "", false }, Presets: os.DirFS("preset/presets")}); err != nil {
			t.Errorf("%s:%d: this block does not load:\n%v", path, line, err)
		}
	})
	if blocks < 5 {
		t.Errorf("only %d blocks were found: is this the right place?", blocks)
	}
}

// around are the files that stand around the fragments of a page: base.yaml is
// what a fragment is laid over.
var around = map[string]map[string]string{
	"../docs/configuration.md": {
		"team/web.yaml": "sockets: {web: http::3000, admin: 3001}\n" +
			"watchers: {check: {watch: src, stages: [make]}}\nprocesses: {server: {run: ./s, sockets: [web]}}\n",
		"services/shop/devloop.yaml": "processes: {shop: {run: ./shop}}\n",
		"services/api/devloop.yaml":  "processes: {server: {run: ./api}}\n",
	},
	"../docs/guides/monorepo.md": {
		"services/api/devloop.yaml": "processes: {server: {run: ./api}}\n",
		"services/web/devloop.yaml": "processes: {server: {run: ./web}}\n",
		"tools/proto/devloop.yaml":  "watchers: {generate: {watch: \"*.proto\", stages: [make]}}\n",
	},
	"../docs/guides/node.md": {
		"client/devloop.yaml": "processes: {vite: {run: ./vite}}\n",
		"server/devloop.yaml": "processes: {server: {run: ./server}}\n",
	},
	"../docs/sockets.md": {"base.yaml": "sockets: {web: 3000, admin: 3001}\n"},
}

// TestDocumentedFragmentsLoad loads the blocks that are a part of a file: laid
// over the devloop.yaml beside the page, which is how a reader takes them.
func TestDocumentedFragmentsLoad(t *testing.T) {
	fragments := 0
	documented(t, "```yaml fragment", func(path string, line int, text string) {
		fragments++
		m := newTree()
		for name, text := range around[filepath.ToSlash(path)] {
			m.add(name, text)
		}
		if beside, err := os.ReadFile(filepath.Join(filepath.Dir(path), "devloop.yaml")); err == nil {
			m.add("base.yaml", string(beside))
		}
		under := ""
		switch key, _, _ := strings.Cut(text, ":"); {
		case topKeys.find(key) != nil || strings.HasPrefix(text, "#"):
		case key == "stages":
			under = "watchers:\n  check:\n    "
		default:
			under = "processes:\n  "
		}
		if under != "" {
			indent := under[strings.LastIndex(under, "\n")+1:]
			text = under + strings.TrimRight(strings.ReplaceAll(text, "\n", "\n"+indent), " ")
		}
		if m.files["project/base.yaml"] != nil {
			text = "extends: ./base.yaml\n" + text
		}
		m.add("devloop.yaml", text)
		if _, err := m.load(); err != nil {
			t.Errorf("%s:%d: this block does not load:\n%v\n%s", path, line, err, text)
		}
	})
	if fragments < 5 {
		t.Errorf("only %d fragments were found: is this the right place?", fragments)
	}
}

// documented calls visit for every block of the documents behind such a fence.
func documented(t *testing.T, fence string, visit func(path string, line int, text string)) {
	t.Helper()
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != ".." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "node_modules" || d.Name() == "target"):
			return filepath.SkipDir
		case filepath.Ext(path) != ".md":
			return nil
		}
		for line, text := range yamlBlocks(t, path, fence) {
			visit(path, line, text)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// yamlBlocks finds the blocks of a document behind such a fence, by line.
func yamlBlocks(t *testing.T, path, fence string) map[int]string {
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
		case start == 0 && trimmed == fence:
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
