package reference

import (
	"bytes"
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the page into its file")

const file = "../../docs/reference.md"

// TestPageIsCurrent holds the page that is checked in against the tables.
func TestPageIsCurrent(t *testing.T) {
	want := Markdown()
	if *update {
		if err := os.WriteFile(file, want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is stale: go generate ./schema/reference", file)
	}
}

// TestHandbookHasEveryKey: the page that explains the keys names each of them.
func TestHandbookHasEveryKey(t *testing.T) {
	page, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\|").FindAllStringSubmatch(string(Markdown()), -1) {
		if !strings.Contains(string(page), "`"+m[1]+"`") && !strings.Contains(string(page), m[1]+":") {
			t.Errorf("docs/configuration.md does not explain the key %s", m[1])
		}
	}
}

// TestLinksLeadSomewhere holds every link within the page against its headings.
func TestLinksLeadSomewhere(t *testing.T) {
	page := string(Markdown())
	headings := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^## (.*)$`).FindAllStringSubmatch(page, -1) {
		headings["#"+strings.ToLower(strings.NewReplacer(" ", "-", "`", "", ".", "").Replace(m[1]))] = true
	}
	links := regexp.MustCompile(`\]\((#[^)]*)\)`).FindAllStringSubmatch(page, -1)
	if len(links) < 8 {
		t.Errorf("only %d links", len(links))
	}
	for _, m := range links {
		if !headings[m[1]] {
			t.Errorf("%s leads nowhere", m[1])
		}
	}
}

// TestEveryRowHasItsCells finds text that would break a table.
func TestEveryRowHasItsCells(t *testing.T) {
	for line := range strings.Lines(string(Markdown())) {
		if strings.HasPrefix(line, "|") && strings.Count(strings.ReplaceAll(line, `\|`, ""), "|") != 5 {
			t.Errorf("not four cells: %s", line)
		}
	}
}
