package main

import (
	"errors"

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
func (a *app) reloader(p *project, names []string) func() (*schema.Config, *graph.Graph, []string, error) {
	again := *a
	again.file = p.cfg.File
	return func() (*schema.Config, *graph.Graph, []string, error) {
		p, err := again.selected(names)
		var failed loadError
		switch {
		case errors.As(err, &failed):
			return nil, nil, failed.sources, failed.error
		case err != nil: // a name of the command line is gone: the files in force are to have it again
			return nil, nil, nil, err
		}
		return p.cfg, p.graph, p.cfg.Sources, nil
	}
}
