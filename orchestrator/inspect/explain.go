// Package inspect answers questions about a configuration and the files it is for,
// for which no loop needs to run: what a change of a path leads to, which patterns
// match nothing, and what could keep a loop from working well.
package inspect

import (
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

// Explanation is what a change of one path leads to, and why not more.
type Explanation struct {
	Path    string        `json:"path"` // as asked
	Abs     string        `json:"abs"`
	Is      string        `json:"is"`      // "file", "directory", "missing"
	Trigger []string      `json:"trigger"` // the watchers that touch it
	Nodes   []NodeVerdict `json:"nodes"`
}

// NodeVerdict is what one node makes of the change.
type NodeVerdict struct {
	Node   string         `json:"node"`
	Kind   string         `json:"kind"`
	Wakes  bool           `json:"wakes"`
	By     *Place         `json:"by,omitempty"`  // the pattern of `watch` that matches
	Out    *Place         `json:"out,omitempty"` // the rule that keeps it out
	Why    string         `json:"why,omitempty"` // what keeps it out, in words
	Stages []StageVerdict `json:"stages,omitempty"`
	Then   []string       `json:"then,omitempty"` // the nodes that wake when it has passed
}

// StageVerdict is whether a stage runs, where a watcher's stages look at what
// changed.
type StageVerdict struct {
	Stage string `json:"stage"`
	Runs  bool   `json:"runs"`
	By    *Place `json:"by,omitempty"` // the pattern of `if_changed` that matches
}

// Place is a pattern and where it stands.
type Place struct {
	Pattern string `json:"pattern"`
	At      string `json:"at"` // FILE:LINE:COL, or FILE:LINE for git's rules; "built in"
}

// Explain tells of each path which nodes a change of it wakes. Nothing needs to
// run, and the paths need not exist.
func Explain(cfg *schema.Config, g *graph.Graph, paths []string) ([]Explanation, error) {
	x := explainer{cfg: cfg, graph: g, git: gitignore.New(cfg.Dir)}
	x.set = watchset.New(cfg, g, x.git)
	list := []Explanation{}
	for _, path := range paths {
		abs, err := filepath.Abs(path)
		if err != nil {
			return nil, fmt.Errorf("explain %s: %w", path, err)
		}
		list = append(list, x.explain(path, abs))
	}
	return list, nil
}

type explainer struct {
	cfg   *schema.Config
	graph *graph.Graph
	git   *gitignore.Matcher
	set   *watchset.Set
}

func (x *explainer) explain(path, abs string) Explanation {
	e := Explanation{Path: path, Abs: abs, Is: "missing", Trigger: []string{}}
	if info, err := os.Stat(abs); err == nil {
		e.Is = "file"
		if info.IsDir() && !watchset.LeafLink(abs) {
			e.Is = "directory"
		}
	}
	for i, n := range x.graph.Nodes {
		v := NodeVerdict{Node: n.Name, Kind: n.Kind()}
		if n.Watcher != nil && slices.ContainsFunc(n.Watcher.Triggers, func(t schema.Path) bool { return t.Abs == abs }) {
			e.Trigger = append(e.Trigger, n.Name)
		}
		x.verdict(&v, i, abs, e.Is == "directory")
		if v.Wakes && n.Watcher != nil {
			if e.Is != "directory" {
				v.Stages = stages(n.Watcher, filepath.ToSlash(abs))
			}
			for _, edge := range x.graph.Edges {
				if to := x.graph.Nodes[edge.To].Name; edge.From == i && edge.Kind == graph.ByTrigger && !slices.Contains(v.Then, to) {
					v.Then = append(v.Then, to)
				}
			}
		}
		e.Nodes = append(e.Nodes, v)
	}
	return e
}

// verdict words what a node makes of the change, of a file or below a directory.
func (x *explainer) verdict(v *NodeVerdict, node int, abs string, dir bool) {
	verdict, verb := x.set.Judge(node, abs), "matches"
	if dir {
		verdict, verb = x.set.JudgeBelow(node, abs), "reaches into it"
	}
	if verdict.Pattern == nil {
		v.Why = x.nearest(node, abs, verb)
		return
	}
	v.By = at(verdict.Pattern)
	switch {
	case verdict.IsTrigger:
		v.Why = "it is a trigger, which only its full path in `watch` matches"
	case verdict.Ignored != nil:
		v.Out = at(verdict.Ignored)
		v.Why = "ignored"
	case verdict.Checkout != nil:
		v.Out = gitPlace(*verdict.Checkout)
		v.Why = relative(x.cfg.Dir, verdict.Checkout.Checkout) + " is another checkout of this repository"
	case verdict.GitRule != nil:
		v.Out = gitPlace(*verdict.GitRule)
		v.Why = "git ignores it"
	case verdict.Builtin != "":
		v.Out = &Place{verdict.Builtin, "built in"}
		v.Why = "never watched"
	default:
		link, reached := x.set.Reaches(abs)
		if v.Wakes = reached; !reached {
			v.Why = fmt.Sprintf("it is behind %s, a symbolic link that is not followed", relative(x.cfg.Dir, link))
		} else if unread := unreadable(filepath.FromSlash(verdict.Pattern.Base()), abs, dir); unread != "" {
			v.Wakes = false
			v.Why = relative(x.cfg.Dir, unread) + " cannot be read: permission denied"
		}
	}
}

// unreadable is the topmost of the directories that must be read to see a path, from the
// pattern's base down, that may not be; "" if all may.
func unreadable(base, abs string, dir bool) (first string) {
	at := abs
	if !dir {
		at = filepath.Dir(abs)
	}
	for {
		info, err := os.Stat(at)
		if err == nil && info.IsDir() {
			var d *os.File
			if d, err = os.Open(at); err == nil {
				_ = d.Close() // it was only to be tried
			}
		}
		if errors.Is(err, fs.ErrPermission) {
			first = at
		}
		up := filepath.Dir(at)
		if up == at || !below(filepath.ToSlash(up), filepath.ToSlash(base)) {
			return first
		}
		at = up
	}
}

// nearest says why no pattern does what the verb says, by the one that comes
// closest.
func (x *explainer) nearest(node int, abs, verb string) string {
	watch := watchOf(x.graph.Nodes[node])
	if len(watch) == 0 {
		return "it watches nothing"
	}
	path := filepath.ToSlash(abs)
	for i := range watch {
		if verbatim, ok := watch[i].Verbatim(); ok && verbatim.Match(path) {
			return fmt.Sprintf("no pattern %s: `[…]` in %s at %s matches one character of a set; write '%s'", verb, watch[i], watch[i].Pos, verbatim)
		}
	}
	var best *schema.Pattern
	most := -1
	for i := range watch {
		if n := common(watch[i].Base(), path); n > most {
			best, most = &watch[i], n
		}
	}
	if !below(path, filepath.ToSlash(x.cfg.Dir)) || most <= common(filepath.ToSlash(x.cfg.Dir), path) {
		// None is any closer than the others.
		const few = 4
		var names []string
		for _, p := range watch[:min(few, len(watch))] {
			names = append(names, p.String())
		}
		if len(watch) > few {
			names = append(names, "…")
		}
		return fmt.Sprintf("no pattern %s: it watches %s (%s)", verb, strings.Join(names, ", "), watch[0].Pos)
	}
	text := fmt.Sprintf("no pattern %s; nearest: %s at %s", verb, best.String(), best.Pos)
	base := best.Base()
	if literal, ok := best.Literal(); ok && literal == base || below(path, base) {
		return text
	}
	if rel, err := filepath.Rel(x.cfg.Dir, filepath.FromSlash(base)); err == nil {
		base = filepath.ToSlash(rel)
	}
	return text + ", which looks only below " + base
}

// common counts the segments that two slash paths begin with.
func common(a, b string) int {
	n := 0
	bs := strings.Split(b, "/")
	for i, s := range strings.Split(a, "/") {
		if i >= len(bs) || bs[i] != s {
			break
		}
		n++
	}
	return n
}

// below tells whether the path is the directory or lies in it.
func below(path, dir string) bool {
	return path == dir || strings.HasPrefix(path, strings.TrimSuffix(dir, "/")+"/")
}

// stages tells which stages a change runs, where that depends on the change.
func stages(w *schema.Watcher, path string) []StageVerdict {
	var list []StageVerdict
	depends := false
	for _, group := range w.Groups() {
		for _, s := range group {
			v := StageVerdict{Stage: s.Name, Runs: len(s.IfChanged) == 0}
			for i := range s.IfChanged {
				depends = true
				if s.IfChanged[i].Match(path) {
					v.Runs, v.By = true, at(&s.IfChanged[i])
					break
				}
			}
			list = append(list, v)
		}
	}
	if !depends {
		return nil
	}
	return list
}

// watchOf is what a node watches.
func watchOf(n graph.Node) []schema.Pattern {
	if n.Watcher != nil {
		return n.Watcher.Watch
	}
	return n.Process.Watch
}

func at(p *schema.Pattern) *Place { return &Place{p.String(), p.Pos.String()} }

func gitPlace(r gitignore.Rule) *Place {
	if r.File == "" {
		return &Place{r.Pattern, "built in"}
	}
	return &Place{r.Pattern, fmt.Sprintf("%s:%d", r.File, r.Line)}
}
