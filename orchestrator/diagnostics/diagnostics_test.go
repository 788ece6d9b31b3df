package diagnostics

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "write what the tests see into testdata")

// TestTools reads what real tools printed: an archive each, with the files that
// were there, in /project.
func TestTools(t *testing.T) {
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(archives) < 10 {
		t.Fatalf("%d archives: %v", len(archives), err)
	}
	for _, file := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			part := map[string]string{}
			for _, f := range a.Files {
				part[f.Name] = string(f.Data)
			}
			for _, size := range []int{len(part["output"]) + 1, 7} { // output comes in any pieces
				got := read(part["files"], part["output"], size)
				if *update && size != 7 {
					a.Files = slices.DeleteFunc(a.Files, func(f txtar.File) bool { return f.Name == "want" })
					a.Files = append(a.Files, txtar.File{Name: "want", Data: []byte(got)})
					if err := os.WriteFile(file, txtar.Format(a), 0o644); err != nil {
						t.Fatal(err)
					}
					part["want"] = got
				}
				if got != part["want"] {
					t.Errorf("in pieces of %d, got:\n%s\nwant:\n%s", size, got, part["want"])
				}
			}
		})
	}
}

func project(exists func(string) bool) *Reader {
	return New(Options{Exists: exists, Dirs: []string{"/project"}})
}

// TestNamed: a tool that is named, and a pattern of the configuration's own, read
// nothing else.
func TestNamed(t *testing.T) {
	const output = "a.go:1:2: undefined: x\na.go(3,4): error TS1: y\nat a.go@5 WARN z\n"
	for _, tc := range []struct {
		opt  Options
		want string
	}{
		{Options{Tool: "tsc"}, "3 TS1: y"},
		{Options{Tool: "gcc"}, "1 undefined: x"},
		{Options{Pattern: regexp.MustCompile(`^at (?P<file>.+)@(?P<line>\d+) (?P<severity>WARN) (?P<message>.+)$`)}, "5 z"},
		{Options{Off: true}, ""},
	} {
		tc.opt.Exists, tc.opt.Dirs = func(string) bool { return true }, []string{"/project"}
		r := New(tc.opt)
		r.Write([]byte(output))
		var got []string
		r.Finish()
		problems, _, _ := r.Result(true)
		for _, p := range problems {
			got = append(got, fmt.Sprintf("%d %s", p.Line, p.Message))
		}
		if strings.Join(got, "; ") != tc.want {
			t.Errorf("%+v: got %q, want %q", tc.opt, got, tc.want)
		}
	}
}

func read(files, output string, size int) string {
	there := strings.Fields(files)
	r := project(func(path string) bool { return slices.Contains(there, strings.TrimPrefix(path, "/project/")) })
	for text := []byte(output); len(text) > 0; {
		n := min(size, len(text))
		r.Write(text[:n])
		text = text[n:]
	}
	var b strings.Builder
	r.Finish()
	problems, more, tail := r.Result(true)
	for _, p := range problems {
		fmt.Fprintf(&b, "%s:%d:%d: %s: %s [%s, line %d]\n", strings.TrimPrefix(p.File, "/project/"), p.Line, p.Column, p.Severity, p.Message, p.Source, p.At)
	}
	if more > 0 {
		fmt.Fprintf(&b, "%d more\n", more)
	}
	for _, line := range tail {
		b.WriteString("| " + line + "\n")
	}
	return b.String()
}

// TestPassed: of a command that passed only warnings count that are named so.
func TestPassed(t *testing.T) {
	there := func(string) bool { return true }
	r := project(there)
	r.Write([]byte("main.go:3: listening\na.c:1:2: warning: unused\na.c:1:2: warning: unused\nb.c:4: error: ignored\n"))
	r.Finish()
	problems, more, tail := r.Result(false)
	if len(problems) != 1 || problems[0].Message != "unused" || more != 0 || tail != nil {
		t.Errorf("got %v, %d, %q", problems, more, tail)
	}
}

// TestBounds: however much is printed, little is kept.
func TestBounds(t *testing.T) {
	r := project(func(string) bool { return true })
	for i := range 2000 {
		r.Write([]byte(fmt.Sprintf("a.go:%d:1: undefined: x%d\n", i+1, i)))
	}
	r.Write([]byte("b.go:1:1: " + strings.Repeat("x", 1<<20)))
	r.Finish()
	problems, more, _ := r.Result(true)
	if len(problems) != mostProblems || more != 2000-mostProblems {
		t.Errorf("%d problems and %d more", len(problems), more)
	}
}

// FuzzRead holds that no output makes the reader panic or invent a file.
func FuzzRead(f *testing.F) {
	archives, _ := filepath.Glob("testdata/*.txtar") // none: the fuzzer starts from nothing
	for _, file := range archives {
		if a, err := txtar.ParseFile(file); err == nil {
			for _, part := range a.Files {
				f.Add(string(part.Data))
			}
		}
	}
	f.Fuzz(func(t *testing.T, output string) {
		r := project(func(path string) bool { return path == "/project/main.go" })
		r.Write([]byte(output))
		r.Finish()
		problems, _, _ := r.Result(true)
		for _, p := range problems {
			if p.File != "/project/main.go" || p.Line <= 0 {
				t.Fatalf("%+v", p)
			}
		}
	})
}

func BenchmarkFlood(b *testing.B) {
	r := project(func(string) bool { return false })
	block := []byte(strings.Repeat("2026-11-30T12:00:00Z INFO request handled path=/api/v1/items status=200 took=1.2ms\n", 100))
	b.SetBytes(int64(len(block)))
	for b.Loop() {
		r.Write(block)
	}
}

func BenchmarkWarned(b *testing.B) {
	r := project(func(string) bool { return true })
	block := []byte(strings.Repeat("a.c:3:7: warning: unused variable x [-Wunused-variable]\n    3 |   int x;\n", 50))
	b.SetBytes(int64(len(block)))
	for b.Loop() {
		r.Write(block)
	}
}
