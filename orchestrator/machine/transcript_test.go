package machine

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the transcripts instead of comparing them")

// TestTranscripts plays the scripts in testdata. Each file opens with what it
// guards, and has three sections: the project (see language_test.go), the
// script (see script.line), and the transcript that must come of it.
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("find scripts: %d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			guards, sections := splitSections(string(data))
			if guards == "" {
				t.Error("the file does not open with what it guards")
			}
			got, err := play(sections["config"], sections["script"])
			if err != nil {
				t.Fatal(err)
			}
			if *update {
				text := fmt.Sprintf("%s-- config --\n%s-- script --\n%s-- transcript --\n%s",
					guards, sections["config"], sections["script"], got)
				if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
					t.Fatal(err)
				}
				return
			}
			if want := sections["transcript"]; got != want {
				t.Errorf("the transcript has changed (-update accepts it)\n%s", compare(want, got))
			}
		})
	}
}

// splitSections reads a txtar archive: text, then sections that each begin
// with a line `-- name --`.
func splitSections(text string) (comment string, sections map[string]string) {
	sections = map[string]string{}
	name := ""
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(line), "-- "); ok && strings.HasSuffix(rest, " --") {
			name = strings.TrimSuffix(rest, " --")
			continue
		}
		if name == "" {
			comment += line
		} else {
			sections[name] += line
		}
	}
	return comment, sections
}

// compare shows two texts line by line from a little before where they part.
func compare(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	i := 0
	for i < len(w) && i < len(g) && w[i] == g[i] {
		i++
	}
	from := max(0, i-8)
	show := func(lines []string) string {
		return strings.Join(lines[min(from, len(lines)):min(i+12, len(lines))], "\n")
	}
	return fmt.Sprintf("line %d\n--- want\n%s\n--- got\n%s", i+1, show(w), show(g))
}
