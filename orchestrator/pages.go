package orchestrator

import (
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"devloop/orchestrator/control"
	"devloop/orchestrator/graph"
	"devloop/orchestrator/livereload"
	"devloop/orchestrator/machine"
	"devloop/orchestrator/sockets"
	"devloop/schema"
)

// pages tell the pages of each http socket what goes on behind it: those that browsers have open, and those that take the
// place of a server that does not answer.
type pages struct {
	*project
	machine  *machine.Machine
	sockets  *sockets.Set
	problems problems
	mistakes func() *control.Mistakes // in the configuration as it is written; nil: none
	address  func() string            // of the dashboard; "": there is none
	ask      func(question func()) error
	told     map[string]*told // by socket
}

// told is what the pages of a socket were told last.
type told struct {
	graph  *graph.Graph // for which the next three hold
	users  []int        // the processes that have the socket
	behind []int        // they, and everything upstream
	names  []string     // of these

	state livereload.State
	built int  // the cycle that the process was made from when all was live last
	whole int  // the newest cycle then, or that was read anew since
	mixed bool // a save that failed since touched more than style sheets, and what comes next has that, too
}

// review tells the pages of all sockets, after every step of the machine. ended are the cycles that it has ended.
func (p *pages) review(status func() []machine.NodeStatus, ended []*control.Cycle) {
	for _, s := range p.sockets.All() {
		if s.Live() == schema.LiveOff && !s.Answers() {
			continue
		}
		t := p.of(s.Name())
		if len(t.users) == 0 {
			continue
		}
		all := status()
		v := p.look(s, t, all)
		t.state = p.state(s, t, &v, ended)
		s.Report(t.state)
		switch {
		case !s.Answers():
		case v.answers:
			s.Up(p.checks(t, all))
		default:
			s.Down(p.problems.page(&t.state, &v, p.cfg.Name))
		}
	}
}

// of is what is known of a socket's pages.
func (p *pages) of(socket string) *told {
	t := p.told[socket]
	if t == nil {
		t = &told{}
		p.told[socket] = t
	}
	if t.graph == p.graph {
		return t
	}
	t.graph, t.users, t.names = p.graph, nil, nil
	for i, n := range p.graph.Nodes {
		if n.Process != nil && hasSocket(n.Process, socket) {
			t.users = append(t.users, i)
		}
	}
	t.behind = p.graph.Closure(t.users...)
	for _, i := range t.behind {
		t.names = append(t.names, p.name(i))
	}
	return t
}

func hasSocket(p *schema.Process, name string) bool {
	return slices.ContainsFunc(p.Sockets, func(ref schema.SocketRef) bool { return ref.Name == name })
}

// checks tells whether what a process serves may soon be replaced: a change has touched it, or is being
// checked upstream.
func (p *pages) checks(t *told, all []machine.NodeStatus) bool {
	return slices.ContainsFunc(t.behind, func(i int) bool { return all[i].Busy && (all[i].Watcher || i == t.users[0]) })
}

// view is what is behind a socket at one moment.
type view struct {
	all     []machine.NodeStatus
	server  int // the process that answers, else the first that is to
	answers bool
	state   string // a State.State
	subject int    // the node that state is about: what failed, or runs
	failed  bool   // it needs a person, or is tried again after a crash

	mistakes *control.Mistakes // state is about these, in place of a node
}

// look finds out what is behind a socket.
func (p *pages) look(s *sockets.Held, t *told, all []machine.NodeStatus) view {
	v := view{all: all, server: t.users[0], answers: s.Served()}
	for _, i := range t.users {
		if all[i].State == "ready" {
			v.server, v.answers = i, true
			break
		}
	}
	live, nodes := p.machine.Live(t.users...)
	v.state, v.subject = string(live), v.server
	if live == machine.Building && !slices.ContainsFunc(nodes, func(i int) bool { return !isReady(all[i]) }) {
		v.state = string(machine.Live) // it only has to prove that it goes on
	} else if len(nodes) > 0 {
		v.subject = nodes[0]
	}
	if v.subject = p.problems.report.snapshot(all).Root(v.subject); !all[v.subject].Failed {
		for _, i := range t.behind {
			if all[i].Failed && all[i].Watcher && (live == machine.Failed || !v.answers) {
				v.subject = i
			}
		}
	}
	st := &all[v.subject]
	v.failed = st.Failed || st.State == "backing off" || st.State == "starting" && p.problems.startsAgain(st)
	switch {
	case p.machine.Ending():
		v.state = "ended"
	case !v.answers:
		v.state = "down"
	case !v.failed:
		if v.mistakes = p.mistakes(); v.mistakes != nil {
			v.state = string(machine.Failed)
		}
	}
	return v
}

// isReady tells whether a process has nothing to do but to go on.
func isReady(n machine.NodeStatus) bool {
	return n.State == "ready" && n.Candidate == nil && n.Hold.Kind == machine.NotHeld && n.Dropped == nil && !n.UpAt.IsZero()
}

// state is what pages are told.
func (p *pages) state(s *sockets.Held, t *told, v *view, ended []*control.Cycle) livereload.State {
	log, before := p.problems.report.log, t.state
	now := time.Now()
	is := livereload.State{Boot: log.Boot(), Live: string(s.Live()), State: v.state, At: before.At,
		Generation: before.Generation, Since: before.Since, Content: before.Content, Styles: before.Styles, Dashboard: p.address()}
	if is.State != before.State {
		is.At = now.UnixMilli()
	}
	newest := log.Newest(t.names)
	if newest == nil {
		newest = &control.Cycle{}
	}
	built := log.BuiltFrom(p.name(v.server))
	// The old one may still answer on an inherited socket, until it is gone.
	if second := v.all[v.server].Candidate; second == nil || second.New || s.Via() == schema.ViaProxy {
		if generation, since := s.Generation(); generation != before.Generation {
			is.Generation, is.Since, is.Styles = generation, since.UnixMilli(), before.Generation != 0 && onlyStyles(newest) && !t.mixed
			t.built = built
		}
	}
	again := func(c *control.Cycle) {
		is.Content, is.Since, is.Styles = is.Content+1, now.UnixMilli(), onlyStyles(c) && !t.mixed
	}
	if is.State == string(machine.Live) {
		if built != t.built { // the one that serves has read its files again
			t.built = built
			again(newest)
		}
		t.whole = max(t.whole, newest.ID)
		log.Mended(t.names)
	}
	for _, c := range ended {
		if c.Cause == string(machine.ByChange) && c.Result == "passed" && !moved(c, p.name(v.server)) && (onlyStyles(c) || p.isForPages(t, c)) {
			again(c)
			t.whole = max(t.whole, c.ID)
		}
		t.mixed = t.mixed || c.Result == "failed" && !onlyStyles(c)
	}
	t.mixed = t.mixed && is.State != string(machine.Live)
	is.Cycle = max(t.whole, built)
	is.Newest = max(newest.ID, is.Cycle)
	if is.State != string(machine.Live) {
		p.problems.explain(&is, v)
	}
	return is
}

// moved tells whether a save has made a process start or reload.
func moved(c *control.Cycle, process string) bool {
	return slices.ContainsFunc(c.Processes, func(p control.CycleProcess) bool { return p.Node == process })
}

// made tells whether a watcher upstream has passed in a cycle: what the server reads may be another.
func (t *told) made(c *control.Cycle) bool {
	return slices.ContainsFunc(c.Runs, func(r control.CycleRun) bool { return r.Result == "passed" && slices.Contains(t.names, r.Node) })
}

// readsAnew tells whether nothing makes a server start again: nothing that it waits for does, and what it watches itself are
// single files, such as those of its settings.
func (p *pages) readsAnew(t *told) bool {
	if len(t.users) != 1 {
		return false
	}
	return !slices.ContainsFunc(p.graph.Edges, func(e graph.Edge) bool {
		return e.To == t.users[0] && (e.Kind == graph.ByTrigger || e.Restart)
	}) &&
		!slices.ContainsFunc(p.graph.Nodes[t.users[0]].Process.Watch, func(w schema.Pattern) bool {
			file, literal := w.Literal()
			return !literal || !strings.Contains(path.Base(file), ".")
		})
}

// isForPages tells whether the server reads what a save has changed for each request, as far as the configuration says so: a watcher
// of its project that has neither stages nor a trigger has seen it; or there is none, and one upstream has passed, or nothing
// restarts the server.
func (p *pages) isForPages(t *told, c *control.Cycle) bool {
	project, named := p.graph.Nodes[t.users[0]].Process.Project, false
	for _, n := range p.graph.Nodes {
		if n.Watcher == nil || n.Watcher.Project != project || !n.Watcher.ForPages() {
			continue
		}
		if slices.ContainsFunc(c.Runs, func(r control.CycleRun) bool { return r.Node == n.Name }) {
			return true
		}
		named = true
	}
	return !named && (t.made(c) || len(c.Processes) == 0 && p.readsAnew(t))
}

// onlyStyles tells whether a save has touched nothing but style sheets.
func onlyStyles(c *control.Cycle) bool {
	return c.Cause == string(machine.ByChange) && len(c.Paths) > 0 && c.MorePaths == 0 && !slices.ContainsFunc(c.Paths, func(file string) bool {
		name := strings.TrimSuffix(file, ".map")
		return !slices.Contains([]string{".css", ".scss", ".sass", ".less", ".styl", ".pcss"}, strings.ToLower(path.Ext(name)))
	})
}

// hub is what pages of a socket are told by that are no pages of a proxy; nil if they are told nothing. It may be called by any
// goroutine.
func (p *pages) hub(socket string) http.Handler {
	var hub *livereload.Hub
	origins := map[string]bool{}
	err := p.ask(func() {
		for _, s := range p.sockets.All() {
			for _, origin := range s.Origins() {
				origins[origin] = true
			}
			if s.Name() == socket {
				hub = s.Hub()
			}
		}
	})
	if err != nil || hub == nil {
		return nil
	}
	return hub.For(func(origin string) bool { return origins[origin] })
}
