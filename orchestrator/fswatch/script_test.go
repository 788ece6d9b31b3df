package fswatch

import (
	"bufio"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestScripts runs the scripts in testdata, a case each. A script makes a tree below an empty directory, which is
// also where the watcher's root is, unless "root" names others; "watch" starts the watcher and waits until it is
// ready. A line is a command:
//
//	root PATH…          watch these instead of "."; before watch
//	descend !PATH…      do not enter these directories; again after watch, with "refilter"
//	leaf PATH…          nothing is to be looked for there; before watch
//	want GLOB…          report these only (path.Match against the name alone)
//	watch               start
//	mkdir PATH…         make directories, and their parents
//	write PATH [TEXT]   write in place, making the file and its directory
//	append PATH         add a line
//	atomic PATH         write a temporary file beside it, rename it over
//	vim PATH            move the file to PATH~, write it anew, remove PATH~
//	intellij PATH       write PATH___jb_tmp___, move PATH to PATH___jb_old___, move the new one there, remove the old
//	touch PATH…         set the times to now
//	chmod MODE PATH
//	mv FROM TO          rename
//	swap A B            exchange two names
//	replace FROM TO     rename over an empty directory
//	rm [-r] PATH…
//	ln -s TARGET PATH   make a symbolic link; ln FROM PATH a hard one
//	overflow            let the kernel lose events from now to the next command, and say so
//	refilter, and wait until it is done
//	expect [PATH[:OP|OP]…]   exactly these paths have changed since the last expect; with :OP, in that way at least.
//	                    PATH/ is a directory that has gone. "+" as the first word allows others.
//	expect-none         the same as expect without paths
//	expect-overflow     the last batch said that events were lost
//	watched PATH…       these real directories, and no others below the test's, are watched
//	needs unix|linux    skip elsewhere
//
// Every expect begins with a Sync, so that nothing depends on time.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			s := newScript(t)
			f, err := os.Open(file)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			lines := bufio.NewScanner(f)
			for n := 1; lines.Scan(); n++ {
				s.where = fmt.Sprintf("%s:%d", file, n)
				line, _, _ := strings.Cut(lines.Text(), "#")
				if words := strings.Fields(line); len(words) > 0 {
					s.run(words)
				}
			}
		})
	}
}

type script struct {
	*watched
	where  string
	dir    string
	roots  []string
	leaves []string
	filter filter
	lost   bool // the batches of the last expect said so
}

func newScript(t *testing.T) *script {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	dir = filepath.Join(dir, "t")
	if err := os.Mkdir(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	return &script{watched: &watched{T: t}, dir: dir, roots: []string{dir}}
}

func (s *script) path(p string) string { return filepath.Join(s.dir, filepath.FromSlash(p)) }

func (s *script) check(err error) {
	s.Helper()
	if err != nil {
		s.Fatalf("%s: %v", s.where, err)
	}
}

func (s *script) run(words []string) {
	s.Helper()
	verb, args := words[0], words[1:]
	at := func(i int) string {
		if i >= len(args) {
			s.Fatalf("%s: %s: too few words", s.where, verb)
		}
		return s.path(args[i])
	}
	switch verb {
	case "needs":
		if !has(args[0]) {
			s.Skipf("needs %s", args[0])
		}
	case "root":
		s.roots = nil
		for i := range args {
			s.roots = append(s.roots, at(i))
		}
	case "descend":
		var not []string
		for _, a := range args {
			not = append(not, s.path(strings.TrimPrefix(a, "!")))
		}
		s.filter.set(&s.filter.not, not)
	case "want":
		s.filter.set(&s.filter.want, args)
	case "leaf":
		for i := range args {
			s.leaves = append(s.leaves, at(i))
		}
	case "watch":
		leaf := func(real string) bool {
			return slices.ContainsFunc(s.leaves, func(top string) bool { return isBelow(real, top) })
		}
		s.start(Options{Roots: s.roots, Descend: s.filter.descend, Want: s.filter.wants, Leaf: leaf})
	case "expect", "expect-none":
		s.expect(args)
	case "expect-overflow":
		if !s.lost {
			s.Errorf("%s: no batch said that events were lost", s.where)
		}
	case "watched":
		s.settle()
		var got []string
		for _, dir := range s.w.watched() {
			if isBelow(dir, s.dir) {
				got = append(got, filepath.ToSlash(strings.TrimPrefix(strings.TrimPrefix(dir, s.dir), separator)))
			}
		}
		for i, name := range got {
			if name == "" {
				got[i] = "."
			}
		}
		slices.Sort(got)
		slices.Sort(args)
		if !slices.Equal(got, args) {
			s.Errorf("%s: watched directories are %q, want %q", s.where, got, args)
		}
	case "overflow":
		s.loseEvents()
	case "refilter":
		s.w.Refilter()
		s.wait()
	default:
		s.check(edit(verb, args, s.path))
		if s.losing != nil {
			s.overflow()
		}
	}
}

// has says whether this system is one that a script needs.
func has(system string) bool {
	switch system {
	case "linux":
		return ordered
	case "unix":
		return os.PathSeparator == '/'
	}
	return false
}

// edit changes the tree.
func edit(verb string, args []string, path func(string) string) error {
	at := func(i int) string { return path(args[i]) }
	each := func(do func(string) error) error {
		for i := range args {
			if err := do(at(i)); err != nil {
				return err
			}
		}
		return nil
	}
	write := func(path, text string) error {
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			return err
		}
		return os.WriteFile(path, []byte(text), 0o666)
	}
	sequence := func(steps ...error) error {
		for _, err := range steps {
			if err != nil {
				return err
			}
		}
		return nil
	}
	switch verb {
	case "mkdir":
		return each(func(p string) error { return os.MkdirAll(p, 0o777) })
	case "write":
		return write(at(0), strings.Join(args[1:], " ")+time.Now().String())
	case "append":
		f, err := os.OpenFile(at(0), os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		_, err = f.WriteString("more\n")
		return sequence(err, f.Close())
	case "atomic":
		return sequence(write(at(0)+".tmp", time.Now().String()), os.Rename(at(0)+".tmp", at(0)))
	case "vim":
		return sequence(
			write(filepath.Join(filepath.Dir(at(0)), "4913"), ""),
			os.Remove(filepath.Join(filepath.Dir(at(0)), "4913")),
			os.Rename(at(0), at(0)+"~"),
			write(at(0), time.Now().String()),
			os.Chmod(at(0), 0o644),
			os.Remove(at(0)+"~"))
	case "intellij":
		return sequence(
			write(at(0)+"___jb_tmp___", time.Now().String()),
			os.Rename(at(0), at(0)+"___jb_old___"),
			os.Rename(at(0)+"___jb_tmp___", at(0)),
			os.Remove(at(0)+"___jb_old___"))
	case "touch":
		return each(func(p string) error { return os.Chtimes(p, time.Now(), time.Now()) })
	case "chmod":
		var mode os.FileMode
		if _, err := fmt.Sscanf(args[0], "%o", &mode); err != nil {
			return err
		}
		return os.Chmod(at(1), mode)
	case "mv":
		return os.Rename(at(0), at(1))
	case "swap":
		return swap(at(0), at(1))
	case "replace":
		return replace(at(0), at(1))
	case "rm":
		if args[0] == "-r" {
			args = args[1:]
			return each(os.RemoveAll)
		}
		return each(os.Remove)
	case "ln":
		if args[0] != "-s" {
			return os.Link(at(0), at(1))
		}
		target := filepath.FromSlash(args[1])
		if rest, ok := strings.CutPrefix(args[1], "$"); ok {
			target = path(rest) // absolute
		}
		return os.Symlink(target, at(2))
	}
	return fmt.Errorf("unknown command %q", verb)
}

// expect compares what has changed since the last time.
func (s *script) expect(want []string) {
	s.Helper()
	changes, over := s.settle()
	s.lost = over
	others := len(want) > 0 && want[0] == "+"
	if others {
		want = want[1:]
	}
	var problems []string
	seen := map[string]bool{}
	for _, word := range want {
		name, ops, _ := strings.Cut(word, ":")
		dir := strings.HasSuffix(name, "/")
		path := s.path(name)
		seen[path] = true
		c, ok := changes[path]
		switch {
		case !ok:
			problems = append(problems, "not reported: "+name)
		case dir != c.Dir:
			problems = append(problems, fmt.Sprintf("%s: reported as gone with all below: %v", name, c.Dir))
		case ops != "":
			for _, op := range strings.Split(ops, "|") {
				if !slices.Contains(strings.Split(c.Op.String(), "|"), op) {
					problems = append(problems, fmt.Sprintf("%s: reported as %v, want %s too", name, c.Op, op))
				}
			}
		}
	}
	for p, c := range changes {
		if !seen[p] && !others {
			problems = append(problems, fmt.Sprintf("reported: %s (%v)", filepath.ToSlash(strings.TrimPrefix(p, s.dir+separator)), c.Op))
		}
	}
	slices.Sort(problems)
	if len(problems) > 0 {
		s.Errorf("%s: expect %s\n\t%s", s.where, strings.Join(want, " "), strings.Join(problems, "\n\t"))
	}
}

// wildcard is path.Match for several patterns, against a path's last element.
func wildcard(patterns []string, p string) bool {
	for _, pattern := range patterns {
		if ok, _ := path.Match(pattern, filepath.Base(p)); ok {
			return true
		}
	}
	return false
}

func (o Op) String() string {
	var words []string
	for i, word := range []string{"create", "write", "remove", "rename", "touch"} {
		if o&(1<<i) != 0 {
			words = append(words, word)
		}
	}
	return strings.Join(words, "|")
}
