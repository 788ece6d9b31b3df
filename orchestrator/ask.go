package orchestrator

import (
	"context"
	"os"

	"devloop/orchestrator/api"
	"devloop/orchestrator/control"
	"devloop/orchestrator/dashboard"
	"devloop/orchestrator/machine"
	"devloop/orchestrator/sockets"
	"devloop/schema"
)

// apiLoop is the loop as the api sees it.
type apiLoop struct{ *loop }

var _ api.Loop = apiLoop{}

func (l apiLoop) Ask(ctx context.Context, question func()) error { return l.ask(ctx, question) }

func (l apiLoop) Names() (names []string) {
	for _, n := range l.graph.Nodes {
		if !n.Gone {
			names = append(names, n.Name)
		}
	}
	return names
}

func (l apiLoop) Kind(node string) string {
	if i := l.graph.Index(node); i >= 0 {
		return l.graph.Nodes[i].Kind()
	}
	return ""
}

func (l apiLoop) Status() control.Status {
	l.step(machine.Asked{})
	s := control.Status{Config: l.opt.Control.Config(), PID: os.Getpid(), Since: l.opt.Control.Since(), Nodes: []control.Node{}, Sockets: []control.Socket{}}
	s.Watching, s.Mistakes, s.History = l.files.Watching(), l.sources.Mistakes(), l.report.cycles.status()
	if s.Watching != nil {
		s.Watching.Paused = l.machine.Paused()
	}
	all := l.report.snapshot(l.machine.Status())
	for i, n := range all.Nodes {
		if !n.Gone || l.runner.RunsProcess(i) {
			node := all.Node(i)
			if l.graph.Nodes[i].Watcher != nil {
				run := 0
				if n.State == "running" {
					run = n.Num
				}
				node.Plan = l.report.history.Plan(n.Name, stageNames(l.plan(i)), run)
			}
			if node.Failed || node.Crashes > 0 {
				node.Problem, node.Problems, _ = l.report.history.First(n.Name, l.allStages(i))
			}
			for _, up := range l.graph.Upstream(i) {
				node.After = append(node.After, l.graph.Nodes[up].Name)
			}
			s.Nodes = append(s.Nodes, node)
		}
	}
	l.report.log.Complete(&s)
	s.Dashboard, s.Editor = l.dashboard.address(), l.screen.Editor()
	for _, held := range l.sockets.All() {
		s.Sockets = append(s.Sockets, socketStatus(held, l.cfg))
	}
	return s
}

func socketStatus(held *sockets.Held, cfg *schema.Config) control.Socket {
	s := control.Socket{Name: held.Name(), Address: held.Address(), Exposed: held.Exposed(), Via: string(held.Via()), Nodes: []string{}}
	for i := range cfg.Processes {
		if p := &cfg.Processes[i]; hasSocket(p, s.Name) {
			s.Nodes = append(s.Nodes, p.Name)
		}
	}
	for _, r := range held.Requests() {
		waits := control.Request{Method: r.Method, Path: r.Path, Since: r.Since}
		if len(s.Nodes) > 0 {
			waits.Node = s.Nodes[0] // a proxy has one server
		}
		s.Requests = append(s.Requests, waits)
	}
	counts := held.Counts()
	s.Waiting, s.Limit, s.InFlight, s.Cut = counts.Waiting, counts.Limit, counts.InFlight, counts.Cut
	return s
}

func (l apiLoop) Login() func() control.Login { return l.dashboard.login() }

// Graph is the graph for the dashboard. It is asked by other goroutines.
func (l apiLoop) Graph(ctx context.Context) (g dashboard.Graph, err error) {
	return g, l.ask(ctx, func() {
		for _, n := range l.graph.Nodes {
			if !n.Gone {
				g.Nodes = append(g.Nodes, dashboard.GraphNode{Name: n.Name, Kind: n.Kind(), Broke: l.report.log.Broke(n.Name)})
			}
		}
		for _, e := range l.graph.Edges {
			from, to := l.graph.Nodes[e.From], l.graph.Nodes[e.To]
			if !from.Gone && !to.Gone {
				g.Edges = append(g.Edges, dashboard.GraphEdge{From: from.Name, To: to.Name, Kind: string(e.Kind)})
			}
		}
		for _, held := range l.sockets.All() {
			s := socketStatus(held, l.cfg)
			g.Sockets = append(g.Sockets, dashboard.GraphSocket{Name: s.Name, Address: s.Address, Nodes: s.Nodes})
		}
	})
}

func (l apiLoop) Wake(node string) control.Wake {
	return l.report.snapshot(l.machine.Status()).Wake(l.graph.Index(node), l.report.history.Wake(node))
}

func (l apiLoop) Diagnostics(node string) ([]control.Diagnostic, []control.Unplaced) {
	i := l.graph.Index(node)
	if now := l.machine.Status()[i]; !now.Watcher && !now.Failed && now.Failures == 0 {
		return nil, nil
	}
	return l.report.history.Diagnostics(node, l.allStages(i))
}

func (l apiLoop) Terminal(node string) (t api.Terminal) {
	i := l.graph.Index(node)
	p := l.graph.Nodes[i].Process
	t.Configured = p != nil && p.PTY
	t.Terminal, t.Running = l.runner.Terminal(i)
	return t
}

func (l apiLoop) Closed() error {
	switch {
	case l.end.told:
		return api.ErrEnding
	case !l.startup.done:
		return api.ErrStarting
	}
	return nil
}

func (l apiLoop) ByHand(verb machine.Verb, nodes []string) []control.Moved {
	before := l.machine.Status()
	command := machine.Command{Verb: verb, Nodes: l.numbers(nodes)}
	l.step(command)
	all := l.report.snapshot(l.machine.Status())
	moved := []control.Moved{}
	for _, n := range command.Nodes {
		moved = append(moved, all.Moved(n, before[n].State))
	}
	return moved
}

func (l apiLoop) Await(nodes []string, answer func(control.Verdict)) (forget func()) {
	return l.await(l.numbers(nodes), answer)
}

func (l apiLoop) Down() {
	if !l.end.told {
		l.end.told = true
		l.screen.Ending("stopping: asked by `devloop down`")
		l.step(machine.Shutdown{})
	}
}

// await asks the machine once everything written until now has been seen.
func (l *loop) await(nodes []int, answer func(control.Verdict)) (forget func()) {
	id := l.barriers.open(answer)
	ask := func() {
		switch {
		case !l.barriers.waits(id): // forgotten meanwhile
		case l.sources.Broken() != nil:
			l.barriers.answer(id, func() control.Verdict { return control.Verdict{Why: brokenConfig(l.sources.Broken())} })
		default:
			l.step(machine.Await{ID: id, Nodes: nodes})
		}
	}
	// First the configuration, which decides what else to look at.
	seen := func() {
		if l.files == nil {
			ask()
		} else {
			l.files.Await(ask)
		}
	}
	if !l.sources.Sync(seen) {
		seen()
	}
	return func() {
		l.barriers.forget(id)
		l.step(machine.Forget{ID: id})
	}
}

// awaited passes the machine's answer on.
func (l *loop) awaited(a machine.Awaited) {
	l.barriers.answer(a.ID, func() control.Verdict {
		if a.OK {
			return control.Verdict{OK: true}
		}
		return l.report.verdict(a.Node)
	})
}
