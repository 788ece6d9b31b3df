package orchestrator

import (
	"fmt"
	"slices"
	"strings"

	"devloop/orchestrator/gitignore"
	"devloop/orchestrator/graph"
	"devloop/orchestrator/watchset"
	"devloop/schema"
)

// presetPrefix begins the file name of a position in a built-in preset.
const presetPrefix = "preset:"

// Unmatched warns of every `watch` pattern that no file matches today, except
// paths that a built-in preset names in full. It walks what a loop would watch.
func Unmatched(cfg *schema.Config, g *graph.Graph) schema.Mistakes {
	set := watchset.New(cfg, g, gitignore.New(cfg.Dir))
	u := newUnmatched(cfg, set)
	for path := range set.Files() {
		u.see(path)
	}
	return u.warnings()
}

// unmatched finds the patterns that match nothing.
type unmatched struct {
	patterns []*schema.Pattern
}

func newUnmatched(cfg *schema.Config, set *watchset.Set) *unmatched {
	u := &unmatched{}
	add := func(patterns []schema.Pattern) {
		for i := range patterns {
			literal, ok := patterns[i].Literal()
			if ok && set.Trigger(literal) {
				continue // a declared trigger need not exist yet
			}
			if ok && strings.HasPrefix(patterns[i].Pos.File, presetPrefix) {
				continue // a preset names what many projects have, such as a lock file
			}
			u.patterns = append(u.patterns, &patterns[i])
		}
	}
	for i := range cfg.Watchers {
		add(cfg.Watchers[i].Watch)
	}
	for i := range cfg.Processes {
		add(cfg.Processes[i].Watch)
	}
	return u
}

// see takes away the patterns that match the file.
func (u *unmatched) see(path string) {
	path = slashed(path)
	u.patterns = slices.DeleteFunc(u.patterns, func(p *schema.Pattern) bool { return p.Match(path) })
}

func (u *unmatched) warnings() schema.Mistakes {
	var warnings schema.Mistakes
	for _, p := range u.patterns {
		warnings = append(warnings, schema.Mistake{
			Pos:  p.Pos,
			Msg:  fmt.Sprintf("%s matches no file today", p.String()),
			Hint: "check the spelling; what git ignores counts only where `gitignore: false` says so, or a path is named in full",
		})
	}
	return warnings.Quoted()
}
