package orchestrator

import (
	"context"
	"os"

	"devloop/orchestrator/api"
	"devloop/orchestrator/control"
	"devloop/orchestrator/machine"
	"devloop/orchestrator/sockets"
	"devloop/schema"
)

// ask runs a question in the loop's goroutine, which owns everything, and
// waits for it. The question may not block, and what it hands out must be a
// copy.
func (l *loop) ask(ctx context.Context, question func()) error {
	answered := make(chan struct{})
	select {
	case l.asks <- func() { question(); close(answered) }:
		<-answered
		return nil
	case <-l.ctx.Done():
		return api.ErrEnding
	case <-ctx.Done():
		return ctx.Err()
	}
}

// serve begins to answer on the control socket. A loop without one still does
// its work, so all that comes of a failure is a line.
func (l *loop) serve() {
	if l.opt.Control == nil {
		return
	}
	if err := l.api.Serve(l.opt.Control); err != nil {
		l.screen.Notice(err.Error() + "; `devloop status` will not work")
	}
}

// apiLoop is the loop as the api asks it.
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
	s.Watching, s.Mistakes = l.files.Watching(), l.sources.Mistakes()
	all := l.snapshot(l.machine.Status())
	for i, n := range all.Nodes {
		if !n.Gone || l.runner.RunsProcess(i) {
			s.Nodes = append(s.Nodes, all.Node(i))
		}
	}
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
	counts := held.Counts()
	s.Waiting, s.Limit, s.InFlight, s.Cut = counts.Waiting, counts.Limit, counts.InFlight, counts.Cut
	return s
}

func (l apiLoop) Wake(node string) control.Wake {
	return l.snapshot(l.machine.Status()).Wake(l.graph.Index(node), l.history.Wake(node))
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
	case l.ending:
		return api.ErrEnding
	case !l.started:
		return api.ErrStarting
	}
	return nil
}

func (l apiLoop) ByHand(verb machine.Verb, nodes []string) []control.Moved {
	before := l.machine.Status()
	command := machine.Command{Verb: verb, Nodes: l.numbers(nodes)}
	l.step(command)
	all := l.snapshot(l.machine.Status())
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
	if !l.ending {
		l.ending = true
		l.screen.Ending("stopping: asked by `devloop down`")
		l.step(machine.Shutdown{})
	}
}

// numbers are the machine's, of nodes in the configuration in force.
func (l *loop) numbers(names []string) (nodes []int) {
	for _, name := range names {
		nodes = append(nodes, l.graph.Index(name))
	}
	return nodes
}
