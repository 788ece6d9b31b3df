package schema

import (
	"os"
	"strings"
	"testing"
)

// section is one file of a txtar archive: `-- NAME --` in a line of its own,
// and the text up to the next such line.
type section struct{ name, text string }

// readArchive reads a txtar archive; comment is what stands before its first
// section.
func readArchive(t testing.TB, file string) (comment string, sections []section) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		name, isMark := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "-- ")
		if name, ok := strings.CutSuffix(name, " --"); isMark && ok {
			sections = append(sections, section{name: name})
		} else if n := len(sections); n > 0 {
			sections[n-1].text += line
		} else {
			comment += line
		}
	}
	return comment, sections
}

func writeArchive(t *testing.T, file, comment string, sections []section) {
	t.Helper()
	var b strings.Builder
	b.WriteString(comment)
	for _, s := range sections {
		b.WriteString("-- " + s.name + " --\n" + s.text)
	}
	if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}
