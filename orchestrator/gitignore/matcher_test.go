package gitignore

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
)

func expect(t *testing.T, m *Matcher, path string, isDir, want bool) {
	t.Helper()
	if got := m.Ignored(path, isDir); got != want {
		rule, _ := m.Explain(path, isDir)
		t.Errorf("Ignored(%q, %v) = %v, want %v (decided by %+v)", path, isDir, got, want, rule)
	}
}

// fakeRepository makes the least that counts as one, without git.
func fakeRepository(t *testing.T, top string) {
	t.Helper()
	write(t, filepath.Join(top, ".git", "HEAD"), "ref: refs/heads/main\n")
	for _, dir := range []string{"objects", "refs"} {
		if err := os.MkdirAll(filepath.Join(top, ".git", dir), 0o777); err != nil {
			t.Fatal(err)
		}
	}
}

func TestBelowIgnoredDirectoryStaysIgnored(t *testing.T) {
	isolate(t)
	top := t.TempDir()
	fakeRepository(t, top)
	write(t, filepath.Join(top, ".gitignore"), "node_modules/\n!node_modules/keep\n*.log\n!keep.log\n")
	write(t, filepath.Join(top, "node_modules", ".gitignore"), "!*\n")
	m := New(top)
	expect(t, m, filepath.Join(top, "node_modules"), true, true)
	expect(t, m, filepath.Join(top, "node_modules"), false, false)
	expect(t, m, filepath.Join(top, "node_modules", "keep"), false, true)
	expect(t, m, filepath.Join(top, "node_modules", "a", "b"), false, true)
	expect(t, m, filepath.Join(top, "x.log"), false, true)
	expect(t, m, filepath.Join(top, "src", "keep.log"), false, false)
	expect(t, m, filepath.Join(top, ".git"), true, true)
	expect(t, m, filepath.Join(top, ".git", "index"), false, true)
	expect(t, m, top, true, false)
	expect(t, m, filepath.Dir(top), true, false)
	expect(t, m, filepath.Join(filepath.Dir(top), "x.log"), false, false)
	expect(t, m, top+"-other/x.log", false, false)
}

func TestExplainNamesTheLine(t *testing.T) {
	isolate(t)
	top := t.TempDir()
	fakeRepository(t, top)
	write(t, filepath.Join(top, ".gitignore"), "# out\n\n*.o  \n!a.o\n")
	m := New(top)
	file := filepath.Join(top, ".gitignore")
	if got, ignored := m.Explain(filepath.Join(top, "x.o"), false); !ignored || got != (Rule{file, 3, "*.o", "", false}) {
		t.Errorf("x.o: %v, %v", got, ignored)
	}
	if got, ignored := m.Explain(filepath.Join(top, "a.o"), false); ignored || got != (Rule{file, 4, "!a.o", "", false}) {
		t.Errorf("a.o: %v, %v", got, ignored)
	}
	if got, ignored := m.Explain(filepath.Join(top, "a.c"), false); ignored || got != (Rule{}) {
		t.Errorf("a.c: %v, %v", got, ignored)
	}
}

func TestWithoutRepository(t *testing.T) {
	isolate(t)
	parent := t.TempDir()
	top := filepath.Join(parent, "project")
	write(t, filepath.Join(parent, ".gitignore"), "*.txt\n")
	write(t, filepath.Join(top, ".gitignore"), "*.o\n")
	write(t, filepath.Join(top, "sub", ".gitignore"), "!a.o\n")
	m := New(top)
	expect(t, m, filepath.Join(top, "x.txt"), false, false)
	expect(t, m, filepath.Join(top, "x.o"), false, true)
	expect(t, m, filepath.Join(top, "sub", "a.o"), false, false)
	if files := m.ruleFiles(); len(files) != 0 {
		t.Errorf("ruleFiles = %q, want none", files)
	}
}

func TestNewBelowTheTop(t *testing.T) {
	isolate(t)
	top := t.TempDir()
	fakeRepository(t, top)
	write(t, filepath.Join(top, ".gitignore"), "/api/gen/\n")
	m := New(filepath.Join(top, "api", "v1"))
	if m.Top() != top {
		t.Errorf("Top = %q, want %q", m.Top(), top)
	}
	expect(t, m, filepath.Join(top, "api", "gen", "x.go"), false, true)
}

func TestInvalidateReadsAgain(t *testing.T) {
	isolate(t)
	top := t.TempDir()
	fakeRepository(t, top)
	m := New(top)
	object, nested := filepath.Join(top, "x.o"), filepath.Join(top, "a", "b", "x.o")
	expect(t, m, object, false, false)
	expect(t, m, nested, false, false)

	for _, file := range []string{
		filepath.Join(top, ".gitignore"),
		filepath.Join(top, ".git", "info", "exclude"),
		filepath.Join(top, "a", ".gitignore"),
	} {
		if !m.IsRuleFile(file) {
			t.Errorf("IsRuleFile(%q) = false", file)
		}
		write(t, file, "*.o\n")
		expect(t, m, nested, false, false) // not read yet
		m.Invalidate(file)
		expect(t, m, nested, false, true)
		expect(t, m, object, false, filepath.Dir(file) != filepath.Join(top, "a"))
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
		m.Invalidate(file)
		expect(t, m, nested, false, false)
	}
	for _, file := range []string{filepath.Join(top, "a", "gitignore"), filepath.Join(filepath.Dir(top), ".gitignore")} {
		if m.IsRuleFile(file) {
			t.Errorf("IsRuleFile(%q) = true", file)
		}
	}
}

// TestInvalidateTellsWhetherRulesDiffer: a file that was written and says what it said changes nothing. What was read
// only after it was written may have been another one before: that is known from Learned on.
func TestInvalidateTellsWhetherRulesDiffer(t *testing.T) {
	isolate(t)
	top := t.TempDir()
	fakeRepository(t, top)
	sub, none := filepath.Join(top, "sub", ".gitignore"), filepath.Join(top, "none", ".gitignore")
	exclude, config := filepath.Join(top, ".git", "info", "exclude"), filepath.Join(top, ".git", "config")
	files := []string{filepath.Join(top, ".gitignore"), sub, exclude}
	for _, file := range files {
		write(t, file, "*.o\n")
	}
	write(t, none, "# nothing\n")
	write(t, config, "[user]\n\tname = a\n")
	m := New(top)
	expect(t, m, filepath.Join(top, "sub", "x.o"), false, true)
	expect(t, m, filepath.Join(top, "none", "x.o"), false, true)
	if !m.Invalidate(sub) {
		t.Error("what is not known for certain counts as the same")
	}
	expect(t, m, filepath.Join(top, "sub", "x.o"), false, true)
	m.Learned()()
	write(t, config, "[user]\n\tname = b\n")
	for _, file := range append(files, none, config) {
		if m.Invalidate(file) {
			t.Errorf("%s says what it said", file)
		}
	}
	for _, file := range files {
		write(t, file, "*.a\n")
		if !m.Invalidate(file) {
			t.Errorf("%s says something else", file)
		}
	}
	expect(t, m, filepath.Join(top, "sub", "x.o"), false, false)
	write(t, none, "*.a\n")
	write(t, sub, "*.b\n")
	write(t, config, "[core]\n\texcludesFile = other\n")
	if !m.Refresh() || m.Refresh() {
		t.Errorf("%s says something else, and is known then", sub)
	}
	for _, file := range []string{none, config} {
		if !m.Invalidate(file) {
			t.Errorf("%s says something else", file)
		}
	}
	expect(t, m, filepath.Join(top, "sub", "x.b"), false, true)
}

func TestUserFiles(t *testing.T) {
	home := isolate(t)
	top := t.TempDir()
	fakeRepository(t, top)
	standard := filepath.Join(home, ".config", "git", "ignore")
	write(t, standard, "*.swp\n")
	m := New(top)
	expect(t, m, filepath.Join(top, "x.swp"), false, true)
	for _, file := range []string{standard, filepath.Join(home, ".gitconfig"), filepath.Join(top, ".git", "info", "exclude"), filepath.Join(top, ".git", "config")} {
		if !slices.Contains(m.ruleFiles(), file) || !m.IsRuleFile(file) {
			t.Errorf("%q is not among the rule files %q", file, m.ruleFiles())
		}
	}

	write(t, filepath.Join(home, ".gitconfig"), "[include]\n\tpath = more.cfg # beside this file\n")
	write(t, filepath.Join(home, "more.cfg"), "[Core]\n\tExcludesFile = \"~/my ignores\"\n")
	write(t, filepath.Join(home, "my ignores"), "*.bak\n")
	m.Invalidate(filepath.Join(home, ".gitconfig"))
	expect(t, m, filepath.Join(top, "x.swp"), false, false)
	expect(t, m, filepath.Join(top, "x.bak"), false, true)

	t.Setenv("XDG_CONFIG_HOME", filepath.Join(home, "xdg"))
	write(t, filepath.Join(home, "xdg", "git", "ignore"), "*.xdg\n")
	write(t, filepath.Join(home, ".gitconfig"), "")
	expect(t, New(top), filepath.Join(top, "x.xdg"), false, true)
}

// TestConfigAgreesWithGit compares what we read from configuration files with `git config`.
func TestConfigAgreesWithGit(t *testing.T) {
	needGit(t)
	home := isolate(t)
	top := t.TempDir()
	git(t, top, "init", "-q", "-b", "main")
	write(t, filepath.Join(home, "inc.cfg"), "[core]\n\texcludesfile = included\n")
	for _, text := range []string{
		"[core]\nexcludesfile = plain\n",
		"[core] excludesfile = same-line\n",
		"[CORE]\n  ExcludesFile=tight ; comment\n",
		"[core]\nexcludesfile = with \"quoted # part\" after   # comment\n",
		"[core]\nexcludesfile = a\\\\b\\\"c\\td\n",
		"[core]\nexcludesfile = con\\\n  tinued\n",
		"[core]\r\nexcludesfile = carriage\r\n",
		"[core]\nexcludesfile = ~/in-home\n",
		"[core]\nexcludesfile = first\nexcludesfile = second\n",
		"[core \"sub\"]\nexcludesfile = other\n[core]\nexcludesfile = right\n",
		"[core]\nignorecase\nexcludesfile = x\n",
		"[core]\nignorecase = yes\nexcludesfile = x\n",
		"[core]\nignorecase = 0\nexcludesfile = x\n",
		"[core]\nignorecase = off\nexcludesfile = x\n",
		"[core]\nexcludesfile = before\n[include]\npath = ~/inc.cfg\n",
		"[include]\npath = inc.cfg\n[core]\nexcludesfile = after\n",
		"[core]\nexcludesfile = x\n[includeIf \"gitdir:" + top + "/\"]\npath = inc.cfg\n",
		"[core]\nexcludesfile = x\n[includeIf \"gitdir:" + top + "/.git\"]\npath = inc.cfg\n",
		"[core]\nexcludesfile = x\n[includeIf \"gitdir:nowhere/\"]\npath = inc.cfg\n",
		"[core]\nexcludesfile = x\n[includeIf \"gitdir/i:" + strings.ToUpper(top) + "/\"]\npath = inc.cfg\n",
		"[core]\nexcludesfile = x\n[includeIf \"onbranch:ma*\"]\npath = inc.cfg\n",
		"[core]\nexcludesfile = x\n[includeIf \"onbranch:other\"]\npath = inc.cfg\n",
		"# [core]\n; excludesfile = no\n[core]\n\t# excludesfile = no\n\texcludesfile = yes\n",
		"\xef\xbb\xbf[core]\nexcludesfile = bom\n",
		"[core]\nexcludesfile = \"  spaces kept  \"  \n",
		"[core]\nexcludesfile = inner   spaces\n",
	} {
		write(t, filepath.Join(home, ".gitconfig"), text)
		got := readConfig(repositoryAt(top))
		want := strings.TrimSuffix(git(t, top, "config", "--type=path", "core.excludesFile"), "\n")
		if got.excludesFile != want {
			t.Errorf("%q: excludesFile = %q, git: %q", text, got.excludesFile, want)
		}
		want = strings.TrimSuffix(git(t, top, "config", "--global", "--includes", "--type=bool", "--default=false", "core.ignoreCase"), "\n")
		if fmt.Sprint(got.ignoreCase) != want {
			t.Errorf("%q: ignoreCase = %v, git: %v", text, got.ignoreCase, want)
		}
	}
}

func TestLinkedWorkTree(t *testing.T) {
	needGit(t)
	isolate(t)
	base := t.TempDir()
	main, linked := filepath.Join(base, "main"), filepath.Join(base, "linked")
	git(t, base, "init", "-q", main)
	git(t, main, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", "first")
	git(t, main, "worktree", "add", "-q", linked)
	write(t, filepath.Join(main, ".git", "info", "exclude"), "*.shared\n")
	git(t, main, "config", "extensions.worktreeConfig", "true")
	write(t, filepath.Join(base, "own-rules"), "*.own\n")
	git(t, linked, "config", "--worktree", "core.excludesFile", filepath.Join(base, "own-rules"))

	paths := []string{"x.shared", "x.own", "x.c", "sub/x.shared"}
	compare(t, linked, New(linked), paths)
	compare(t, main, New(main), paths)
	expect(t, New(linked), filepath.Join(linked, "x.own"), false, true)
	expect(t, New(main), filepath.Join(main, "x.own"), false, false)
}

func TestSubmoduleFollowsItsOwnRules(t *testing.T) {
	needGit(t)
	isolate(t)
	base := t.TempDir()
	library, top := filepath.Join(base, "library"), filepath.Join(base, "top")
	git(t, base, "init", "-q", library)
	write(t, filepath.Join(library, ".gitignore"), "*.lib\n")
	git(t, library, "add", ".")
	git(t, library, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "-m", "first")
	git(t, base, "init", "-q", top)
	git(t, top, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", library, "vendor/lib")
	write(t, filepath.Join(top, ".gitignore"), "*.top\n")
	write(t, filepath.Join(top, ".git", "modules", "vendor", "lib", "info", "exclude"), "*.excluded\n")
	sub := filepath.Join(top, "vendor", "lib")

	paths := []string{"x.lib", "x.top", "x.excluded", "d/x.lib", "d/x.top"}
	compare(t, sub, New(sub), paths)
	whole := New(top)
	compare(t, sub, whole, paths) // the outer tree's matcher agrees about the inner one
	expect(t, whole, filepath.Join(top, "x.top"), false, true)
	expect(t, whole, filepath.Join(sub, "x.top"), false, false)
	expect(t, whole, filepath.Join(sub, "x.lib"), false, true)
	if file := filepath.Join(top, ".git", "modules", "vendor", "lib", "info", "exclude"); !whole.IsRuleFile(file) {
		t.Errorf("IsRuleFile(%q) = false", file)
	}

	// A repository inside an ignored directory is ignored as a whole.
	write(t, filepath.Join(top, ".gitignore"), "vendor/\n")
	whole.Invalidate(filepath.Join(top, ".gitignore"))
	expect(t, whole, filepath.Join(sub, "x.c"), false, true)
}

func TestLinkedRuleFileIsNotRead(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("symbolic links are read there")
	}
	isolate(t)
	top := t.TempDir()
	fakeRepository(t, top)
	write(t, filepath.Join(top, "rules"), "*.o\n")
	if err := os.Symlink("rules", filepath.Join(top, ".gitignore")); err != nil {
		t.Fatal(err)
	}
	expect(t, New(top), filepath.Join(top, "x.o"), false, false)
}

func TestEmptyGitDirectoryIsNoRepository(t *testing.T) {
	isolate(t)
	top := t.TempDir()
	fakeRepository(t, top)
	write(t, filepath.Join(top, ".gitignore"), "*.o\n")
	if err := os.MkdirAll(filepath.Join(top, "sub", ".git"), 0o777); err != nil {
		t.Fatal(err)
	}
	expect(t, New(filepath.Join(top, "sub")), filepath.Join(top, "sub", "x.o"), false, true)
}

// TestManyAsk is for the race detector: answers while rules are forgotten, and a map small enough to overflow.
func TestManyAsk(t *testing.T) {
	isolate(t)
	top := t.TempDir()
	fakeRepository(t, top)
	write(t, filepath.Join(top, ".gitignore"), "*.o\n")
	write(t, filepath.Join(top, "d1", ".gitignore"), "!*.o\n")
	m := New(top)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for i := range 3000 {
				dir := filepath.Join(top, fmt.Sprint("d", i%3), fmt.Sprint(i))
				if got := m.Ignored(filepath.Join(dir, "x.o"), false); got != (i%3 != 1) {
					t.Errorf("%s: Ignored = %v", dir, got)
					return
				}
				if i%100 == 0 {
					m.Invalidate(filepath.Join(top, "d1", ".gitignore"))
					m.ruleFiles()
				}
			}
		})
	}
	group.Wait()
	if n := len(m.plain); n > maxPlain {
		t.Errorf("%d plain directories are remembered, want at most %d", n, maxPlain)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("*.o\n!a\n/x/**\n", "a/b.o")
	f.Add("[[:alpha:]-z]\\", "]")
	f.Fuzz(func(t *testing.T, text, path string) {
		src := &source{base: "/"}
		for _, fold := range []bool{false, true} {
			for _, r := range parseRules(src, []byte(text), fold) {
				r.matches("/"+path, filepath.Base(path), true)
			}
		}
	})
}

func BenchmarkIgnored(b *testing.B) {
	isolate(b)
	top := b.TempDir()
	var rules strings.Builder
	for i := range 60 {
		fmt.Fprintf(&rules, "*.ext%d\n/out%d/\nname%d\n", i, i, i)
	}
	write(b, filepath.Join(top, ".gitignore"), rules.String())
	m := New(top)
	path := filepath.Join(top, "a", "b", "c", "main.go")
	b.ReportAllocs()
	for b.Loop() {
		m.Ignored(path, false)
	}
}

// BenchmarkNewDirectory asks about directories that were not asked for before, as a walk does.
func BenchmarkNewDirectory(b *testing.B) {
	isolate(b)
	top := b.TempDir()
	write(b, filepath.Join(top, ".gitignore"), "*.o\nbuild/\n")
	m := New(top)
	paths := make([]string, 4000)
	for i := range paths {
		paths[i] = filepath.Join(top, fmt.Sprint("dir", i), "child")
		if err := os.Mkdir(filepath.Dir(paths[i]), 0o777); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if i%len(paths) == 0 {
			m.reset()
		}
		m.Ignored(paths[i%len(paths)], true)
	}
}

func TestFilesAbove(t *testing.T) {
	top := t.TempDir()
	m := New(top)
	at := func(dir string) string { return filepath.Join(top, dir, ".gitignore") }
	for path, want := range map[string][]string{
		filepath.Join(top, "a", "b"): {at("a"), at("")},
		filepath.Join(top, "a"):      {at("")},
		top:                          nil,
		filepath.Dir(top):            nil,
		top + "-beside":              nil,
	} {
		if got := m.FilesAbove(path); !slices.Equal(got, want) {
			t.Errorf("above %s: %v, want %v", path, got, want)
		}
	}
}

// Another checkout of the same repository is no part of the tree, whoever asks; a submodule is, and so is a checkout of
// another repository.
func TestCheckouts(t *testing.T) {
	isolate(t)
	top := t.TempDir()
	put := func(name, text string) {
		t.Helper()
		write(t, filepath.Join(top, filepath.FromSlash(name)), text)
	}
	for _, repository := range []string{"p/.git", "p/.git/modules/sub", "q/.git"} {
		for _, name := range []string{"HEAD", "objects/kept", "refs/kept"} {
			put(repository+"/"+name, "")
		}
	}
	for _, tree := range []string{"p/.git/worktrees/x", "p/.git/modules/sub/worktrees/y", "q/.git/worktrees/z"} {
		put(tree+"/HEAD", "")
		put(tree+"/commondir", "../..\n")
	}
	put("p/wt/x/.git", "gitdir: ../../.git/worktrees/x\n")
	put("p/sub/.git", "gitdir: ../.git/modules/sub\n")
	put("p/sub/wt/y/.git", "gitdir: ../../../.git/modules/sub/worktrees/y\n")
	put("p/z/.git", "gitdir: ../../q/.git/worktrees/z\n")
	put("p/gone/.git", "gitdir: ../.git/worktrees/gone\n")
	m := New(filepath.Join(top, "p"))
	for path, want := range map[string]string{
		"src/f": "", "wt/f": "", "wt/x": "wt/x", "wt/x/deep/f": "wt/x", "sub/f": "", "sub/wt/y/f": "sub/wt/y", "z/f": "", "gone/f": "",
	} {
		for name, ask := range map[string]func(string, bool) (Rule, bool){"Explain": m.Explain, "Checkout": m.Checkout} {
			r, out := ask(filepath.Join(top, "p", filepath.FromSlash(path)), path == "wt/x")
			got := ""
			if out {
				got, _ = filepath.Rel(filepath.Join(top, "p"), r.Checkout)
			}
			if filepath.ToSlash(got) != want {
				t.Errorf("%s(%s): in the checkout %q, want %q", name, path, got, want)
			}
		}
	}
	// In the checkout itself, it is the tree.
	if r, out := New(filepath.Join(top, "p/wt/x")).Explain(filepath.Join(top, "p/wt/x/f"), false); out {
		t.Errorf("a checkout is not its own: %v", r)
	}
	// A checkout that comes is known once its .git is.
	put("p/late/f", "")
	late := filepath.Join(top, "p/late/f")
	if _, out := m.Explain(late, false); out {
		t.Error("there is no checkout yet")
	}
	put("p/late/.git", "gitdir: ../.git/worktrees/x\n")
	if at := filepath.Join(top, "p/late/.git"); !m.IsRuleFile(at) {
		t.Error("a .git is a file that rules depend on")
	} else {
		m.Invalidate(at)
	}
	if _, out := m.Explain(late, false); !out {
		t.Error("the checkout that came is not known")
	}
}

// In a repository without other checkouts nothing is looked for in a directory before something in it is asked for: a walk
// asks for every directory. With the first checkout ("git worktree add") that changes.
func TestDirectoriesAreNotLookedInto(t *testing.T) {
	isolate(t)
	top := t.TempDir()
	for _, name := range []string{".git/HEAD", ".git/objects/kept", ".git/refs/kept", "src/f", "src/wt/f"} {
		write(t, filepath.Join(top, filepath.FromSlash(name)), "")
	}
	m := New(top)
	src, inner := filepath.Join(top, "src"), filepath.Join(top, "src", "wt")
	expect(t, m, src, true, false)
	if len(m.plain) > 0 {
		t.Errorf("looked into %v", m.plain)
	}
	expect(t, m, inner, true, false)
	write(t, filepath.Join(top, ".git/worktrees/wt/commondir"), "../..\n")
	write(t, filepath.Join(top, ".git/worktrees/wt/HEAD"), "")
	write(t, filepath.Join(inner, ".git"), "gitdir: ../../.git/worktrees/wt\n")
	if !m.Invalidate(filepath.Join(inner, ".git")) {
		t.Error("nothing has changed")
	}
	expect(t, m, inner, true, true)
}

// What is no file of patterns is read as none, at once: a FIFO nobody writes to, a device without an end.
func TestRuleFilesThatAreNone(t *testing.T) {
	home := isolate(t)
	top := t.TempDir()
	fakeRepository(t, top)
	write(t, filepath.Join(top, ".gitignore"), "*.o\n")
	for link, target := range map[string]string{
		filepath.Join(top, ".git", "info", "exclude"):   "/dev/zero",
		filepath.Join(home, ".config", "git", "ignore"): "/dev/zero",
		filepath.Join(home, ".gitconfig"):               "/dev/zero",
		filepath.Join(top, ".git", "commondir"):         "/dev/zero",
		filepath.Join(top, "sub", ".git"):               "/dev/zero",
	} {
		if err := os.MkdirAll(filepath.Dir(link), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(target, link); err != nil {
			t.Skip(err)
		}
	}
	m := New(top)
	if !m.Ignored(filepath.Join(top, "sub", "x.o"), false) || m.Ignored(filepath.Join(top, "sub", "x.c"), false) {
		t.Error("the rules that can be read do not count")
	}
}

// ruleFiles lists the files, other than .gitignore, that the answers depend on, whether they exist or not:
// info/exclude, the one that core.excludesFile names, and git's configuration files.
func (m *Matcher) ruleFiles() []string {
	m.mu.RLock()
	defer m.mu.RUnlock()
	var files []string
	seen := map[string]bool{}
	for _, r := range m.repos {
		for _, file := range slices.Concat(r.excludes, r.configs) {
			if !seen[file] {
				seen[file] = true
				files = append(files, file)
			}
		}
	}
	return files
}
