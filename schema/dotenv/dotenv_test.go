package dotenv

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

// fake is an environment with a few variables of its own.
type fake struct{ values map[string]string }

func newFake() *fake {
	return &fake{map[string]string{"HOME": "/home/me", "PATH": "/bin", "EMPTY": ""}}
}

func (f *fake) Lookup(name string) (string, bool) { v, ok := f.values[name]; return v, ok }
func (f *fake) Set(name, value string)            { f.values[name] = value }

// read is what a text comes to: the value of its last variable in quotes, with
// what is not set, or its mistakes.
func read(text string) string {
	f, mistakes := Parse([]byte(text))
	env := newFake()
	var unset []Ref
	if f != nil {
		var mistake *Mistake
		if unset, mistake = f.Expand(env); mistake != nil {
			mistakes = append(mistakes, *mistake)
		}
	}
	var said []string
	for _, m := range mistakes {
		said = append(said, fmt.Sprintf("%d:%d: %s", m.Pos.Line, m.Pos.Col, m.Msg))
	}
	if len(said) > 0 {
		return strings.Join(said, "; ")
	}
	out := "nothing"
	if vars := f.Vars(); len(vars) > 0 {
		out = fmt.Sprintf("%q", env.values[vars[len(vars)-1].Name])
	}
	for _, v := range unset {
		out += fmt.Sprintf(", %d:%d: %s is not set", v.Pos.Line, v.Pos.Col, v.Name)
	}
	return out
}

// dialect is the language beside what docs/configuration.md shows of it.
var dialect = []struct{ text, want string }{
	{"", "nothing"},
	{"# a\n\n   # b", "nothing"},
	{"A=1", `"1"`},
	{"A=1\r\nB=2\r\n", `"2"`},
	{"\uFEFFA=1", `"1"`},
	{"\xff\xfeA\x00", "1:1: the file is UTF-16"},
	{"A=1\x00", "1:4: a NUL character"},
	{"  export\tA = 1  ", `"1"`},
	{"export=1", `"1"`},
	{"exported=1", `"1"`},
	{"A: 1", `"1"`},
	{"A:1", "1:2: there is no = after the name"},
	{"A", "1:2: there is no = after the name"},
	{"A\nB=1\nC", "1:2: there is no = after the name; 3:2: there is no = after the name"},
	{"A B=1", "1:3: there is no = after the name"},
	{"=1", "1:1: there is no name before the ="},
	{"1A=1", "1:1: a variable's name is letters, digits and _, and does not begin with a digit"},
	{"OPENAI-KEY=1", "1:7: a variable's name is letters, digits and _"},
	{"A.B=1", "1:2: a variable's name is letters, digits and _"},
	{"Ä=1", "1:1: a variable's name is letters, digits and _"},
	{"A=1\nA=2", `"2"`},

	{"A=", `""`},
	{"A=   ", `""`},
	{"A=1 # one # two", `"1"`},
	{"A=1\t# one", `"1"`},
	{"A= # one", `""`},
	{"A=1#one", `"1#one"`},
	{"A=#fff", `"#fff"`},
	{"A=a b  c ", `"a b  c"`},
	{"A=a=b", `"a=b"`},
	{`A=it's "so"`, `"it's \"so\""`},
	{`A=C:\new\dir`, `"C:\\new\\dir"`},
	{`A=a\$HOME`, `"a$HOME"`},
	{"A=`date`", "1:3: backquotes do not quote here, and run no command"},
	{"A=`x", "\"`x\""},
	{"A=$(date)", `"$(date)"`},

	{`A="a # b"`, `"a # b"`},
	{`A="a" # b`, `"a"`},
	{`A="tab\there"`, `"tab\there"`},
	{`A="say \"hi\""`, `"say \"hi\""`},
	{`A="a\nb\r\\n\q"`, `"a\nb\r\\n\\q"`},
	{"A=\"one\r\ntwo\"\nB=$A", `"one\ntwo"`},
	{`A="a\$HOME $HOME"`, `"a$HOME /home/me"`},
	{`A="a"b`, "1:6: text after the closing quote"},
	{`A="a" b`, "1:7: text after the closing quote"},
	{"A=\"a\nB=\"b\"", "2:4: text after the closing quote"},
	{"A=1\nB=\"never\nC=2", "2:3: the quote is never closed"},
	{`A="a\"`, "1:3: the quote is never closed"},
	{`A="a\`, "1:3: the quote is never closed"},
	{`A='$HOME \n "x"'`, `"$HOME \\n \"x\""`},
	{`A='it\'s'`, `"it's"`},
	{"A='one\ntwo'", `"one\ntwo"`},
	{"A='a", "1:3: the quote is never closed"},

	{"A=$HOME/bin", `"/home/me/bin"`},
	{"PATH=$PATH:/x\nB=$PATH", `"/bin:/x"`},
	{"HOME=/other\nA=$HOME", `"/other"`},
	{"A=$B\nB=1\nC=$A", `"", 1:3: B is not set`},
	{"A=$$HOME", `"$HOME"`},
	{"A=$", `"$"`},
	{"A=a$ b$1 $-", `"a$ b$1 $-"`},
	{"A=${HOME}y", `"/home/mey"`},
	{"A=$NOPE.", `".", 1:3: NOPE is not set`},
	{`A="ä ${NOPE}"`, `"ä ", 1:6: NOPE is not set`},
	{"A=${NOPE:-x}", `"x"`},
	{"A=${EMPTY:-x}${EMPTY-x}", `"x"`},
	{"A=${NOPE-x y}", `"x y"`},
	{"A=${NOPE:-}", `""`},
	{"A=${NOPE:-${EMPTY:-$HOME}}!", `"/home/me!"`},
	{"A=${HOME:-$NOPE}", `"/home/me"`},
	{"A=${NOPE:-$NOPE}", `"", 1:11: NOPE is not set`},
	{"A=${HOME:+x}${EMPTY:+y}${EMPTY+z}", `"xz"`},
	{"A=${HOME:?secret}", `"/home/me"`},
	{"A=${NOPE:?secret}", "1:3: `NOPE` is not set, but is required"},
	{"A=${EMPTY:?secret}", "1:3: `EMPTY` is not set, but is required"},
	{"A=${EMPTY?secret}", `""`},
	{"A=x${HOME", "1:4: `${` is never closed"},
	{"A=${}", "1:3: this `${` does not begin a valid reference"},
	{"A=${1}", "1:3: this `${` does not begin a valid reference"},
	{"A=${HOME/a/b}", "1:3: this `${` does not begin a valid reference"},
	{"A=${A B}", "1:3: this `${` does not begin a valid reference"},
	{"A=" + strings.Repeat("${B:-", 30) + strings.Repeat("}", 30), "1:103: references are nested too deeply"},
}

func TestDialect(t *testing.T) {
	for _, tc := range dialect {
		if got := read(tc.text); got != tc.want {
			t.Errorf("%q:\n got %s\nwant %s", tc.text, got, tc.want)
		}
	}
}

// TestDocumented holds the rows of the table in the documentation that give a
// line and its value: `LINE` | `VALUE`, with nothing for an empty one.
func TestDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(page), "| line of the file | value |")
	if !found {
		t.Fatal("no table of the dialect")
	}
	table, _, _ = strings.Cut(table, "\n\n")
	row := regexp.MustCompile("(?m)^\\| `(.+?)` \\| (?:`(.*?)`|(empty.*?)|a mistake.*?) \\|")
	rows := row.FindAllStringSubmatch(table, -1)
	if len(rows) < 15 {
		t.Fatalf("%d rows", len(rows))
	}
	for _, r := range rows {
		text, want := r[1], fmt.Sprintf("%q", strings.ReplaceAll(r[2], "⏎", "\n"))
		want = strings.ReplaceAll(want, "⇥", `\t`)
		text = strings.ReplaceAll(text, "⏎", "\n")
		got := read(text)
		switch {
		case strings.HasPrefix(r[0], "| `"+r[1]+"` | a mistake"):
			if f, _ := Parse([]byte(text)); f != nil {
				t.Errorf("%q is no mistake", text)
			}
		case r[3] != "":
			if !strings.HasPrefix(got, `""`) {
				t.Errorf("%q: %s, not empty", text, got)
			}
		case got != want:
			t.Errorf("%q: %s, not %s", text, got, want)
		}
	}
}

// TestBounds reads files whose values would fill the memory.
func TestBounds(t *testing.T) {
	double := "A=0123456789\n" + strings.Repeat("A=$A$A\n", 40)
	if got := read(double); got != "15:1: the value becomes longer than 128 KiB" {
		t.Error(got)
	}
	many := "A=" + strings.Repeat("0", 100_000) + "\n" + strings.Repeat("B=$A\n", 100)
	if got := read(many); got != "21:1: the values come to more than 2 MiB" {
		t.Error(got)
	}
}

// TestLarge reads the largest file that is read, with a reference in each line,
// in a time that does not grow with the square.
func TestLarge(t *testing.T) {
	text := strings.Repeat("A=$HOME\n", 1<<17)
	if f, mistakes := Parse([]byte(text)); len(mistakes) > 0 || len(f.Vars()) != 1<<17 {
		t.Error(mistakes)
	}
	if _, mistakes := Parse([]byte(strings.Repeat("A-=\"\n", 1<<17))); len(mistakes) != 1<<17 {
		t.Error(len(mistakes))
	}
}

// FuzzParse looks for a text that is neither a file nor a mistake within it, or
// whose mistakes tell what it holds.
func FuzzParse(f *testing.F) {
	for _, tc := range dialect {
		f.Add([]byte(tc.text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		file, mistakes := Parse(text)
		if (file == nil) == (len(mistakes) == 0) {
			t.Fatalf("%v and %v", file, mistakes)
		}
		lines := strings.Count(string(text), "\n") + strings.Count(string(text), "\r") + 1
		before := Pos{1, 1}
		for _, m := range mistakes {
			if m.Pos.Line < before.Line || m.Pos.Line == before.Line && m.Pos.Col < before.Col || m.Pos.Line > lines || m.Pos.Col > len(text)+1 {
				t.Fatalf("%v after %v in %d lines", m, before, lines)
			}
			before = m.Pos
			if !mistakesSeen[m.Msg] {
				t.Fatalf("words of its own: %q", m.Msg)
			}
		}
		if file != nil {
			env := newFake()
			if _, mistake := file.Expand(env); mistake != nil && !mistakesSeen[mistake.Msg] && !strings.HasSuffix(mistake.Msg, "is not set, but is required") {
				t.Fatalf("words of its own: %q", mistake.Msg)
			}
			for name, value := range env.values {
				if nameLen(name) != len(name) || strings.ContainsRune(value, 0) || len(value) > maxValue {
					t.Fatalf("%q is %d bytes", name, len(value))
				}
			}
		}
	})
}

// mistakesSeen are all the words that Parse and Expand have, but for those with
// the name of a reference.
var mistakesSeen = map[string]bool{
	nameRule: true, nameRule + ", and does not begin with a digit": true, "the file is UTF-16": true, "a NUL character": true,
	"there is no = after the name": true, "there is no name before the =": true,
	"backquotes do not quote here, and run no command": true, "the quote is never closed": true, "text after the closing quote": true,
	"`${` is never closed": true, "this `${` does not begin a valid reference": true, "references are nested too deeply": true,
	"the value becomes longer than 128 KiB": true, "the values come to more than 2 MiB": true,
}
