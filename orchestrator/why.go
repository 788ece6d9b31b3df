package orchestrator

import (
	"context"

	"devloop/orchestrator/cas"
	"devloop/orchestrator/graph"
	"devloop/orchestrator/reuse"
	"devloop/orchestrator/runner"
	"devloop/schema"
)

// Why tells what a stage with `reuse` of a watcher would do now, and what differs from its last pass. No loop needs to run.
func Why(ctx context.Context, cfg *schema.Config, g *graph.Graph, environ []string, node int, stage *schema.Stage) (*reuse.Why, error) {
	p := passes{project: &project{cfg: cfg, graph: g}, shared: &sharedCache{}}
	r := runner.New(ctx, runner.Options{Environ: environ, Config: func() *schema.Config { return cfg }, OnDisk: func(do func()) { go do() }})
	s, err := r.ReusedStage(g.Nodes[node].Watcher, stage)
	if err != nil {
		return nil, err
	}
	s.Files = p.inputs(node, stage)
	known := reuse.New(reuse.Options{Store: cas.Default, Exec: func(ctx context.Context, tool schema.Command, s *reuse.Stage) ([]byte, error) {
		return r.Output(ctx, tool, s.Dir, s.Environ)
	}})
	return known.Why(ctx, s)
}
