package yamltree

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

var recipes = Dialect{
	File:    "a recipe",
	IsKey:   func(key string) bool { return key == "bake" || key == "mix" },
	TagHint: "quote it",
}

func TestParse(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"values", "bake: 20\nmix: [eggs, 'milk']\n", "{bake@1:7 20, mix@2:6 [2:7 eggs, 2:13 milk]}"},
		{"an alias keeps the place of its text", "mix: &a {bake: 5}\nagain: *a\n", "{mix@1:6 {bake@1:16 5}, again@1:6 {bake@1:16 5}}"},
		{"a merge key", "mix: &a {bake: 5, rest: 1}\nmore: {<<: *a, bake: 9}\n", "{mix@1:6 {bake@1:16 5, rest@1:25 1}, more@2:7 {rest@1:25 1, bake@2:22 9}}"},
		{"nothing", "# later\n", "nothing"},
		{"what is meant is read", "bake:20\nmix: @home\n", "{bake@1:7 20, mix@2:6 @home}\n2:6 YAML keeps a `@` at the beginning of a value for itself\n1:5 no space after the colon"},
		{"a word that is no key", "bale:20\nmix: 1\n", "nothing\n2:1 this line does not fit the ones above it"},
		{"two documents", "mix: 1\n---\nmix: 2\n", "{mix@1:6 1}\n2:1 a second document"},
		{"an anchor in itself", "mix: &a [*a]\n", "{mix@1:6 []}\n1:10 the anchor `&a` contains itself"},
		{"no text", "mix: \xff\n", "nothing\n1:6 not UTF-8 text"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, root, mistakes := recipes.Parse("recipe.yaml", []byte(tt.text))
			got := "nothing"
			if root != nil {
				got = drawn(root)
			}
			for _, m := range mistakes {
				got += fmt.Sprintf("\n%d:%d %s", m.Pos.Line, m.Pos.Col, m.Msg)
			}
			if got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// drawn is a tree in one line, each value behind its place.
func drawn(n *Node) string {
	var parts []string
	switch n.Kind {
	case Scalar:
		return n.Text
	case List:
		for _, item := range n.Items {
			parts = append(parts, fmt.Sprintf("%d:%d %s", item.Pos.Line, item.Pos.Col, drawn(item)))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	for _, p := range n.Pairs {
		parts = append(parts, fmt.Sprintf("%s@%d:%d %s", p.Key.Text, p.Value.Pos.Line, p.Value.Pos.Col, drawn(p.Value)))
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// FuzzParse holds that no text makes Parse panic or hang, and that every value
// and every mistake stands in the text.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"bake: 1\n", "bake:1", "mix: [a, *b]\n", "mix: {a: 'b\n", "\tmix: 1", "a: &a {<<: *a}\n", "- !x\n- |\n  text\n", "---\n---\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		source, root, mistakes := recipes.Parse("recipe.yaml", []byte(text))
		inside := func(pos Pos) {
			if pos.Line == 1 && pos.Col == 1 {
				return // of what is no text, or has none
			}
			if pos.Line < 1 || pos.Line > len(source.Lines()) || pos.Col < 1 || pos.Col > utf8.RuneCountInString(source.Line(pos.Line))+1 {
				t.Fatalf("outside of the text: %s", pos)
			}
		}
		for _, m := range mistakes {
			inside(m.Pos)
		}
		seen := map[*Node]bool{}
		var walk func(n *Node)
		walk = func(n *Node) {
			if n == nil || seen[n] {
				return
			}
			seen[n] = true
			inside(n.Pos)
			inside(n.At(len(n.Text)))
			for _, item := range n.Items {
				walk(item)
			}
			for _, p := range n.Pairs {
				walk(p.Key)
				walk(p.Value)
			}
		}
		walk(root)
	})
}
