package schema

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"devloop/schema/yamltree"
)

// only returns the one mistake of a load.
func only(t *testing.T, c *Config, err error) Mistake {
	t.Helper()
	var m Mistakes
	if !errors.As(err, &m) || len(m) != 1 || c != nil {
		t.Fatalf("not one mistake: %v, %v", c, err)
	}
	return m[0]
}

func wantMistake(t *testing.T, m Mistake, line, col int, msg string) {
	t.Helper()
	if m.Pos.Line != line || m.Pos.Col != col || m.Msg != msg {
		t.Errorf("got %d:%d: %s\nwant %d:%d: %s", m.Pos.Line, m.Pos.Col, m.Msg, line, col, msg)
	}
}

func TestManyAliasesAreFine(t *testing.T) {
	var b strings.Builder
	b.WriteString("x-env: &env {A: a, B: b, C: c}\nprocesses:\n")
	for i := range 1000 {
		fmt.Fprintf(&b, "  p%d: {run: ./p, env: *env}\n", i)
	}
	if c, err := parse(b.String()); err != nil || len(c.Processes) != 1000 {
		t.Errorf("got %v", err)
	}
}

func TestUnreadableText(t *testing.T) {
	for _, tt := range []struct {
		name, src string
		line, col int
		msg       string
	}{
		{"Latin-1", "version: 1\nname: caf\xe9\n", 2, 10, "not UTF-8 text"},
		{"nothing", "", 1, 1, "the file is empty"},
		{"a BOM alone", "\uFEFF", 1, 1, "the file is empty"},
		{"too much", strings.Repeat("# x\n", 1<<18+1), 1, 1, "a file of more than 1 MiB"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := parse(tt.src)
			wantMistake(t, only(t, c, err), tt.line, tt.col, tt.msg)
		})
	}
}

func TestLineBreaks(t *testing.T) {
	for _, eol := range []string{"\n", "\r\n", "\r"} {
		src := strings.ReplaceAll("\uFEFFprocesses:\n  server:\n    run: ./server\n    wacth: src\n", "\n", eol)
		c, err := parse(src)
		m := only(t, c, err)
		wantMistake(t, m, 4, 5, "unknown key `wacth` in a process")
		if m.Line != "    wacth: src" {
			t.Errorf("with %q the line is %q", eol, m.Line)
		}
	}
	c, err := parse("processes:\r\n  server:\r\n    run: |\r\n      a\r\n      b\r\n")
	if err != nil || c.Processes[0].Run.Text != "a\nb" {
		t.Errorf("a block with CRLF: %v, %v", c, err)
	}
	c, err = parse("processes:\n  server:\t# tabs\n    run:\t./server\t\n")
	if err != nil || c.Processes[0].Run.Text != "./server" {
		t.Errorf("tabs between words: %v, %v", c, err)
	}
}

func TestManyMistakes(t *testing.T) {
	var b strings.Builder
	b.WriteString("processes: {a: {run: x}}\n")
	for i := range yamltree.MaxMistakes + 200 {
		fmt.Fprintf(&b, "zebra%d: 1\n", i)
	}
	_, err := parse(b.String())
	var m Mistakes
	if !errors.As(err, &m) || len(m) != yamltree.MaxMistakes+1 {
		t.Fatalf("%d mistakes, want %d", len(m), yamltree.MaxMistakes+1)
	}
	if last := m[yamltree.MaxMistakes]; last.Msg != "and 200 more, from here on" || last.Hint != "" || last.Pos.Line != yamltree.MaxMistakes+2 {
		t.Errorf("got %v", last)
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "devloop.yaml")
	if _, err := loadFile(file, Options{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if _, err := loadFile(dir, Options{}); err == nil || errors.As(err, &Mistakes{}) {
		t.Errorf("a directory: %v", err)
	}
	write(t, file, "processes: {server: {run: ./server, dir: gone}}\n")
	c, err := loadFile(file, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if c.File != file || c.Dir != dir || c.Name != filepath.Base(dir) || c.Jobs < 1 {
		t.Errorf("got %+v", c)
	}
	if len(c.Warnings) != 1 || c.Warnings[0].Pos.File != file {
		t.Errorf("warnings: %v", c.Warnings)
	}
	write(t, file, strings.Repeat("# x\n", 1<<18+1))
	if _, err := loadFile(file, Options{}); err == nil || !strings.Contains(err.Error(), "more than 1 MiB") {
		t.Errorf("a large file: %v", err)
	}
}

// TestRelativeFile holds that paths are absolute and places stay as the caller
// named the file.
func TestRelativeFile(t *testing.T) {
	c, err := Parse("sub/my.yaml", []byte("processes: {server: {run: ./s, watch: src}}"), testOptions())
	if err != nil {
		t.Fatal(err)
	}
	wd, _ := os.Getwd()
	if want := filepath.Join(wd, "sub"); c.Dir != want || c.Processes[0].Watch[0].Base() != filepath.ToSlash(filepath.Join(want, "src")) {
		t.Errorf("got %s", c.Dir)
	}
	if c.Processes[0].Pos.String() != "sub/my.yaml:1:13" {
		t.Errorf("got %s", c.Processes[0].Pos)
	}
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func BenchmarkParse(b *testing.B) {
	_, sections := readArchive(b, "testdata/configs/full.txtar")
	src := []byte(sections[0].text)
	b.SetBytes(int64(len(src)))
	for b.Loop() {
		if _, err := Parse("/project/devloop.yaml", src, testOptions()); err != nil {
			b.Fatal(err)
		}
	}
}
