package orchestrator

import (
	"fmt"
	"slices"

	"devloop/orchestrator/gitignore"
	"devloop/orchestrator/graph"
	"devloop/orchestrator/watchset"
	"devloop/schema"
)

// Unmatched warns of every `watch` pattern that no file matches today. It walks
// what a loop would watch.
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
			if literal, ok := patterns[i].Literal(); ok && set.Trigger(literal) {
				continue // a declared trigger need not exist yet
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
