// Package reference writes the page of every key of devloop.yaml, from the
// tables that the loader reads by. It never explains more than a sentence a
// key: that is the handbook's.
package reference

import (
	"bytes"
	"fmt"
	"strings"

	"devloop/schema"
)

//go:generate go test . -run TestPageIsCurrent -update

const head = `# Every key

Generated from the tables that devloop reads devloop.yaml with. ` + "`devloop schema --format markdown`" + ` prints this page for
your version, and ` + "`devloop schema`" + ` the same as a JSON schema for editors. [configuration.md](configuration.md) explains how
the keys work together.

Every mapping may also have keys that start with ` + "`x-`" + `; devloop ignores them. A list in *italics* may also be a
single item. Values may hold ` + "`${NAME}`" + `; commands that are strings leave it to the shell.
`

// Markdown is the page, with a final line break.
func Markdown() []byte {
	var b bytes.Buffer
	b.WriteString(head)
	p := page{b: &b, seen: map[string]bool{}}
	p.mapping("A devloop.yaml", schema.Language())
	return b.Bytes()
}

// page writes a table for each mapping with known keys, once each: first the
// mapping, then those that its keys hold.
type page struct {
	b    *bytes.Buffer
	seen map[string]bool
}

func (p *page) mapping(title string, s schema.Shape) {
	if p.seen[title] {
		return
	}
	p.seen[title] = true
	fmt.Fprintf(p.b, "\n## %s\n\n| key | type | default | meaning |\n|---|---|---|---|\n", title)
	for _, f := range s.Fields {
		def := f.Default
		switch {
		case f.Required:
			def = "**required**"
		case def == "":
			def = "none"
		case !inWords(def):
			def = "`" + def + "`"
		}
		fmt.Fprintf(p.b, "| `%s` | %s | %s | %s |\n", f.Name, cell(typeOf(f.Shape)), cell(def), cell(f.Doc))
	}
	for _, f := range s.Fields {
		p.within(f.Shape)
	}
}

// inWords reports whether a default is no value that one could write, but says
// what happens.
func inWords(def string) bool {
	return def == "none" || def == "adaptive" || strings.Contains(def, " ") && def[0] != '[' && def[0] != '{'
}

// within writes the mappings that a type holds.
func (p *page) within(s schema.Shape) {
	if len(s.Fields) > 0 {
		p.mapping(sentence(s.Name), s)
	}
	if s.List != nil {
		p.within(*s.List)
	}
	if s.Each != nil {
		p.within(*s.Each)
	}
	for _, o := range s.Or {
		p.within(o)
	}
}

// typeOf says a type in a few words.
func typeOf(s schema.Shape) string {
	switch {
	case len(s.Fields) > 0:
		return link(s.Name)
	case len(s.Values) > 0:
		return "`" + strings.Join(s.Values, "`, `") + "`"
	case s.List != nil && s.Lone:
		return "*list* of " + typeOf(*s.List)
	case s.List != nil:
		return "list of " + typeOf(*s.List)
	case s.Each != nil:
		return "mapping of names to " + typeOf(*s.Each)
	case s.Name == "command":
		return "command" // everywhere, and explained in one place
	case len(s.Or) > 0:
		var or []string
		if s.Name == "boolean" || s.Name == "integer" {
			or = append(or, s.Name)
		}
		for _, o := range s.Or {
			or = append(or, typeOf(o))
		}
		return strings.Join(or, " or ")
	}
	return s.Name
}

// link leads to the table of a mapping on this page.
func link(name string) string {
	anchor := strings.ToLower(strings.NewReplacer(" ", "-", "`", "").Replace(name))
	return "[" + strings.Trim(strings.TrimPrefix(strings.TrimPrefix(name, "a "), "an "), "`") + "](#" + anchor + ")"
}

func sentence(name string) string {
	if strings.HasPrefix(name, "a") {
		return "A" + name[1:]
	}
	return name
}

// cell is text that cannot end a cell of a table.
func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }
