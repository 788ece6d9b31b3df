package schema

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"devloop/schema/yamltree"
)

// good are configurations without a mistake: those of the other tests.
func good(t testing.TB) []string {
	t.Helper()
	var texts []string
	for _, pattern := range []string{"testdata/configs/*.txtar", "testdata/mistakes/*.txtar"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("no cases: %v", err)
		}
		for _, file := range files {
			_, sections := readArchive(t, file)
			for _, s := range sections {
				if _, err := parse(s.text); strings.HasSuffix(s.name, ".yaml") && err == nil {
					texts = append(texts, s.text)
				}
			}
		}
	}
	return texts
}

// mutations are what goes wrong when people write: each changes one line of a
// text, or the lines around it.
var mutations = []struct {
	name  string
	apply func(r *rand.Rand, lines []string, at int) []string
}{
	{"a line deleted", func(_ *rand.Rand, l []string, at int) []string { return slices.Delete(l, at, at+1) }},
	{"a line twice", func(_ *rand.Rand, l []string, at int) []string { return slices.Insert(l, at, l[at]) }},
	{"two lines swapped", func(_ *rand.Rand, l []string, at int) []string {
		next := (at + 1) % len(l)
		l[at], l[next] = l[next], l[at]
		return l
	}},
	{"indented more", func(_ *rand.Rand, l []string, at int) []string { l[at] = " " + l[at]; return l }},
	{"indented less", func(_ *rand.Rand, l []string, at int) []string { l[at] = strings.TrimPrefix(l[at], " "); return l }},
	{"indented with a tab", func(_ *rand.Rand, l []string, at int) []string { l[at] = "\t" + strings.TrimLeft(l[at], " "); return l }},
	{"a key renamed", func(r *rand.Rand, l []string, at int) []string {
		l[at] = anyKey.ReplaceAllStringFunc(l[at], func(key string) string {
			i := r.IntN(len(key) - 1)
			return key[:i] + key[i+1:]
		})
		return l
	}},
	{"a value of another type", func(r *rand.Rand, l []string, at int) []string {
		values := []string{"[]", "{}", "[a, b]", "{a: b}", "5", "-1", "true", "null", "text", `""`, "!x y", "*y", "&z", "${NOPE}", "${", "{a,b}", "|", "0x10", "1e9", ".inf", "2001-01-01"}
		l[at] = anyValue.ReplaceAllLiteralString(l[at], ": "+values[r.IntN(len(values))])
		return l
	}},
	{"an unknown name", func(r *rand.Rand, l []string, at int) []string {
		l[at] = anyWord.ReplaceAllStringFunc(l[at], func(word string) string { return word + string(rune('a'+r.IntN(26))) })
		return l
	}},
	{"a character lost", func(r *rand.Rand, l []string, at int) []string {
		if runes := []rune(l[at]); len(runes) > 0 {
			i := r.IntN(len(runes))
			l[at] = string(slices.Delete(runes, i, i+1))
		}
		return l
	}},
	{"a character too much", func(r *rand.Rand, l []string, at int) []string {
		runes := []rune(l[at])
		odd := []rune("[]{}:,#&*!|>'\"%@`-?~$\\ \tä…")
		l[at] = string(slices.Insert(runes, r.IntN(len(runes)+1), odd[r.IntN(len(odd))]))
		return l
	}},
	{"cut off", func(_ *rand.Rand, l []string, at int) []string { return l[:at+1] }},
	{"a colon without its space", func(_ *rand.Rand, l []string, at int) []string {
		l[at] = strings.Replace(l[at], ": ", ":", 1)
		return l
	}},
	{"a dash without its space", func(_ *rand.Rand, l []string, at int) []string {
		l[at] = strings.Replace(l[at], "- ", "-", 1)
		return l
	}},
}

var (
	anyKey   = regexp.MustCompile(`[a-z_]{3,}:`)
	anyValue = regexp.MustCompile(`: .*$`)
	anyWord  = regexp.MustCompile(`\b[a-z]{2,}\b`)
)

// mutants makes one text wrong in n places.
func mutant(r *rand.Rand, text string, n int) (mutated, how string) {
	var names []string
	lines := strings.Split(text, "\n")
	for range n {
		m := mutations[r.IntN(len(mutations))]
		names = append(names, m.name)
		if lines = m.apply(r, slices.Clone(lines), r.IntN(len(lines))); len(lines) == 0 {
			lines = []string{""}
		}
	}
	return strings.Join(lines, "\n"), strings.Join(names, ", ")
}

// inFile tells what is wrong with the places of a mistake, or "".
func inFile(m Mistake, texts map[string]string) string {
	text, known := texts[m.Pos.File]
	if !known {
		return "a place in no file: " + m.Pos.String()
	}
	if m.Msg == "" {
		return "no text at " + m.Pos.String()
	}
	lines := yamltree.SplitLines(strings.TrimPrefix(text, "\uFEFF"))
	if m.Pos.Line < 1 || m.Pos.Line > len(lines) || m.Pos.Col < 1 || m.Pos.Col > utf8.RuneCountInString(lines[m.Pos.Line-1])+1 {
		return "outside of the text: " + m.Pos.String()
	}
	for _, also := range m.Also {
		if wrong := inFile(also, texts); wrong != "" {
			return wrong
		}
	}
	return ""
}

// holds checks what every load has to keep, whatever it is given.
func holds(c *Config, err error, texts map[string]string) error {
	if (c == nil) == (err == nil) {
		return fmt.Errorf("both or neither: %v, %v", c, err)
	}
	var mistakes Mistakes
	if err == nil {
		mistakes = c.Warnings
		if len(c.Watchers)+len(c.Processes) == 0 {
			return errors.New("no nodes, and no mistake")
		}
	} else if !errors.As(err, &mistakes) || len(mistakes) == 0 {
		return fmt.Errorf("not a Mistakes: %w", err)
	}
	for _, m := range mistakes {
		if wrong := inFile(m, texts); wrong != "" {
			return fmt.Errorf("%s (%s)", wrong, m.Msg)
		}
	}
	return nil
}

// TestMutants breaks good configurations at random, always the same ones, and
// holds that every mistake is told at a place in the file.
func TestMutants(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	told := 0
	for _, text := range good(t) {
		for i := range 60 {
			src, how := mutant(r, text, 1+i%3)
			c, err := parse(src)
			if err := holds(c, err, map[string]string{"/project/devloop.yaml": src}); err != nil {
				t.Fatalf("%v, after %s:\n%s", err, how, src)
			}
			if err != nil {
				told++
			}
		}
	}
	if told < 1000 {
		t.Errorf("only %d of them had a mistake", told)
	}
}

// TestMutantsOfTrees does the same to configurations of several files.
func TestMutantsOfTrees(t *testing.T) {
	files, err := filepath.Glob("testdata/merge/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	r := rand.New(rand.NewPCG(3, 4))
	for _, file := range files {
		_, cases, trees := readTrees(t, file)
		for _, name := range cases {
			m := trees[name]
			for range 20 {
				broken, texts, how := m.mutant(r)
				c, err := broken.load()
				if err := holds(c, err, texts); err != nil {
					t.Fatalf("%s/%s: %v, after %s:\n%v", file, name, err, how, texts)
				}
				if c != nil {
					sameAgain(t, broken, c)
				}
			}
		}
	}
}

// mutant breaks one or two files of a tree.
func (m *tree) mutant(r *rand.Rand) (broken *tree, texts map[string]string, how string) {
	broken = newTree()
	broken.env, broken.unread = m.env, m.unread
	var names []string
	for name, f := range m.files {
		broken.add("/"+name, string(f.Data))
		names = append(names, "/"+name)
	}
	for name, f := range m.builtin {
		broken.add("builtin/"+name, string(f.Data))
		names = append(names, "builtin/"+name)
	}
	slices.Sort(names)
	for range 1 + r.IntN(2) {
		name := names[r.IntN(len(names))]
		files, key := broken.files, strings.TrimPrefix(name, "/")
		if rest, ok := strings.CutPrefix(name, "builtin/"); ok {
			files, key = broken.builtin, rest
		}
		src, what := mutant(r, string(files[key].Data), 1)
		how += name + ": " + what + "; "
		broken.add(name, src)
	}
	return broken, broken.texts(), how
}

// texts are the files by their names in messages.
func (m *tree) texts() map[string]string {
	texts := map[string]string{}
	for name, f := range m.files {
		texts["/"+name] = string(f.Data)
	}
	for name, f := range m.builtin {
		texts[builtin+strings.TrimSuffix(name, ".yaml")] = string(f.Data)
	}
	return texts
}

// BenchmarkMutants is the cost of telling what is wrong: no file of the corpus
// may take longer than 50 ms. It reports the longest.
func BenchmarkMutants(b *testing.B) {
	r := rand.New(rand.NewPCG(5, 6))
	texts := good(b)
	for b.Loop() {
		src, _ := mutant(r, texts[r.IntN(len(texts))], 3)
		_, _ = parse(src)
	}
}
