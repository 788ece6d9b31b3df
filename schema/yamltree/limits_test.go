package yamltree

import (
	"fmt"
	"strings"
	"testing"
)

// only returns the one mistake of a file that cannot be used.
func only(t *testing.T, text string) Mistake {
	t.Helper()
	_, root, mistakes := recipes.Parse("recipe.yaml", []byte(text))
	if root != nil || len(mistakes) != 1 {
		t.Fatalf("not one mistake: %v, %v", root, mistakes)
	}
	return mistakes[0]
}

func TestAliasBomb(t *testing.T) {
	var b strings.Builder
	b.WriteString("x-a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := 1; i < 12; i++ {
		fmt.Fprintf(&b, "x-a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 10), ", "))
	}
	b.WriteString("processes: {server: {run: *a11}}\n")
	m := only(t, b.String())
	if m.Msg != "aliases stand for more than 100000 values" || m.Pos.Line != 5 {
		t.Errorf("got %v", m)
	}
}

func TestMergeBomb(t *testing.T) {
	var b strings.Builder
	b.WriteString("x-base: &base\n")
	for i := range 2000 {
		fmt.Fprintf(&b, "  k%d: v\n", i)
	}
	b.WriteString("x-all:\n")
	for i := range 2000 {
		fmt.Fprintf(&b, "  m%d: {<<: *base}\n", i)
	}
	if m := only(t, b.String()); m.Msg != "aliases stand for more than 100000 values" {
		t.Errorf("got %v", m)
	}
}

func TestDeepNesting(t *testing.T) {
	for _, src := range []string{
		"x-a: " + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000),
		"x-a: " + strings.Repeat("{a: ", 20_000) + strings.Repeat("}", 20_000),
	} {
		if _, root, mistakes := recipes.Parse("recipe.yaml", []byte(src)); root != nil || len(mistakes) != 1 {
			t.Error("20,000 levels were read")
		}
	}
}

func TestUnreadableText(t *testing.T) {
	for _, tt := range []struct {
		name, src string
		line, col int
		msg       string
	}{
		{"a NUL byte", "version: 1\nname: a\x00b\n", 2, 8, "a control character"},
		{"an escape", "version: 1\nname: ä\x1b[0m\n", 2, 8, "a control character"},
		{"Latin-1", "version: 1\nname: caf\xe9\n", 2, 10, "not UTF-8 text"},
		{"UTF-16", "\xff\xfev\x00e\x00", 1, 1, "the file is UTF-16"},
		{"a BOM within", "version: 1\nname: \uFEFFa\n", 2, 7, "a control character"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := only(t, tt.src)
			if m.Pos.Line != tt.line || m.Pos.Col != tt.col || m.Msg != tt.msg {
				t.Errorf("got %d:%d: %s\nwant %d:%d: %s", m.Pos.Line, m.Pos.Col, m.Msg, tt.line, tt.col, tt.msg)
			}
		})
	}
}

func TestManySyntaxMistakes(t *testing.T) {
	_, _, m := recipes.Parse("recipe.yaml", []byte("x-a:\n"+strings.Repeat("  - @a\n", MaxMistakes+1)))
	if len(m) != MaxMistakes {
		t.Fatalf("%d mistakes, want %d", len(m), MaxMistakes)
	}
}
