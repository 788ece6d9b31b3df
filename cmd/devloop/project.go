package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"devloop/orchestrator"
	"devloop/orchestrator/control"
	"devloop/orchestrator/graph"
	"devloop/schema"
	"devloop/schema/preset"
)

// project is a loaded configuration and the graph that follows from it.
type project struct {
	cfg   *schema.Config
	graph *graph.Graph
	asked control.Variables // of the environment, while it was loaded
}

// loadError is why a project could not be loaded.
type loadError struct {
	error
	sources []string // a change of one of these files may fix it
}

func (e loadError) Unwrap() error { return e.error }

// load finds and loads the configuration, and derives the graph.
func (a *app) load() (*project, error) {
	file, err := a.find()
	if err != nil {
		return nil, err
	}
	defer a.reportSlow(file)()
	asked := control.Variables{}
	lookup := func(name string) (string, bool) {
		value, set := os.LookupEnv(name)
		asked.Add(name, value, set)
		return value, set
	}
	cfg, sources, err := schema.Load(shorter(file), schema.Options{Presets: preset.FS(), LookupEnv: lookup})
	if err != nil {
		return nil, loadError{err, sources}
	}
	g, mistakes := graph.New(cfg)
	if len(mistakes) > 0 {
		return nil, loadError{schema.Quoted(mistakes), sources}
	}
	return &project{cfg: cfg, graph: g, asked: asked}, nil
}

// loadNamed is load, and finds the nodes named on the command line.
func (a *app) loadNamed(names []string) (p *project, nodes []int, err error) {
	if p, err = a.load(); err != nil {
		return nil, nil, err
	}
	for _, name := range names {
		n := p.graph.Index(name)
		if n < 0 {
			return nil, nil, unknownName{name, p.graph}
		}
		nodes = append(nodes, n)
	}
	return p, nodes, nil
}

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

// reloader loads again what selected has loaded: the same file, even if another one would be found now.
func reloader(a *app, p *project, names []string) func() (*schema.Config, *graph.Graph, []string, error) {
	again := *a
	again.file, again.stderr = p.cfg.File, io.Discard // the loop itself tells of a disk that does not answer
	return func() (*schema.Config, *graph.Graph, []string, error) {
		p, err := again.selected(names)
		var failed loadError
		switch {
		case errors.As(err, &failed) && errors.Is(err, fs.ErrNotExist):
			return nil, nil, failed.sources, fmt.Errorf("%s was removed", shorter(again.file))
		case errors.As(err, &failed):
			return nil, nil, failed.sources, failed.error
		case err != nil: // a name of the command line is gone: it must appear in the current files again
			return nil, nil, nil, err
		}
		return p.cfg, p.graph, p.cfg.Sources, nil
	}
}

// unknownName is a name on the command line that the configuration does not have.
type unknownName struct {
	name  string
	graph *graph.Graph
}

func (e unknownName) Error() string {
	return fmt.Sprintf("%q is neither a command of devloop nor a watcher or process of this project", e.name)
}

func (e unknownName) Hint() string {
	names := make([]string, len(e.graph.Nodes))
	for i, n := range e.graph.Nodes {
		names[i] = n.Name
	}
	return fmt.Sprintf("this project has %v; see `devloop --help` for the commands", names)
}

// nodeNames completes node names on the command line.
func (a *app) nodeNames(kind string) func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		p, err := a.load()
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var names []string
		for _, n := range p.graph.Nodes {
			if (kind == "" || n.Kind() == kind) && !slices.Contains(args, n.Name) {
				names = append(names, n.Name)
			}
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
}

// differs warns when the project's loop runs with other values of the variables in the configuration: what
// is shown is then not what runs.
func (a *app) differs(p *project) {
	if len(p.asked) == 0 {
		return
	}
	client, err := control.Dial(p.cfg.File)
	if err != nil {
		return // none runs
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	d, err := client.Differing(ctx, p.asked)
	if err != nil || len(d.Names) == 0 {
		return // an older loop does not know the question
	}
	value := "another value"
	if len(d.Names) > 1 {
		value = "other values"
	}
	fmt.Fprintf(a.stderr, "devloop: warning: the running loop (pid %d) has %s of %s; this is what devloop.yaml means in this terminal\n", d.PID, value, strings.Join(d.Names, ", "))
}
