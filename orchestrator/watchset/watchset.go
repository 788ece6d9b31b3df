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
			if (literal == path || !s.triggers[path]) && keptOut(v, p, path, false).Wakes {
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
		if s.below(&s.views[i], dir).Wakes {
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
		if s.below(&s.views[i], dir).Wakes {
			nodes = append(nodes, i)
		}
	}
	return nodes
}

// below finds the first pattern by which a node could be woken by something at or
// below dir; without one, the verdict is that on the first pattern that reaches
// there.
func (s *Set) below(v *view, dir string) (out Verdict) {
	for i := range v.watch {
		p := &v.watch[i]
		if !p.Reaches(dir) {
			continue
		}
		if found := s.keptOut(v, p, dir, true); found.Wakes || out.Pattern == nil {
			out = found
		}
		if out.Wakes {
			break
		}
	}
	return out
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
	Checkout  *gitignore.Rule // it lies in another checkout of the repository
	Builtin   string          // a name that no watcher sees
	IsTrigger bool            // a declared trigger, which only a literal pattern sees
}

// Judge tells what the node makes of a change of the file, and why.
func (s *Set) Judge(node int, path string) Verdict { return s.judge(node, filepath.ToSlash(path)) }

// JudgeBelow tells whether something at or below the directory could wake the
// node, and why: Wakes, of a file that need not be there.
func (s *Set) JudgeBelow(node int, dir string) Verdict {
	return s.below(&s.views[node], filepath.ToSlash(dir))
}

func (s *Set) judge(node int, path string) Verdict { return s.sees(&s.views[node], path) }

func (s *Set) sees(v *view, path string) (out Verdict) {
	for i := range v.watch {
		if p := &v.watch[i]; p.Match(path) {
			if out = s.verdict(v, p, path); out.Wakes {
				return out
			}
		}
	}
	return out
}

// verdict is that on a file which a pattern matches.
func (s *Set) verdict(v *view, p *schema.Pattern, path string) Verdict {
	if literal, _ := p.Literal(); s.triggers[path] && literal != path {
		return Verdict{Pattern: p, IsTrigger: true}
	}
	return s.keptOut(v, p, path, false)
}

// keptOut is the one place that knows what keeps a path from a node that a
// pattern of it matches, or could match below if it is a directory. What keeps a
// directory out keeps all out that lies below it: so to be let in, file by file,
// and not to be walked to, directory by directory, are never at odds.
func (s *Set) keptOut(v *view, p *schema.Pattern, path string, dir bool) Verdict {
	out := keptOut(v, p, path, dir)
	if !out.Wakes || s.git == nil {
		return out
	}
	explain := func() (gitignore.Rule, bool) { return s.git.Checkout(filepath.FromSlash(path), dir) }
	if v.git && !s.exempt.Load() {
		explain = func() (gitignore.Rule, bool) { return s.git.Explain(filepath.FromSlash(path), dir) }
	}
	rule, ignored := explain()
	switch {
	case !ignored || s.named(p.Pattern, path):
	case rule.Checkout != "":
		out.Checkout, out.Wakes = &rule, false
	default:
		out.GitRule, out.Wakes = &rule, false
	}
	return out
}

// keptOut is what is known without git's rules.
func keptOut(v *view, p *schema.Pattern, path string, dir bool) Verdict {
	out := Verdict{Pattern: p}
	if literal, _ := p.Literal(); literal != path {
		if out.Builtin = builtin(path, dir); out.Builtin != "" {
			return out
		}
	}
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
// ignores, or that lies in another checkout, and that the path is or lies in: then
// git has no say.
func (s *Set) named(p *glob.Pattern, path string) bool {
	literal, ok := p.Literal()
	if !ok {
		return false
	}
	return literal == path || strings.HasPrefix(literal, path+"/") ||
		strings.HasPrefix(path, literal+"/") && s.outside(literal)
}

// outside tells whether git ignores a directory, or it is no part of this checkout.
func (s *Set) outside(dir string) bool {
	dir = filepath.FromSlash(dir)
	if s.exempt.Load() {
		_, other := s.git.Checkout(dir, true)
		return other
	}
	return s.git.Ignored(dir, true)
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

// WithoutGit is the same view without git's rules: it never reads a file, and may
// let in what git ignores.
func (s *Set) WithoutGit() *Set {
	return &Set{views: s.views, dir: s.dir, triggers: s.triggers, literals: s.literals}
}
