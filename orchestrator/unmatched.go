package orchestrator

import (
	"fmt"

	"devloop/orchestrator/gitignore"
	"devloop/orchestrator/graph"
	"devloop/orchestrator/watchset"
	"devloop/schema"
)

// Unmatched warns of every `watch` pattern that no file matches today. Declared
// triggers need not exist yet. It walks what a loop would watch.
func Unmatched(cfg *schema.Config, g *graph.Graph) schema.Mistakes {
	set := watchset.New(cfg, g, gitignore.New(cfg.Dir))
	type entry struct {
		pattern *schema.Pattern
		matched bool
	}
	var entries []entry
	add := func(patterns []schema.Pattern) {
		for i := range patterns {
			literal, ok := patterns[i].Literal()
			entries = append(entries, entry{&patterns[i], ok && set.Trigger(literal)})
		}
	}
	for i := range cfg.Watchers {
		add(cfg.Watchers[i].Watch)
	}
	for i := range cfg.Processes {
		add(cfg.Processes[i].Watch)
	}
	for path := range set.Files() {
		for i := range entries {
			if !entries[i].matched && entries[i].pattern.Match(slashed(path)) {
				entries[i].matched = true
			}
		}
	}
	var warnings schema.Mistakes
	for _, e := range entries {
		if e.matched {
			continue
		}
		warnings = append(warnings, schema.Mistake{
			Pos:  e.pattern.Pos,
			Msg:  fmt.Sprintf("%s matches no file today", e.pattern.String()),
			Hint: "check the spelling; what git ignores counts only where `gitignore: false` says so, or a path is named in full",
		})
	}
	return warnings
}
