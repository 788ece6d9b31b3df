package orchestrator

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
// in full; and of patterns that a .gitignore would read in another way. It walks
// what a loop would watch.
func Unmatched(cfg *schema.Config, g *graph.Graph) schema.Mistakes {
	set := watchset.New(cfg, g, gitignore.New(cfg.Dir))
	u := newUnmatched(cfg, g, set)
	for path := range set.Files() {
		u.see(path)
	}
	return u.warnings()
}

// unmatched finds the patterns that match nothing, and those that were meant to
// match more.
type unmatched struct {
	cfg     *schema.Config
	graph   *graph.Graph
	set     *watchset.Set
	watch   []watched
	ignore  []misread
	misread schema.Mistakes
}

// watched is a pattern of a node's `watch`.
type watched struct {
	node int
	*schema.Pattern
}

// misread is a pattern of an `ignore` that a .gitignore would read as another.
type misread struct {
	node int // whose it is; -1: of a whole project
	*schema.Pattern
	other schema.Pattern
}

func newUnmatched(cfg *schema.Config, g *graph.Graph, set *watchset.Set) *unmatched {
	u := &unmatched{cfg: cfg, graph: g, set: set}
	for i, n := range g.Nodes {
		watch := watchOf(n)
		for j := range watch {
			p := &watch[j]
			literal, ok := p.Literal()
			if ok && set.Trigger(literal) {
				continue // a declared trigger need not exist yet
			}
			if ok && strings.HasPrefix(p.Pos.File, presetPrefix) {
				continue // a preset names what many projects have, such as a lock file
			}
			u.watch = append(u.watch, watched{i, p})
		}
		if n.Watcher != nil {
			u.ignores(i, n.Watcher.Ignore)
		} else {
			u.ignores(i, n.Process.Ignore)
		}
	}
	for _, p := range cfg.Projects {
		u.ignores(-1, p.Ignore)
	}
	return u
}

// ignores looks for patterns that mean something else in a .gitignore.
func (u *unmatched) ignores(node int, patterns []schema.Pattern) {
	for i := range patterns {
		p := &patterns[i]
		if strings.HasPrefix(p.Pos.File, presetPrefix) {
			continue
		}
		if w, ok := rooted(p); ok {
			u.misread = append(u.misread, w)
		} else if other, ok := p.Anywhere(); ok {
			u.ignore = append(u.ignore, misread{node, p, schema.Pattern{Pattern: other, Pos: p.Pos}})
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
		Msg:  fmt.Sprintf("%s begins at the root of the file system, where there is no /%s", p, top),
		Hint: fmt.Sprintf("write `%s`: a path belongs to the project's directory, without a slash before it", meant),
	}, true
}

// see takes away the patterns by which the file wakes somebody.
func (u *unmatched) see(path string) {
	path = slashed(path)
	u.watch = slices.DeleteFunc(u.watch, func(w watched) bool { return u.set.Sees(w.node, w.Pattern, path).Wakes })
	u.ignore = slices.DeleteFunc(u.ignore, func(m misread) bool {
		if !m.other.Covers(path) || m.node >= 0 && !u.set.Judge(m.node, path).Wakes {
			return false
		}
		at := path
		for up := filepath.Dir(at); m.other.Covers(slashed(up)); up = filepath.Dir(at) {
			at = up
		}
		at = relative(u.cfg.Dir, filepath.FromSlash(at))
		u.misread = append(u.misread, schema.Mistake{
			Pos:  m.Pos,
			Msg:  fmt.Sprintf("%s is what lies in the project's directory; %s is still watched", m, at),
			Hint: fmt.Sprintf("for every directory, as in a .gitignore, write `%s`; if it is meant so, `./%s`", m.other, m),
		})
		return true
	})
}

// warnings looks at the disk for what is behind patterns that match nothing.
func (u *unmatched) warnings() schema.Mistakes {
	warnings := u.misread
	for _, w := range u.watch {
		if warning, ok := rooted(w.Pattern); ok {
			warnings = append(warnings, warning)
			continue
		}
		msg, hint := u.cause(w)
		warnings = append(warnings, schema.Mistake{Pos: w.Pos, Msg: fmt.Sprintf("%s matches no file today%s", w, msg), Hint: hint})
	}
	slices.SortStableFunc(warnings, func(a, b schema.Mistake) int {
		return cmp.Or(strings.Compare(a.Pos.File, b.Pos.File), a.Pos.Line-b.Pos.Line, a.Pos.Col-b.Pos.Col)
	})
	return slices.CompactFunc(warnings, func(a, b schema.Mistake) bool { return a.Pos == b.Pos && a.Msg == b.Msg }).Quoted()
}

// cause says why a pattern matches nothing, and what to do about it.
func (u *unmatched) cause(w watched) (msg, hint string) {
	if verbatim, ok := w.Verbatim(); ok {
		if _, err := os.Lstat(filepath.FromSlash(verbatim.Base())); err == nil && len(verbatim.Base()) > len(w.Base()) {
			return fmt.Sprintf(", though there is %s: [ and ] stand for one character of a set",
				relative(u.cfg.Dir, filepath.FromSlash(verbatim.Base()))), fmt.Sprintf("write `'%s'`, in single quotes", verbatim)
		}
	}
	path, why, err := u.set.Hidden(w.node, w.Pattern)
	name := relative(u.cfg.Dir, path)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return fmt.Sprintf(": %s cannot be read: permission denied", name), "what cannot be read cannot be watched"
	case err != nil:
		return ": " + err.Error(), "what cannot be read cannot be watched"
	case path == "":
		return "", "check the spelling"
	}
	node := u.graph.Nodes[w.node].Name
	place := func(p *Place) string { return p.Pattern + " at " + relative(u.cfg.Dir, p.At) }
	switch {
	case why.IsTrigger:
		return fmt.Sprintf(" but %s, a trigger, which only a path in full sees", name), "write `" + name + "`"
	case why.Ignored != nil:
		return fmt.Sprintf(" for %s: %s is ignored, by %s", node, name, place(at(why.Ignored))), "take that out of `ignore`, or this out of `watch`"
	case why.Checkout != nil:
		return fmt.Sprintf(" for %s: %s is another checkout of this repository", node, relative(u.cfg.Dir, why.Checkout.Checkout)), "to watch it all the same, name it in full, without a wildcard"
	case why.GitRule != nil:
		return fmt.Sprintf(" for %s: git ignores %s, by %s", node, name, place(gitPlace(*why.GitRule))), "`gitignore: false` watches it all the same; so does a path that is named in full, without a wildcard"
	}
	return fmt.Sprintf(": %s is never watched (%s)", name, why.Builtin), "such names are those of passing files"
}
