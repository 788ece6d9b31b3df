package main

import (
	"devloop/orchestrator"
	"devloop/orchestrator/graph"
	"devloop/schema"
)

// selected is the project reduced to the nodes named on the command line and
// what they need, or the whole of it.
func (a *app) selected(names []string) (*project, error) {
	p, nodes, err := a.loadNamed(names)
	if err != nil {
		return nil, err
	}
	if len(nodes) > 0 {
		p.cfg, p.graph = orchestrator.Select(p.cfg, p.graph, nodes)
	}
	return p, nil
}

// reloader loads what selected has loaded, again. It is the same file, wherever
// another one may have appeared meanwhile.
func (a *app) reloader(p *project, names []string) func() (*schema.Config, *graph.Graph, error) {
	again := *a
	again.file = p.cfg.File
	return func() (*schema.Config, *graph.Graph, error) {
		p, err := again.selected(names)
		if err != nil {
			return nil, nil, err
		}
		return p.cfg, p.graph, nil
	}
}
