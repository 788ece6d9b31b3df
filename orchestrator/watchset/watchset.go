// Package watchset knows which changed file wakes which node: the patterns of
// the configuration, what they leave out, and what git ignores. It answers
// questions about paths, and never watches; only Files walks the disk.
package watchset

import (
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"

	"devloop/orchestrator/gitignore"
	"devloop/orchestrator/graph"
	"devloop/schema"
	"devloop/schema/glob"
)

// Set is every node's view of the tree. It is safe for concurrent use.
type Set struct {
	views    []view
	git      *gitignore.Matcher // nil: git has no say
	dir      string             // of the project
	exempt   atomic.Bool        // the whole project lies in what a larger repository ignores: that says nothing about its files
	triggers map[string]bool    // declared by watchers; slash paths
	literals map[string]bool    // what counts when it is merely touched
}

// view is what one node sees.
type view struct {
	watch  []schema.Pattern
	ignore []schema.Pattern
	top    []schema.Pattern // the ignore of its project
	git    bool             // leave out what git ignores
}

// New makes the set for the nodes of g, in its order.
func New(cfg *schema.Config, g *graph.Graph, git *gitignore.Matcher) *Set {
	s := &Set{git: git, dir: cfg.Dir, triggers: map[string]bool{}, literals: map[string]bool{}}
	s.RulesChanged()
	for _, n := range g.Nodes {
		if w := n.Watcher; w != nil {
			s.views = append(s.views, view{w.Watch, w.Ignore, w.Project.Ignore, w.GitIgnore})
			for _, t := range w.Triggers {
				path := filepath.ToSlash(t.Abs)
				s.triggers[path], s.literals[path] = true, true
			}
			continue
		}
		p := n.Process
		s.views = append(s.views, view{p.Watch, p.Ignore, p.Project.Ignore, p.GitIgnore})
		for _, pattern := range p.Watch {
			if path, ok := pattern.Literal(); ok {
				s.literals[path] = true
			}
		}
	}
	return s
}

// Wakes lists the nodes that a change of the file wakes, in order.
func (s *Set) Wakes(path string) []int {
	path = filepath.ToSlash(path)
	var nodes []int
	for i := range s.views {
		if v := s.judge(i, path); v.Wakes {
			nodes = append(nodes, i)
		}
	}
	return nodes
}

// Wants tells whether a change of the file wakes anybody.
func (s *Set) Wants(path string) bool {
	path = filepath.ToSlash(path)
	for i := range s.views {
		if s.judge(i, path).Wakes {
			return true
		}
	}
	return false
}

// Matches is Wants whatever git ignores: what no change of git's rules alters.
func (s *Set) Matches(path string) bool {
	path = filepath.ToSlash(path)
	for i := range s.views {
		v := &s.views[i]
		for j := range v.watch {
			p := &v.watch[j]
			if !p.Match(path) {
				continue
			}
			literal, _ := p.Literal()
			if named := literal == path; (named || !s.triggers[path]) && keptOut(v, p, path, named).Wakes {
				return true
			}
		}
	}
	return false
}

// RulesChanged is to be called when what git ignores may have changed.
func (s *Set) RulesChanged() { s.exempt.Store(s.git != nil && s.git.Ignored(s.dir, true)) }

// Trigger tells whether a watcher declares the file as its trigger.
func (s *Set) Trigger(path string) bool { return s.triggers[filepath.ToSlash(path)] }

// Touchable tells whether a new modification time alone counts as a change of
// the file: for triggers, and for what a process's watch names literally.
func (s *Set) Touchable(path string) bool { return s.literals[filepath.ToSlash(path)] }

// Touchables lists the files that Touchable is true for, sorted.
func (s *Set) Touchables() []string {
	var paths []string
	for p := range s.literals {
		paths = append(paths, filepath.FromSlash(p))
	}
	slices.Sort(paths)
	return paths
}

// Descend tells whether anything at or below the directory could wake a node:
// directories for which it is false need neither a walk nor a watch.
func (s *Set) Descend(dir string) bool {
	dir = filepath.ToSlash(dir)
	for i := range s.views {
		if s.sees(&s.views[i], dir) {
			return true
		}
	}
	return false
}

// WakesBelow lists the nodes that something below the directory could wake: a
// directory that has gone takes files with it that nobody has counted.
func (s *Set) WakesBelow(dir string) []int {
	dir = filepath.ToSlash(dir)
	var nodes []int
	for i := range s.views {
		if s.sees(&s.views[i], dir) {
			nodes = append(nodes, i)
		}
	}
	return nodes
}

// sees tells whether a node could be woken by something at or below dir.
func (s *Set) sees(v *view, dir string) bool {
	if builtin(dir) != "" || covered(v.top, dir) != nil || covered(v.ignore, dir) != nil {
		return false
	}
	for _, p := range v.watch {
		if p.Reaches(dir) && (!v.git || s.named(p.Pattern, dir) || !s.ignored(dir, true)) {
			return true
		}
	}
	return false
}

// Roots lists where watching begins: the literal part of every pattern.
func (s *Set) Roots() []string {
	var roots []string
	for _, v := range s.views {
		for _, p := range v.watch {
			if base := filepath.FromSlash(p.Base()); !slices.Contains(roots, base) {
				roots = append(roots, base)
			}
		}
	}
	slices.Sort(roots)
	return roots
}

// Verdict is what one node makes of a changed file.
type Verdict struct {
	Wakes   bool
	Pattern *schema.Pattern // the pattern of `watch` that matches, if one does

	// What keeps the file out although a pattern matches: at most one is set.
	Ignored   *schema.Pattern // of the node's or the file's `ignore`
	GitRule   *gitignore.Rule
	Builtin   string // a name that no watcher sees
	IsTrigger bool   // a declared trigger, which only a literal pattern sees
}

// Judge tells what the node makes of a change of the file, and why.
func (s *Set) Judge(node int, path string) Verdict { return s.judge(node, filepath.ToSlash(path)) }

func (s *Set) judge(node int, path string) Verdict {
	v := &s.views[node]
	trigger := s.triggers[path]
	var out Verdict
	for i := range v.watch {
		p := &v.watch[i]
		if !p.Match(path) {
			continue
		}
		literal, _ := p.Literal()
		named := literal == path
		if trigger && !named {
			out = Verdict{Pattern: p, IsTrigger: true}
			continue
		}
		out = s.keptOut(v, p, path, named)
		if out.Wakes {
			return out
		}
	}
	return out
}

func (s *Set) keptOut(v *view, p *schema.Pattern, path string, named bool) Verdict {
	out := keptOut(v, p, path, named)
	if out.Wakes && v.git && !named && !s.named(p.Pattern, path) && s.git != nil && !s.exempt.Load() {
		if rule, ignored := s.git.Explain(filepath.FromSlash(path), false); ignored {
			out.GitRule, out.Wakes = &rule, false
		}
	}
	return out
}

// keptOut is what is known without git's rules.
func keptOut(v *view, p *schema.Pattern, path string, named bool) Verdict {
	out := Verdict{Pattern: p}
	if out.Builtin = builtin(path); out.Builtin != "" && !named {
		return out
	}
	out.Builtin = ""
	if out.Ignored = covered(v.ignore, path); out.Ignored != nil {
		return out
	}
	if out.Ignored = covered(v.top, path); out.Ignored != nil {
		return out
	}
	out.Wakes = true
	return out
}

// named tells whether the pattern names, letter for letter, something that git
// ignores and that the path is or lies in: then git has no say.
func (s *Set) named(p *glob.Pattern, path string) bool {
	literal, ok := p.Literal()
	if !ok {
		return false
	}
	return literal == path || strings.HasPrefix(literal, path+"/") ||
		strings.HasPrefix(path, literal+"/") && s.ignored(literal, true)
}

func (s *Set) ignored(path string, dir bool) bool {
	return s.git != nil && !s.exempt.Load() && s.git.Ignored(filepath.FromSlash(path), dir)
}

// covered finds the pattern that takes the path away, itself or a directory
// above it.
func covered(patterns []schema.Pattern, path string) *schema.Pattern {
	for i := range patterns {
		if patterns[i].Covers(path) {
			return &patterns[i]
		}
	}
	return nil
}

// builtin names what no watcher ever sees: git's own directory, and what
// editors leave beside the file that they are about to save.
func builtin(path string) string {
	for rest := path; rest != ""; {
		var name string
		if i := strings.LastIndexByte(rest, '/'); i >= 0 {
			rest, name = rest[:i], rest[i+1:]
		} else {
			rest, name = "", rest
		}
		if name == ".git" {
			return ".git"
		}
	}
	name := path[strings.LastIndexByte(path, '/')+1:]
	switch {
	case name == "4913": // vim tries whether it may write in the directory
		return name
	case strings.HasSuffix(name, "~"): // vim and emacs backups
		return "*~"
	case strings.HasPrefix(name, ".#"): // emacs locks
		return ".#*"
	case strings.HasPrefix(name, "#") && strings.HasSuffix(name, "#"): // emacs auto-save
		return "#*#"
	case strings.HasPrefix(name, ".") && swap(name): // vim swap files: .name.swp, .swo, .swx …
		return ".*.sw?"
	case strings.HasSuffix(name, "___jb_tmp___"), strings.HasSuffix(name, "___jb_old___"): // IntelliJ safe write
		return "*___jb_*___"
	case name == ".DS_Store":
		return name
	}
	return ""
}

// swap tells whether the name ends like a swap file: .swp, then .swo, .swn …
func swap(name string) bool {
	i := strings.LastIndexByte(name, '.')
	return i > 0 && len(name)-i == 4 && name[i+1] == 's' && name[i+2] == 'w' &&
		name[i+3] >= 'a' && name[i+3] <= 'z'
}
