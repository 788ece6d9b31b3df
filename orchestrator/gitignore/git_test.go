package gitignore

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"devloop/orchestrator/test/testenv"
)

// needGit asks for git, to compare with.
func needGit(t testing.TB) {
	t.Helper()
	testenv.Program(t, "git")
}

// isolate keeps the user's own git configuration out of a test, for git and for the package alike.
func isolate(t testing.TB) (home string) {
	t.Helper()
	home = t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home)
	t.Setenv("XDG_CONFIG_HOME", "")
	t.Setenv("GIT_CONFIG_NOSYSTEM", "1")
	for _, name := range []string{"GIT_DIR", "GIT_WORK_TREE", "GIT_CONFIG_COUNT", "GIT_INDEX_FILE"} {
		t.Setenv(name, "")
		os.Unsetenv(name)
	}
	return home
}

func gitCommand(dir string, args ...string) *exec.Cmd {
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	return cmd
}

func git(t testing.TB, dir string, args ...string) string {
	t.Helper()
	cmd := gitCommand(dir, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	return string(out)
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// decision is what git says of a path: the pattern that decided, and where it stands. Zero if there is none.
type decision struct{ file, line, pattern string }

// checkIgnore asks git, with the paths relative to dir. Rule files come back absolute.
func checkIgnore(t testing.TB, dir string, paths []string) []decision {
	t.Helper()
	cmd := exec.Command("git", "check-ignore", "--no-index", "--stdin", "-z", "-v", "-n")
	cmd.Dir = dir
	cmd.Stdin = strings.NewReader(strings.Join(paths, "\x00") + "\x00")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if code := cmd.ProcessState.ExitCode(); err != nil && code != 1 { // 1: no path is ignored
		t.Fatalf("git check-ignore: %v\n%s", err, stderr.String())
	}
	fields := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
	if len(fields) != 4*len(paths) {
		t.Fatalf("git check-ignore gave %d fields for %d paths\n%s", len(fields), len(paths), stderr.String())
	}
	var decisions []decision
	for i := range paths {
		d := decision{fields[4*i], fields[4*i+1], fields[4*i+2]}
		if d.file != "" && !filepath.IsAbs(d.file) {
			d.file = filepath.Join(dir, d.file)
		}
		decisions = append(decisions, d)
	}
	return decisions
}

// compare asks git and the matcher about the same paths, and returns how many it asked for.
func compare(t *testing.T, top string, m *Matcher, paths []string) int {
	t.Helper()
	for i, want := range checkIgnore(t, top, paths) {
		path := filepath.Join(top, paths[i])
		info, err := os.Lstat(path)
		isDir := err == nil && info.IsDir()
		rule, ignored := m.Explain(path, isDir)
		got := decision{}
		if rule != (Rule{}) {
			got = decision{rule.File, fmt.Sprint(rule.Line), rule.Pattern}
		}
		if got != want {
			t.Errorf("%q (directory: %v)\n git:  %q\n ours: %q\n%s", paths[i], isDir, want, got, dump(top))
		}
		if wantIgnored := want.pattern != "" && !strings.HasPrefix(want.pattern, "!"); ignored != wantIgnored {
			t.Errorf("%q: ignored = %v, git: %q", paths[i], ignored, want)
		}
		if t.Failed() {
			t.FailNow()
		}
	}
	return len(paths)
}

// dump shows every rule file, for a failure that a person can follow.
func dump(top string) string {
	var out strings.Builder
	filepath.WalkDir(top, func(path string, entry os.DirEntry, err error) error {
		if err == nil && (entry.Name() == ".gitignore" || strings.HasSuffix(path, "info/exclude")) {
			text, _ := os.ReadFile(path)
			fmt.Fprintf(&out, "-- %s --\n%q\n", path, strings.SplitAfter(string(text), "\n"))
		}
		return nil
	})
	return out.String()
}

// TestAgreesWithGit compares random rules on random trees with git itself: which pattern of which line decides.
func TestAgreesWithGit(t *testing.T) {
	needGit(t)
	trees := testenv.Either(12, 60)
	isolate(t)
	asked := 0
	for seed := range trees {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			g := &generator{Rand: rand.New(rand.NewPCG(uint64(seed), 7))}
			top := t.TempDir()
			git(t, top, "init", "-q")
			if seed%4 == 3 {
				git(t, top, "config", "core.ignorecase", "true")
			}
			paths := g.tree(t, top)
			global := filepath.Join(top, ".git", "global")
			write(t, global, g.ruleFile(2))
			git(t, top, "config", "core.excludesFile", global)
			asked += compare(t, top, New(top), paths)
		})
	}
	t.Logf("%d queries", asked)
}

// TestPatternsAgreeWithGit compares single patterns, many of them odd, against many names: a pattern a repository.
func TestPatternsAgreeWithGit(t *testing.T) {
	needGit(t)
	rounds := testenv.Either(30, 150)
	isolate(t)
	top := t.TempDir()
	git(t, top, "init", "-q")
	asked := 0
	for _, fold := range []string{"false", "true"} {
		git(t, top, "config", "core.ignorecase", fold)
		m := New(top)
		g := &generator{Rand: rand.New(rand.NewPCG(11, 13))}
		for range rounds {
			write(t, filepath.Join(top, ".gitignore"), g.oddPattern()+"\n")
			m.Invalidate(filepath.Join(top, ".gitignore"))
			var paths []string
			for range 60 {
				paths = append(paths, g.path(4))
			}
			asked += compare(t, top, m, paths)
		}
	}
	t.Logf("%d queries", asked)
}

// generator makes trees and rules whose names meet often.
type generator struct{ *rand.Rand }

func (g *generator) pick(of ...string) string { return of[g.IntN(len(of))] }

var names = []string{
	"a", "b", "ab", "A", "foo", "foo.o", "bar", "Bar", "foobar", "x.go", "build", "out", "node_modules", ".env", ".hidden",
	"a b", "trail ", "#hash", "!bang", "a]b", "[x]", "a-b", "a\\b", "ünï", "a*b", "q?", "..x", "1", "2", "a.b.c", "*", "**",
}

func (g *generator) name() string { return names[g.IntN(len(names))] }

func (g *generator) path(depth int) string {
	parts := make([]string, 1+g.IntN(depth))
	for i := range parts {
		parts[i] = g.name()
	}
	return strings.Join(parts, "/")
}

// tree makes files and directories with rule files in some of them, and returns the paths to ask about: all that
// exist, and some that do not.
func (g *generator) tree(t *testing.T, top string) []string {
	t.Helper()
	dirs := []string{"."}
	var paths []string
	for range 30 {
		parent := dirs[g.IntN(len(dirs))]
		path := filepath.Join(parent, g.name())
		if slices.Contains(paths, path) {
			continue
		}
		if g.IntN(3) > 0 && strings.Count(path, "/") < 5 {
			if err := os.Mkdir(filepath.Join(top, path), 0o777); err != nil {
				t.Fatal(err)
			}
			dirs = append(dirs, path)
		} else if g.IntN(8) == 0 {
			if err := os.Symlink(".", filepath.Join(top, path)); err != nil {
				t.Fatal(err)
			}
		} else {
			write(t, filepath.Join(top, path), "")
		}
		paths = append(paths, path)
	}
	for _, dir := range dirs {
		if dir == "." || g.IntN(3) == 0 {
			write(t, filepath.Join(top, dir, ".gitignore"), g.ruleFile(6))
			paths = append(paths, filepath.Join(dir, ".gitignore"))
		}
		for range 5 {
			name := g.name()
			if p := filepath.Join(dir, name); !slices.Contains(paths, p) {
				paths = append(paths, p)
			}
		}
	}
	write(t, filepath.Join(top, ".git", "info", "exclude"), g.ruleFile(2))
	return paths
}

func (g *generator) ruleFile(most int) string {
	var out strings.Builder
	if g.IntN(10) == 0 {
		out.WriteString("\xef\xbb\xbf")
	}
	for range 1 + g.IntN(most) {
		switch g.IntN(12) {
		case 0:
			out.WriteString("# a comment")
		case 1:
		case 2, 3:
			out.WriteString(g.oddPattern())
		default:
			out.WriteString(g.pattern())
		}
		out.WriteString(g.pick("\n", "\n", "\n", "\n", "\r\n", " \n", "\t\n", "\\ \n", "  \r\n"))
	}
	if g.IntN(4) == 0 {
		out.WriteString(g.pattern())
	}
	return out.String()
}

// pattern is one that people write.
func (g *generator) pattern() string {
	parts := make([]string, 1+g.IntN(3))
	for i := range parts {
		switch g.IntN(8) {
		case 0:
			parts[i] = "**"
		case 1:
			parts[i] = "*"
		case 2:
			parts[i] = "*" + g.name()
		case 3:
			parts[i] = g.name() + "*"
		case 4:
			parts[i] = g.pick("[ab]", "?", "*.o", "[!a]*", "foo?bar", "*.*", "\\#hash", "\\!bang")
		default:
			parts[i] = g.name()
		}
	}
	return g.pick("", "", "", "!", "!", "/", "!/") + strings.Join(parts, "/") + g.pick("", "", "", "/")
}

// oddPattern strings together whatever the syntax has.
func (g *generator) oddPattern() string {
	var out strings.Builder
	for range 1 + g.IntN(6) {
		out.WriteString(g.pick(
			"a", "b", "A", "o", ".", "foo", "/", "/", "*", "*", "**", "***", "**/", "/**", "?", "\\", "\\*", "\\?", "\\\\", "\\/", "\\[", " ", "\\ ", "!", "#", "\t",
			"[", "]", "[a-c]", "[!a]", "[^a-b]", "[]a]", "[!]a]", "[a-]", "[-a]", "[c-a]", "[A-Z]", "[A]", "[\\]]", "[a\\-c]", "[\\a-\\c]", "[/]", "[!/]", "[a/b]",
			"[[:alpha:]]", "[[:digit:]]", "[[:upper:]]", "[[:lower:]]", "[![:space:]]", "[[:punct:]]", "[[:alnum:]-z]", "[[:nope:]]", "[[:alpha]", "[[:", "[a-[:digit:]]", "[b-[:alpha:]c]", "[a-c-e]", "ü",
			"[[:xdigit:]]", "[[:print:]]", "[[:graph:]]", "[[:cntrl:]]", "[[:blank:]]",
		))
	}
	return out.String()
}
