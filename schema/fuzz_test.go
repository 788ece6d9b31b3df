package schema

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"devloop/orchestrator/test/testenv"
)

// FuzzParse holds that no text makes the loader panic or hang, that it returns
// a Config or mistakes, and that every place lies in the text.
func FuzzParse(f *testing.F) {
	testenv.Seeds(f, "testdata/fuzz/FuzzParse.txtar")
	for _, pattern := range []string{"testdata/mistakes/*.txtar", "testdata/configs/*.txtar"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range files {
			_, sections := readArchive(f, file)
			for _, s := range sections {
				if strings.HasSuffix(s.name, ".yaml") {
					f.Add(s.text)
				}
			}
		}
	}
	f.Fuzz(func(t *testing.T, src string) {
		c, err := parse(src)
		if err := holds(c, err, map[string]string{"/project/devloop.yaml": src}); err != nil {
			t.Fatal(err)
		}
		if c != nil {
			dump(c)
			if again, err := parse(c.Resolved(true, true)); err != nil || means(again) != means(c) {
				t.Fatalf("what is printed means something else, or nothing (%v):\n%s", err, c.Resolved(true, true))
			}
		}
	})
}

// FuzzMerge holds the same of a file and what it extends and includes.
func FuzzMerge(f *testing.F) {
	testenv.Seeds(f, "testdata/fuzz/FuzzMerge.txtar")
	files, err := filepath.Glob("testdata/merge/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		_, cases, trees := readTrees(f, file)
		for _, name := range cases {
			m := trees[name]
			var others []string
			for other, file := range m.files {
				if other != "project/devloop.yaml" {
					others = append(others, string(file.Data))
				}
			}
			slices.Sort(others)
			others = append(others, "", "")
			f.Add(string(m.files["project/devloop.yaml"].Data), others[0], others[1])
		}
	}
	f.Fuzz(func(t *testing.T, src, below, beside string) {
		m := newTree()
		m.add("devloop.yaml", "include: {path: a, as: a}\nextends: [./a.yaml]\n"+src)
		for _, name := range []string{"a.yaml", "builtin/a.yaml", "team/web.yaml"} {
			m.add(name, below)
		}
		for _, name := range []string{"b.yaml", "a/devloop.yaml", "b/devloop.yaml", "api/devloop.yaml", "devloop.local.yaml"} {
			m.add(name, beside)
		}
		c, err := m.load()
		if err := holds(c, err, m.texts()); err != nil {
			t.Fatal(err)
		}
		if c != nil {
			sameAgain(t, m, c)
		}
	})
}
