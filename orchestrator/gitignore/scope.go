package gitignore

import (
	"io"
	"os"
	"path/filepath"
	"slices"

	"devloop/schema/smallfile"
)

// scope is what holds in a directory, and in those below it that have none of their own.
type scope struct {
	outer   *scope // the next directory up that says anything; nil at the top of a repository
	repo    *repository
	dir     string
	rules   []rule
	ignored *rule // this directory is ignored, and so is everything below it
	read    int   // the how manieth was read
}

var dotGit = &rule{source: &source{}, text: ".git"}

// match finds the rule that decides about a path in the scope's directory or, if no scope lies between, below.
func (s *scope) match(path, name string, isDir bool) *rule {
	if s.ignored != nil {
		return s.ignored
	}
	if name == ".git" {
		return dotGit
	}
	path = filepath.ToSlash(path)
	for at := s; at != nil; at = at.outer {
		if r := lastMatch(at.rules, path, name, isDir); r != nil {
			return r
		}
	}
	for _, rules := range s.repo.rules {
		if r := lastMatch(rules, path, name, isDir); r != nil {
			return r
		}
	}
	return nil
}

func lastMatch(rules []rule, path, name string, isDir bool) *rule {
	for i := len(rules) - 1; i >= 0; i-- {
		if rules[i].matches(path, name, isDir) {
			return &rules[i]
		}
	}
	return nil
}

// enter reads what a directory of the scope says; the scope itself if it says nothing.
func (s *scope) enter(dir, name string) *scope {
	if r := s.match(dir, name, true); r != nil && !r.negative {
		return &scope{repo: s.repo, dir: dir, ignored: r}
	}
	if inner := repositoryAt(dir); inner != nil {
		if inner.isCheckoutOf(s.repo) {
			return &scope{repo: s.repo, dir: dir, ignored: inner.checkout()}
		}
		inner.load()
		return &scope{repo: inner, dir: dir, rules: readRules(dir, inner.fold)}
	}
	if rules := readRules(dir, s.repo.fold); len(rules) > 0 {
		return &scope{outer: s, repo: s.repo, dir: dir, rules: rules}
	}
	return s
}

// isCurrent tells whether the .gitignore of the directory says what was read.
func (s *scope) isCurrent() bool {
	return s.ignored == nil && sameRules(s.rules, readRules(s.dir, s.repo.fold))
}

func sameRules(a, b []rule) bool {
	return slices.EqualFunc(a, b, func(a, b rule) bool { return a.line == b.line && a.text == b.text })
}

// readRules reads the .gitignore of dir.
func readRules(dir string, fold bool) []rule {
	file := filepath.Join(dir, ".gitignore")
	f, err := os.OpenFile(file, os.O_RDONLY|openFlags, 0)
	if err != nil {
		return nil
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || smallfile.Usable(info) != nil {
		return nil
	}
	text, err := io.ReadAll(f)
	if err != nil {
		return nil
	}
	return parseRules(&source{file: file, base: slashDir(dir)}, text, fold)
}
