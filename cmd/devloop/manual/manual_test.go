package manual_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"devloop/cmd/devloop/manual"
	"devloop/docs"
)

// Every topic leads to a section of the real pages.
func TestEveryTopicIsThere(t *testing.T) {
	t.Parallel()
	m, err := manual.Read(docs.Pages)
	if err != nil {
		t.Fatal(err)
	}
	for _, topic := range manual.Topics {
		if _, ok := m.Named(topic.Name); !ok {
			t.Errorf("there is no section for the topic %s", topic.Name)
		}
	}
}

// What a terminal shows names no file of docs/.
func TestLinksLeadToHelp(t *testing.T) {
	t.Parallel()
	m, err := manual.Read(docs.Pages)
	if err != nil {
		t.Fatal(err)
	}
	for _, topic := range manual.Topics {
		s, _ := m.Named(topic.Name)
		if text := m.Plain(s); strings.Contains(text, ".md)") || strings.Contains(text, "](") {
			i := max(strings.Index(text, "]("), strings.Index(text, ".md)"))
			t.Errorf("a link is left in %s: %q", topic.Name, text[max(0, i-60):min(len(text), i+40)])
		}
	}
}

func TestManual(t *testing.T) {
	t.Parallel()
	m, err := manual.Read(fstest.MapFS{
		"sockets.md":       {Data: []byte("# Sockets\n\nSee [the guide](guides/moving.md#air) and [it](https://example.com/x).\n\n## The proxy\n\nIt forwards. See [below](#tls).\n\n```\n# no heading [a](b.md)\n```\n\n### TLS\n\nIt does not end it.\n\n## Draining\n\nLast.\n")},
		"guides/moving.md": {Data: []byte("# Moving\n\n## air\n\nForwards too: [sockets.md](../sockets.md), [an example](../../examples/x).\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"sockets": "# Sockets", "moving": "# Moving", "sockets#tls": "### TLS\n\nIt does not end it.\n", "draining": "## Draining\n\nLast.\n",
		"docs/sockets.md": "# Sockets", "proxy": "## The proxy\n\nIt forwards",
	} {
		s, ok := m.Named(name)
		if !ok || !strings.HasPrefix(s.Text, want) {
			t.Errorf("%s is %q, not %q", name, s.Text, want)
		}
	}
	if _, ok := m.Named("nothing"); ok {
		t.Error("a name that nothing has is found")
	}
	var names []string
	for _, s := range m.Search("FORWARDS") {
		names = append(names, s.Name())
	}
	if got := strings.Join(names, " "); got != "sockets#the-proxy moving#air" {
		t.Errorf("found %s", got)
	}
	air, _ := m.Named("moving#air")
	if got, want := m.Plain(air), "## air\n\nForwards too: `devloop help sockets`, an example.\n"; got != want {
		t.Errorf("shown as %q, not %q", got, want)
	}
	all, _ := m.Named("sockets")
	if got, want := m.Plain(all), "See the guide (`devloop help moving#air`) and it (https://example.com/x)."; !strings.Contains(got, want) {
		t.Errorf("shown as %q, without %q", got, want)
	}
	if got := m.Plain(all); !strings.Contains(got, "# no heading [a](b.md)") {
		t.Errorf("code is changed: %q", got)
	}
}
