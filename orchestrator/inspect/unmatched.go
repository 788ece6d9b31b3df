package inspect

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"devloop/orchestrator/gitignore"
	"devloop/orchestrator/graph"
	"devloop/orchestrator/watchset"
	"devloop/schema"
)

// presetPrefix begins the file name of a position in a built-in preset.
const presetPrefix = "preset:"

// Unmatched warns of every `watch` pattern that no file matches today, with what
// keeps the files out if there are some, except paths that a built-in preset names
// in full; of patterns that a .gitignore would read in another way; and of rules of
// git's that cannot be read. It walks what a loop would watch.
func Unmatched(cfg *schema.Config, g *graph.Graph) schema.Mistakes {
	git := gitignore.New(cfg.Dir)
	set := watchset.New(cfg, g, git)
	c := NewPatternCheck(cfg, g, set, git)
	for path := range set.Files() {
		c.See(path)
	}
	return c.Warnings()
}

// PatternCheck finds the patterns that match nothing, and those that were meant to
// match more, while somebody walks what is watched and shows it every file.
type PatternCheck struct {
	cfg     *schema.Config
	graph   *graph.Graph
	set     *watchset.Set
	git     *gitignore.Matcher
	watch   []watched
	ignore  []misread
	misread schema.Mistakes
	inputs  []inputs
}

// watched is a pattern of a node's `watch`.
type watched struct {
	node int
	*schema.Pattern
}

// inputs are the `if_changed` of a stage.
type inputs struct {
	node int
	*schema.Stage
}

// misread is a pattern of an `ignore` that a .gitignore would read as another.
type misread struct {
	node int // whose it is; -1: of a whole project
	*schema.Pattern
	other schema.Pattern
}

// NewPatternCheck begins a check of every pattern of the configuration, of which
// the set is made.
func NewPatternCheck(cfg *schema.Config, g *graph.Graph, set *watchset.Set, git *gitignore.Matcher) *PatternCheck {
	c := &PatternCheck{cfg: cfg, graph: g, set: set, git: git}
	for i, n := range g.Nodes {
		watch := watchOf(n)
		for j := range watch {
			p := &watch[j]
			literal, ok := p.Literal()
			if ok && set.Trigger(literal) {
				continue // a declared trigger need not exist yet
			}
			if (ok || n.Watcher != nil && n.Watcher.ForPages()) && strings.HasPrefix(p.Pos.File, presetPrefix) {
				continue // a preset names what many projects have, such as a lock file, or style sheets
			}
			c.watch = append(c.watch, watched{i, p})
		}
		if n.Watcher != nil {
			c.ignores(i, n.Watcher.Ignore)
			for _, stage := range slices.Concat(n.Watcher.Groups()...) {
				c.input(i, stage)
			}
		} else {
			c.ignores(i, n.Process.Ignore)
		}
	}
	for _, p := range cfg.Projects {
		c.ignores(-1, p.Ignore)
	}
	return c
}

// input looks for patterns of a stage's `if_changed` that mean something else.
func (c *PatternCheck) input(node int, stage *schema.Stage) {
	told := false
	for i := range stage.IfChanged {
		p := &stage.IfChanged[i]
		literal, ok := p.Literal()
		told = c.brackets(p) || told || ok && c.set.Trigger(literal) || strings.HasPrefix(p.Pos.File, presetPrefix)
	}
	if len(stage.IfChanged) > 0 && !told {
		c.inputs = append(c.inputs, inputs{node, stage})
	}
}

// ignores looks for patterns that mean something else in a .gitignore.
func (c *PatternCheck) ignores(node int, patterns []schema.Pattern) {
	for i := range patterns {
		p := &patterns[i]
		if strings.HasPrefix(p.Pos.File, presetPrefix) {
			continue
		}
		if w, ok := rooted(p); ok {
			c.misread = append(c.misread, w)
		} else if c.brackets(p) {
			continue
		} else if other, ok := p.Anywhere(); ok {
			c.ignore = append(c.ignore, misread{node, p, schema.Pattern{Pattern: other, Pos: p.Pos}})
		}
	}
}

// rooted warns of a pattern from the root of the file system, where nothing is
// that it could mean.
func rooted(p *schema.Pattern) (schema.Mistake, bool) {
	meant, ok := p.Rooted()
	if !ok {
		return schema.Mistake{}, false
	}
	top, _, _ := strings.Cut(strings.TrimPrefix(p.String(), "/"), "/")
	if strings.ContainsAny(top, `*?[{\`) {
		return schema.Mistake{}, false
	}
	if _, err := os.Lstat("/" + top); err == nil {
		return schema.Mistake{}, false
	}
	return schema.Mistake{
		Pos:  p.Pos,
		Msg:  fmt.Sprintf("%s starts at the root of the file system, where there is no /%s", p, top),
		Hint: fmt.Sprintf("write `%s`: paths are relative to the project, without a slash in front", meant),
	}, true
}

// brackets warns of a pattern that does not match the file with its name, because
// that has brackets.
func (c *PatternCheck) brackets(p *schema.Pattern) (found bool) {
	name, hint := c.bracketed(p)
	if name != "" {
		c.misread = append(c.misread, schema.Mistake{Pos: p.Pos, Msg: fmt.Sprintf("%s does not match %s: `[…]` matches one character of a set", p, name), Hint: hint})
	}
	return name != ""
}

// bracketed is the file of a pattern's very name, if that has brackets.
func (c *PatternCheck) bracketed(p *schema.Pattern) (name, hint string) {
	verbatim, ok := p.Verbatim()
	if !ok || len(verbatim.Base()) <= len(p.Base()) {
		return "", ""
	}
	path := filepath.FromSlash(verbatim.Base())
	if _, err := os.Lstat(path); err != nil {
		return "", ""
	}
	return relative(c.cfg.Dir, path), fmt.Sprintf("write `'%s'`, in single quotes", verbatim)
}

// See takes away the patterns by which the file wakes somebody.
func (c *PatternCheck) See(path string) {
	path = filepath.ToSlash(path)
	c.watch = slices.DeleteFunc(c.watch, func(w watched) bool { return c.set.Sees(w.node, w.Pattern, path).Wakes })
	c.inputs = slices.DeleteFunc(c.inputs, func(in inputs) bool {
		return slices.ContainsFunc(in.IfChanged, func(p schema.Pattern) bool { return p.Match(path) }) && c.set.Judge(in.node, path).Wakes
	})
	c.ignore = slices.DeleteFunc(c.ignore, func(m misread) bool {
		if !m.other.Covers(path) || m.node >= 0 && !c.set.Judge(m.node, path).Wakes {
			return false
		}
		at := path
		for up := filepath.Dir(at); m.other.Covers(filepath.ToSlash(up)); up = filepath.Dir(at) {
			at = up
		}
		at = relative(c.cfg.Dir, filepath.FromSlash(at))
		c.misread = append(c.misread, schema.Mistake{
			Pos:  m.Pos,
			Msg:  fmt.Sprintf("%s is only in the project's directory itself; %s is still watched", m, at),
			Hint: fmt.Sprintf("write `%s` for every directory, as in a .gitignore, or `./%s` for this one only", m.other, m),
		})
		return true
	})
}

// Warnings looks at the disk for what is behind patterns that match nothing, and
// tells of all that was found, in the order of the files. It reads no more than the
// places that those patterns name.
func (c *PatternCheck) Warnings() schema.Mistakes {
	warnings := c.misread
	inDir := filepath.Join(c.cfg.Dir, ".git")
	for _, file := range slices.Concat([]string{inDir}, c.git.FilesAbove(inDir), c.git.FilesOutside()) {
		if err := gitignore.Unusable(file); err != nil {
			warnings = append(warnings, schema.Mistake{Pos: schema.Pos{File: file, Line: 1, Col: 1}, Msg: err.Error() + ": nothing is read from it"})
		}
	}
	for _, w := range c.watch {
		if warning, ok := rooted(w.Pattern); ok {
			warnings = append(warnings, warning)
			continue
		}
		msg, hint := c.cause(w)
		warnings = append(warnings, schema.Mistake{Pos: w.Pos, Msg: fmt.Sprintf("%s matches no file today%s", w, msg), Hint: hint})
	}
	for _, in := range c.inputs {
		node := c.graph.Nodes[in.node].Name
		warnings = append(warnings, schema.Mistake{
			Pos:  in.IfChanged[0].Pos,
			Msg:  fmt.Sprintf("if_changed matches no file today that wakes %s: once it has passed, %s does not run again", node, in.Name),
			Hint: fmt.Sprintf("check the spelling, and that %s watches these files", node),
		})
	}
	slices.SortStableFunc(warnings, func(a, b schema.Mistake) int {
		return cmp.Or(strings.Compare(a.Pos.File, b.Pos.File), a.Pos.Line-b.Pos.Line, a.Pos.Col-b.Pos.Col)
	})
	return schema.Quoted(slices.CompactFunc(warnings, func(a, b schema.Mistake) bool { return a.Pos == b.Pos && a.Msg == b.Msg }))
}

// cause says why a pattern matches nothing, and what to do about it.
func (c *PatternCheck) cause(w watched) (msg, hint string) {
	if there, hint := c.bracketed(w.Pattern); there != "" {
		return fmt.Sprintf(", though there is %s: `[…]` matches one character of a set", there), hint
	}
	path, why, err := c.set.Hidden(w.node, w.Pattern)
	name := relative(c.cfg.Dir, path)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return fmt.Sprintf(": %s cannot be read: permission denied", name), "devloop cannot watch what it cannot read"
	case err != nil:
		return ": " + err.Error(), "devloop cannot watch what it cannot read"
	case path == "":
		return "", "check the spelling"
	}
	node := c.graph.Nodes[w.node].Name
	place := func(p *Place) string { return p.Pattern + " at " + relative(c.cfg.Dir, p.At) }
	switch {
	case why.IsTrigger:
		return fmt.Sprintf(" but %s, a trigger, which only its full path matches", name), "write `" + name + "`"
	case why.Ignored != nil:
		return fmt.Sprintf(" for %s: %s is ignored, by %s", node, name, place(at(why.Ignored))), "remove it from `ignore`, or this from `watch`"
	case why.Checkout != nil:
		return fmt.Sprintf(" for %s: %s is another checkout of this repository", node, relative(c.cfg.Dir, why.Checkout.Checkout)), "to watch it anyway, write its full path, without a wildcard"
	case why.GitRule != nil:
		return fmt.Sprintf(" for %s: git ignores %s, by %s", node, name, place(gitPlace(*why.GitRule))), "`gitignore: false` watches it anyway; so does its full path, without a wildcard"
	}
	hint = "editors and other programs write such files for a moment"
	if why.Builtin == ".git" {
		hint = "the full path of a file in it, without a wildcard, is watched"
	}
	return fmt.Sprintf(": %s is never watched (%s)", name, why.Builtin), hint
}
