package orchestrator

import (
	"errors"
	"fmt"
	"slices"

	"devloop/orchestrator/filewatch"
	"devloop/orchestrator/graph"
	"devloop/orchestrator/machine"
	"devloop/orchestrator/report"
	"devloop/schema"
)

// The configuration is read again when one of its files changes. If it has a mistake, the last good one stays
// current, and the mistake is shown. Otherwise nodes and sockets that have not changed go on; nodes keep
// their numbers, see graph.Rebase.

// errNoAnswer: the current content of the configuration is unknown.
var errNoAnswer = errors.New("the file system of the configuration does not respond")

// loadConfig reads the configuration again, in another goroutine.
func (l *loop) loadConfig() (loaded func(unseen bool)) {
	cfg, g, sources, err := l.opt.Reload()
	return func(unseen bool) {
		if err != nil {
			if l.next != nil { // the last good one is not current yet
				l.next.sources, l.next.broken = sources, err
			}
			l.reloaded(sources, err)
			return
		}
		l.configRead(&candidate{cfg: cfg, graph: g.Rebase(l.graph), sources: sources, unseen: unseen})
	}
}

// configRead makes a configuration the current one, at once, or when all that it may read is watched.
func (l *loop) configRead(next *candidate) {
	if l.startup.opening {
		l.startup.next = next
		return
	}
	if l.files == nil || !l.files.Reopening() && !l.viewsChange(next) {
		l.reloaded(next.sources, l.reconfigure(next, func() {}))
		return
	}
	l.next = next
	l.files.Reopen(next.cfg, next.graph, l.opt.polling(next.cfg), func(adopt func()) {
		l.next = nil
		if l.machine.Ending() {
			return
		}
		err := l.reconfigure(next, adopt)
		if err == nil {
			err = next.broken
		}
		l.reloaded(next.sources, err)
	})
}

// reloaded records the result of reading the configuration.
func (l *loop) reloaded(sources []string, err error) {
	was := l.sources.Loaded(err)
	// A file that the last good configuration does not have may fix the mistake.
	l.sources.Follow(sourcePaths(l.cfg.Sources, sources), l.opt.polling(l.cfg))
	if err != nil && (was == nil || was.Error() != err.Error()) {
		l.screen.Broken(err)
	}
	l.report.stands(l.machine, l.machine.Status, err)
	l.pages.review(l.machine.Status, nil)
}

// sourcePaths are the files of both lists, sorted.
func sourcePaths(lists ...[]string) []string {
	paths := slices.Concat(lists...)
	slices.Sort(paths)
	return slices.Compact(paths)
}

// viewsChange tells whether a configuration watches other files than the current one, or in another way.
func (l *loop) viewsChange(next *candidate) bool {
	before, after := l.graph.Nodes, next.graph.Nodes
	if len(before) != len(after) || !filewatch.SamePoll(l.opt.polling(l.cfg), l.opt.polling(next.cfg)) {
		return true
	}
	for i, n := range after {
		if n.Gone != before[i].Gone || viewOf(n) != viewOf(before[i]) {
			return true
		}
	}
	return false
}

// reconfigure makes a configuration the current one, and adopts what was opened for it. After an error
// everything is as before.
func (l *loop) reconfigure(next *candidate, adopt func()) error {
	before, cfg, rebased := l.graph, next.cfg, next.graph
	want := socketsOf(cfg, l.graph, l.opt.Once)
	adoptPage, dropPage, err := l.dashboard.move(dashboardOf(cfg, l.opt.Once))
	if err != nil {
		return fmt.Errorf("the configuration stays unchanged: %w", err)
	}
	opened, err := l.sockets.Open(want)
	if err != nil {
		return fmt.Errorf("the configuration stays unchanged: %w", errors.Join(err, dropPage()))
	}
	ev := machine.Reconfigure{Config: machineConfig(cfg, rebased, false)}
	prints := make([]string, len(rebased.Nodes))
	for i, n := range rebased.Nodes {
		if !n.Gone {
			prints[i] = fingerprint(l.opt.Environ, cfg, n)
			if i >= len(before.Nodes) || before.Nodes[i].Gone {
				l.report.forgetPast(n.Name)
			}
		}
		if i < len(before.Nodes) {
			if !n.Gone && prints[i] != l.prints[i] {
				ev.Changed = append(ev.Changed, i)
				l.report.history.ForgetUsual(n.Name)
			}
		}
	}
	ev.StopFirst = l.apart(cfg, rebased)
	same := next.unseen && cfg.Resolved(false, false) == l.cfg.Resolved(false, false)
	change := report.Reconfiguration{Again: l.sources.Broken() != nil, Quiet: same, Opened: len(opened) > 0}
	compare(&change, before, rebased, ev.Changed)
	l.screen.Reconfigured(change)
	for _, s := range opened {
		l.screen.Holding(s.Name(), s.String())
	}
	adoptPage()
	l.screen.Warned(l.cfg.Warnings, cfg.Warnings)
	l.cfg, l.graph, l.prints = cfg, rebased, prints
	l.sockets.Adopt(want, opened)
	l.report.log.Follow(rebased)
	adopt()
	l.step(ev)
	for node := range l.graph.Nodes {
		l.forgetGone(node)
	}
	l.release()
	return nil
}

// compare names the nodes that are new, changed (their numbers are given) and removed.
func compare(change *report.Reconfiguration, before, after *graph.Graph, changed []int) {
	for i, n := range after.Nodes {
		switch {
		case i >= len(before.Nodes) || before.Nodes[i].Gone && !n.Gone:
			change.New = append(change.New, n.Name)
		case n.Gone && !before.Nodes[i].Gone:
			change.Gone = append(change.Gone, n.Name)
		case !slices.Contains(changed, i):
		case n.Watcher != nil:
			change.Runs = append(change.Runs, n.Name)
		default:
			change.Restarts = append(change.Restarts, n.Name)
		}
	}
}

// viewOf is what a node watches, as text.
func viewOf(n graph.Node) string {
	if n.Watcher != nil {
		return fmt.Sprint(patternsPrint(n.Watcher.Watch), patternsPrint(n.Watcher.Ignore), patternsPrint(n.Watcher.Project.Ignore), n.Watcher.GitIgnore, n.Watcher.Triggers)
	}
	return fmt.Sprint(patternsPrint(n.Process.Watch), patternsPrint(n.Process.Ignore), patternsPrint(n.Process.Project.Ignore), n.Process.GitIgnore)
}

// apart lists the processes that get their sockets in another way than before: their old generation must end
// first.
func (l *loop) apart(cfg *schema.Config, g *graph.Graph) (nodes []int) {
	for i, n := range g.Nodes {
		if n.Process == nil || n.Gone {
			continue
		}
		for _, ref := range n.Process.Sockets {
			if l.sockets.Misfits(cfg.Socket(ref.Name)) {
				nodes = append(nodes, i)
				break
			}
		}
	}
	return nodes
}

// release closes the sockets that the configuration no longer has and no process uses.
func (l *loop) release() {
	for _, s := range l.sockets.Release() {
		l.screen.Released(s.Name(), s.Address())
	}
}
