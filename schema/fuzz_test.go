package schema

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzParse holds that no text makes the loader panic or hang, that it returns
// a Config or mistakes, and that every place lies in the text.
func FuzzParse(f *testing.F) {
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
		if (c == nil) == (err == nil) {
			t.Fatalf("both or neither: %v, %v", c, err)
		}
		if c != nil {
			if len(c.Watchers)+len(c.Processes) == 0 {
				t.Error("no nodes, and no mistake")
			}
			inText(t, src, c.Warnings)
			dump(c)
			return
		}
		var m Mistakes
		if !errors.As(err, &m) || len(m) == 0 {
			t.Fatalf("not a Mistakes: %v", err)
		}
		inText(t, src, m)
		if m.Error() == "" {
			t.Error("nothing is printed")
		}
	})
}

func inText(t *testing.T, src string, mistakes Mistakes) {
	t.Helper()
	lines := splitLines(strings.TrimPrefix(src, "\uFEFF"))
	for _, m := range mistakes {
		if m.Msg == "" || m.Pos.File != "/project/devloop.yaml" {
			t.Errorf("incomplete: %+v", m)
		}
		if m.Pos.Line < 1 || m.Pos.Line > len(lines) || m.Pos.Col < 1 || m.Pos.Col > utf8.RuneCountInString(lines[m.Pos.Line-1])+1 {
			t.Errorf("%s lies outside of the text: %s", m.Pos, m.Msg)
		}
	}
}
