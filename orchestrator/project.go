package orchestrator

import (
	"slices"

	"devloop/orchestrator/graph"
	"devloop/schema"
)

// project is the current configuration, and the one that is about to replace it.
type project struct {
	cfg    *schema.Config
	graph  *graph.Graph
	prints []string                // of the nodes, by number; see fingerprint
	plans  map[int]*schema.Watcher // see plan
	next   *candidate              // current once all that it may read is watched; nil if there is none
}

// candidate is a configuration that was read and is not current yet.
type candidate struct {
	cfg     *schema.Config
	graph   *graph.Graph // with the numbers of the current one
	sources []string     // that the configuration, or a later one with mistakes, was read from
	broken  error        // the mistakes of the later one
	unseen  bool         // the configuration was read as a precaution: no change of it has been seen
}

func (p *project) name(node int) string { return p.graph.Nodes[node].Name }

// numbers are the machine's numbers of nodes in the current configuration.
func (p *project) numbers(names []string) (nodes []int) {
	for _, name := range names {
		nodes = append(nodes, p.graph.Index(name))
	}
	return nodes
}

// begins says that a run of a watcher begins.
func (p *project) begins(node int) { p.plans[node] = p.graph.Nodes[node].Watcher }

// plan is the watcher as it was when its last run began: a run keeps its stages when the configuration is
// replaced.
func (p *project) plan(node int) *schema.Watcher {
	if w := p.plans[node]; w != nil {
		return w
	}
	return p.graph.Nodes[node].Watcher
}

// stageNames are the names of a watcher's stages, in groups.
func stageNames(w *schema.Watcher) (groups [][]string) {
	for _, group := range w.Groups() {
		var names []string
		for _, s := range group {
			names = append(names, s.Name)
		}
		groups = append(groups, names)
	}
	return groups
}

// allStages are the names of all stages of a watcher. A process counts as one without a name.
func (p *project) allStages(node int) []string {
	if w := p.graph.Nodes[node].Watcher; w != nil {
		return slices.Concat(stageNames(w)...)
	}
	return []string{""}
}

// stageOf finds a stage by the machine's number.
func stageOf(w *schema.Watcher, index int) *schema.Stage {
	for _, group := range w.Groups() {
		if index < len(group) {
			return group[index]
		}
		index -= len(group)
	}
	return nil
}
