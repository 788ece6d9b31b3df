// Package gitignore tells which paths git ignores, by git's own rules: the .gitignore files of the work tree,
// info/exclude, and the file that core.excludesFile names. It reads those files itself and never runs git.
//
// What the index tracks is not ignored, whatever the rules say, and a directory is not that holds such files. The index
// of the tree's own repository is followed (ReadIndex); that of one inside it is read once.
//
// Why own code: patterns translated to another glob library differ in corners that real files have (a class
// with an escape, "**" after a literal, trailing blanks), go-git brings dozens of modules and matches with
// path.Match, and the smaller libraries are abandoned or fail the comparison with git.
package gitignore

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"devloop/schema/smallfile"
)

// Rule is where a decision comes from.
type Rule struct {
	File    string // the file that holds the pattern; "" for the built-in rule that .git is no part of the tree
	Line    int    // counted from 1
	Pattern string // as written, with its "!"

	// Checkout is a directory that holds another checkout ("git worktree add") of the repository that it lies in: no
	// pattern decides there, and File is what says so.
	Checkout string

	Tracked bool // the pattern would ignore the path, but git tracks it, or something below it
}

// Matcher answers for one tree. All of its methods may be called at the same time.
type Matcher struct {
	start string // as given to New

	mu         sync.RWMutex // guards what follows
	top        *scope
	scopes     map[string]*scope // directories that have rules, are ignored or are repositories of their own
	plain      map[string]*scope // other directories that were asked for: their nearest parent's scope
	inner      map[string]inside // what Checkout was asked for
	repos      []*repository     // the tree's, and those found inside it
	generation int               // counts Invalidate, so that what was read before it is not kept after it
	reads      int               // counts the scopes that were read
	relied     int               // of these, those that count as known, see Learned
}

// maxPlain bounds what is remembered of directories that say nothing; asking again costs two system calls.
const maxPlain = 8192

// New reads the rules of the tree that dir (an absolute path) is in: of the repository whose work tree holds it,
// or, where there is none, of the .gitignore files from dir downwards. Files are read as they are needed; one
// that cannot be read counts as empty, as for git. A path outside the tree is never ignored. A repository inside
// the tree (a submodule, say) follows its own rules, once the outer ones let it in.
func New(dir string) *Matcher {
	m := &Matcher{start: filepath.Clean(dir)}
	m.reset()
	return m
}

// Top is the directory where the tree begins: the repository's work tree, or the directory given to New.
func (m *Matcher) Top() string {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.top.dir
}

// Ignored says whether git ignores the absolute path. Whatever lies below an ignored directory is ignored, even
// if a later pattern would let it in again: git never looks there.
func (m *Matcher) Ignored(path string, isDir bool) bool {
	_, ignored := m.Explain(path, isDir)
	return ignored
}

// Explain is Ignored with the reason: the last pattern that matches the path or, first, a directory above it.
// If that is a "!" pattern, or the path is tracked, it is not ignored, and the rule says why not; without any, the rule is
// zero.
func (m *Matcher) Explain(path string, isDir bool) (Rule, bool) {
	r, tracked := m.match(filepath.Clean(path), isDir)
	if r == nil {
		return Rule{}, false
	}
	rule := r.rule()
	rule.Tracked = tracked
	return rule, !r.negative && !tracked
}

func (r *rule) rule() Rule {
	return Rule{File: r.source.file, Line: r.line, Pattern: r.text, Checkout: r.checkout}
}

// Checkout says whether the absolute path is, or lies in, another checkout of the repository around it. It is part of
// what Explain says, for those who do not care what else git ignores.
func (m *Matcher) Checkout(path string, isDir bool) (Rule, bool) {
	m.mu.RLock()
	top := m.top
	m.mu.RUnlock()
	if path = filepath.Clean(path); !isDir {
		path = filepath.Dir(path)
	}
	if r := m.checkout(path, top); r.rule != nil {
		return r.rule.rule(), true
	}
	return Rule{}, false
}

// inside is the repository that a directory lies in, and the rule that keeps it out if that is another checkout.
type inside struct {
	repo *repository
	rule *rule
}

func (m *Matcher) checkout(dir string, top *scope) inside {
	if dir == top.dir || !below(dir, top.dir) {
		return inside{repo: top.repo}
	}
	m.mu.RLock()
	in, ok := m.inner[dir]
	generation := m.generation
	m.mu.RUnlock()
	if ok {
		return in
	}
	in = m.checkout(filepath.Dir(dir), top)
	if in.rule == nil {
		if r := repositoryAt(dir); r != nil && r.isCheckoutOf(in.repo) {
			in.rule = r.checkout()
		} else if r != nil {
			in.repo = r
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if generation == m.generation {
		if len(m.inner) >= maxPlain {
			clear(m.inner)
		}
		m.inner[dir] = in
	}
	return in
}

// match finds the rule that decides, and says whether the path is tracked though that rule would ignore it.
func (m *Matcher) match(path string, isDir bool) (r *rule, tracked bool) {
	r, repo := m.decide(path, isDir)
	if r == nil || r.negative || r == dotGit || r.checkout != "" {
		return r, false
	}
	return r, repo.has(path)
}

// decide is match without the index of the repository that it names.
func (m *Matcher) decide(path string, isDir bool) (*rule, *repository) {
	dir, name := split(path)
	if dir == path {
		return nil, nil
	}
	s := m.scope(dir)
	if s == nil {
		return nil, nil
	}
	r := s.match(path, name, isDir)
	if isDir && s.repo.shared && (r == nil || r.negative) {
		if own := m.scope(path); own != nil && own.ignored != nil {
			return own.ignored, s.repo // it is another checkout: that is not asked of the directory around it
		}
	}
	return r, s.repo
}

// split is filepath.Dir and filepath.Base of a clean path.
func split(path string) (dir, name string) {
	i := strings.LastIndexByte(path, os.PathSeparator)
	if i <= len(filepath.VolumeName(path)) {
		return filepath.Dir(path), filepath.Base(path) // in the top of a file system, or relative
	}
	return path[:i], path[i+1:]
}

// scope returns what holds in dir, reading what is not known yet; nil outside the tree.
func (m *Matcher) scope(dir string) *scope {
	m.mu.RLock()
	s, ok := m.scopes[dir]
	if !ok {
		s, ok = m.plain[dir]
	}
	top, generation := m.top, m.generation
	m.mu.RUnlock()
	if ok {
		return s
	}
	if !below(dir, top.dir) {
		return nil
	}
	parent, name := split(dir)
	outer := m.scope(parent)
	if outer == nil || outer.ignored != nil {
		return outer
	}
	s = outer.enter(dir, name)

	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case generation != m.generation:
	case s != outer:
		m.keep(s)
		if s.repo != outer.repo {
			m.repos = append(slices.DeleteFunc(m.repos, func(r *repository) bool { return r.top == s.repo.top }), s.repo)
		}
	default:
		if len(m.plain) >= maxPlain {
			clear(m.plain)
		}
		m.plain[dir] = s
	}
	return s
}

// below says whether path is dir or lies below it.
func below(path, dir string) bool {
	rest, ok := strings.CutPrefix(path, dir)
	return ok && (rest == "" || os.IsPathSeparator(rest[0]) || os.IsPathSeparator(dir[len(dir)-1]))
}

// IsRuleFile says whether a change of this path can change what is ignored, so that Invalidate is due: a
// .gitignore in the tree, a .git, which makes its directory a repository or a checkout of one, or one of the files outside the tree that the answers depend on: info/exclude, the one that core.excludesFile names, and git's configuration files.
func (m *Matcher) IsRuleFile(path string) bool {
	path = filepath.Clean(path)
	m.mu.RLock()
	defer m.mu.RUnlock()
	if name := filepath.Base(path); name == ".gitignore" || name == ".git" {
		return below(path, m.top.dir)
	}
	return slices.ContainsFunc(m.repos, func(r *repository) bool {
		return slices.Contains(r.excludes, path) || slices.Contains(r.configs, path)
	})
}

// Unusable tells why nothing is read from a file that holds rules, or a ".git": it is no regular file, or too large. nil if
// it can be read, or there is none.
func Unusable(path string) error {
	info, err := os.Stat(path)
	if err != nil || path == os.DevNull || filepath.Base(path) == ".git" && info.IsDir() {
		return nil
	}
	return smallfile.Usable(info)
}

// FilesOutside lists the files outside the work tree that the answers for the tree's own repository depend on, whether
// they exist or not: info/exclude, the one that core.excludesFile names, and git's configuration files. Whoever watches
// the work tree does not see them change.
func (m *Matcher) FilesOutside() []string {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return slices.Concat(m.top.repo.excludes, m.top.repo.configs)
}

// FilesAbove lists the .gitignore files in the directories above a path, as far as the tree goes, whether they exist or
// not. Whoever watches the path does not see them change.
func (m *Matcher) FilesAbove(path string) (files []string) {
	top := m.Top()
	for dir := filepath.Dir(filepath.Clean(path)); below(dir, top); dir = filepath.Dir(dir) {
		files = append(files, filepath.Join(dir, ".gitignore"))
		if dir == filepath.Dir(dir) {
			break
		}
	}
	return files
}

// IndexFile is the index of the tree's repository, whether it exists or not; "" without a repository.
func (m *Matcher) IndexFile() string {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.top.repo.indexFile()
}

// ReadIndex is due when IndexFile has changed. It says whether something is tracked now that the rules would ignore and
// that was not tracked before. In a repository of 200,000 files it takes some 50 ms.
func (m *Matcher) ReadIndex() (news bool) {
	m.mu.RLock()
	repo := m.top.repo
	m.mu.RUnlock()
	return repo.reread(func(path string) bool {
		r, _ := m.decide(path, false)
		return r != nil && !r.negative
	})
}

// Invalidate is due when a file that IsRuleFile names may have changed: it forgets what was read from it, which is read
// again when it is needed. It is false, and forgets nothing, if the file says what is known of it.
func (m *Matcher) Invalidate(path string) (differs bool) {
	path = filepath.Clean(path)
	dir := filepath.Dir(path)
	m.mu.RLock()
	top, known, relied := m.top, m.scopes[dir], m.relied
	m.mu.RUnlock()
	if filepath.Base(path) != ".gitignore" {
		return m.invalidateRepository(path, top, known)
	}
	if known == nil && len(readRules(dir, top.repo.fold)) == 0 || known != nil && known.read <= relied && known.isCurrent() {
		return false
	}
	if dir == top.dir {
		m.begin(&scope{repo: top.repo, dir: dir, rules: readRules(dir, top.repo.fold)})
		return true
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.generation++
	for _, known := range []map[string]*scope{m.scopes, m.plain} {
		for at := range known {
			if below(at, dir) {
				delete(known, at)
			}
		}
	}
	return true
}

// invalidateRepository is Invalidate for a file that says what a repository is, or for one of its rules or settings.
func (m *Matcher) invalidateRepository(path string, top, known *scope) (differs bool) {
	repo := top.repo
	if dir := filepath.Dir(path); known != nil && known.repo.top == dir && filepath.Base(path) == ".git" {
		repo = known.repo
	} else if !slices.Contains(repo.excludes, path) && !slices.Contains(repo.configs, path) {
		repo = nil
	}
	if repo != nil {
		now := repositoryAt(repo.top)
		if now != nil {
			now.load()
		}
		if repo.same(now) {
			return false
		}
	}
	m.reset()
	return true
}

// Learned is called before a question whether all changes until now have been told; the function that it returns when they
// have. What was read before the call counts as known from then on: no change of it is still on its way.
func (m *Matcher) Learned() (rely func()) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	reads := m.reads
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.relied = max(m.relied, reads)
	}
}

// Refresh is Invalidate for every .gitignore that was read: where nobody watches, it may say something else by now.
func (m *Matcher) Refresh() (differs bool) {
	m.mu.RLock()
	scopes := slices.Collect(maps.Values(m.scopes))
	m.mu.RUnlock()
	for _, s := range scopes {
		if s.ignored == nil && !s.isCurrent() {
			m.Invalidate(filepath.Join(s.dir, ".gitignore"))
			differs = true
		}
	}
	return differs
}

// Rest forgets what can be read again of directories that say nothing: in a large tree these are nearly all, and a
// process that waits asks for few of them.
func (m *Matcher) Rest() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.plain, m.inner = map[string]*scope{}, map[string]inside{}
}

// reset finds the repository and reads everything again.
func (m *Matcher) reset() {
	repo := findRepository(m.start)
	if repo == nil {
		repo = &repository{top: m.start}
	}
	repo.load()
	m.begin(&scope{repo: repo, dir: repo.top, rules: readRules(repo.top, repo.fold)})
}

// begin forgets everything but what was read at the top of the tree; if that is another repository than before, also
// what was found inside it. Nothing is read while mu is held: a file system that hangs must not hold up who asks about
// another one.
func (m *Matcher) begin(top *scope) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.top == nil || m.top.repo != top.repo {
		m.inner, m.repos = map[string]inside{}, []*repository{top.repo}
	}
	m.generation++
	m.top = top
	m.scopes, m.plain = map[string]*scope{}, map[string]*scope{}
	m.keep(top)
}

// keep is called with mu held.
func (m *Matcher) keep(s *scope) {
	m.reads++
	s.read, m.scopes[s.dir] = m.reads, s
}
