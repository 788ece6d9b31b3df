package orchestrator

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"devloop/orchestrator/diskqueue"
	"devloop/orchestrator/graph"
	"devloop/orchestrator/machine"
	"devloop/orchestrator/report"
	"devloop/schema"
)

// The configuration is read again when one of its files changes. A mistake in
// it changes nothing: the last good one stays in force, and the mistake is
// shown. Else every node and socket that means the same as before goes on as if
// nothing had happened; nodes keep their numbers, see graph.Rebase.

// reloadQuiet is how long the files of the configuration must have been quiet
// before they are read again: editors write in more than one step.
const reloadQuiet = 50 * time.Millisecond

// reloadAt is when the configuration is to be read again: not before the machine
// has one at all.
func (l *loop) reloadAt() (at time.Time, due bool) {
	if l.sources == nil || l.sources.due.IsZero() || !l.started {
		return time.Time{}, false
	}
	return l.sources.due, true
}

// reloadDue reads the configuration again, if it is time.
func (l *loop) reloadDue() {
	if at, due := l.reloadAt(); due && !at.After(time.Now()) {
		l.reloadConfig()
	}
}

// reading is one reading of the configuration, in a goroutine of its own: one of
// its files may lie where nobody answers.
type reading struct {
	unseen bool      // no change has been seen: it is read to be sure
	after  []func()  // what waits for it
	again  bool      // a file has changed meanwhile: it is read once more
	until  time.Time // when the file system counts as hung; zero if it does
}

// hangs tells whether the file system has not answered for too long.
func (r *reading) hangs() bool { return r != nil && r.until.IsZero() }

// readEvent is what a reading has come to.
type readEvent struct {
	*reading
	cfg     *schema.Config
	graph   *graph.Graph
	sources []string
	err     error
}

// reloadConfig reads the configuration again, and puts it in force then. In a
// shut-down it does not: what is running ends in the order in which it depends
// on each other, and a new graph may not know of that any more.
func (l *loop) reloadConfig() {
	l.sources.due = time.Time{}
	switch {
	case l.machine.Ending():
		return
	case l.reading != nil:
		l.reading.again = true
		return
	}
	r := &reading{unseen: l.sources.unseen, after: l.sources.after, until: time.Now().Add(diskqueue.Patience)}
	l.reading, l.sources.after, l.sources.began = r, nil, time.Now()
	l.onDisk.Go(func() {
		cfg, g, sources, err := l.opt.Reload()
		l.post(readEvent{r, cfg, g, sources, err})
	})
}

// errNoAnswer is a configuration of which nobody knows what is written there now.
var errNoAnswer = errors.New("the file system of the configuration does not respond")

// readingDue gives a reading up that takes too long. When it comes to an end all
// the same, what it has read counts.
func (l *loop) readingDue(now time.Time) {
	r := l.reading
	if r == nil || r.hangs() || r.until.After(now) {
		return
	}
	r.until = time.Time{}
	r.after, l.sources.after = append(r.after, l.sources.after...), nil
	l.reloaded(l.sources.paths, errNoAnswer)
	l.goOn(r)
}

// goOn lets those go on who wait for a reading.
func (l *loop) goOn(r *reading) {
	after := r.after
	r.after = nil
	if !l.sources.open { // it is read once more then
		l.sources.after = append(after, l.sources.after...)
		return
	}
	for _, then := range after {
		then()
	}
}

// configRead takes in what was read.
func (l *loop) configRead(ev readEvent) {
	l.reading = nil
	if l.machine.Ending() {
		return
	}
	sources, err := ev.sources, ev.err
	next := &reopening{cfg: ev.cfg, sources: sources, unseen: ev.unseen}
	if err == nil {
		next.graph = ev.graph.Rebase(l.graph)
	}
	switch {
	case err != nil:
		if l.files != nil && l.files.next != nil { // the last good one is not in force yet
			l.files.next.sources, l.files.next.broken = sources, err
		}
		l.reloaded(sources, err)
	case l.files != nil && (l.files.next != nil || l.viewsChange(next)):
		l.files.reopen(next, l.pollingOf(next.cfg))
	default:
		l.reloaded(sources, l.reconfigure(next))
	}
	l.goOn(ev.reading)
	if ev.again {
		l.reloadConfig()
	}
}

// reloaded notes what has come of a reading of the configuration.
func (l *loop) reloaded(sources []string, err error) {
	was := l.sources.broken
	l.sources.broken = err
	if was == nil {
		l.sources.since = time.Now()
	}
	// What fixes a configuration may be a file that the last good one does not have.
	paths := sourcePaths(l.cfg.Sources, sources)
	if !slices.Equal(paths, l.sources.paths) || !equalPoll(l.sources.polling, l.polling()) {
		l.resource(paths)
	}
	if err != nil && (was == nil || was.Error() != err.Error()) {
		l.screen.Broken(err)
	}
}

// viewsChange tells whether a configuration watches something else than the one in
// force, or in another way.
func (l *loop) viewsChange(next *reopening) bool {
	before, after := l.graph.Nodes, next.graph.Nodes
	if len(before) != len(after) || !equalPoll(l.polling(), l.pollingOf(next.cfg)) {
		return true
	}
	for i, n := range after {
		if n.Gone != before[i].Gone || viewOf(n) != viewOf(before[i]) {
			return true
		}
	}
	return false
}

// reconfigure puts a configuration in force, and with it the sight that was opened
// for it, if one was. Its error leaves everything as it was.
func (l *loop) reconfigure(next *reopening) error {
	before, cfg, rebased := l.graph, next.cfg, next.graph
	want := l.socketsOf(cfg)
	opened, err := l.sockets.Open(want)
	if err != nil {
		return fmt.Errorf("the configuration stays unchanged: %w", err)
	}
	ev := machine.Reconfigure{Config: machineConfig(cfg, rebased, false)}
	prints := make([]string, len(rebased.Nodes))
	for i, n := range rebased.Nodes {
		if !n.Gone {
			prints[i] = l.fingerprint(cfg, n)
			if i >= len(before.Nodes) || before.Nodes[i].Gone {
				l.forgetPast(n.Name)
			}
		}
		if i < len(before.Nodes) {
			if !n.Gone && prints[i] != l.sources.prints[i] {
				ev.Changed = append(ev.Changed, i)
			}
		}
	}
	ev.Apart = l.apart(cfg, rebased)
	same := next.unseen && cfg.Resolved(false, false) == l.cfg.Resolved(false, false)
	change := report.Reconfiguration{Again: l.sources.broken != nil, Quiet: same, Opened: len(opened) > 0}
	compare(&change, before, rebased, ev.Changed)
	l.screen.Reconfigured(change)
	for _, s := range opened {
		l.screen.Holding(s.Name(), s.String())
	}
	l.screen.Warned(l.cfg.Warnings, cfg.Warnings)
	l.cfg, l.graph, l.sources.prints = cfg, rebased, prints
	l.sockets.Adopt(want, opened)
	l.log.Follow(rebased)
	if next.sight != nil {
		l.files.adopt(next)
	}
	l.step(ev)
	for node := range l.graph.Nodes {
		l.forgetGone(node)
	}
	l.release()
	return nil
}

// compare names the nodes that are new, those that have changed, of which the numbers
// are given, and those that are gone.
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

func equalPoll(a, b *time.Duration) bool {
	return a == b || a != nil && b != nil && *a == *b
}

// viewOf is what a node looks at.
func viewOf(n graph.Node) string {
	if n.Watcher != nil {
		return fmt.Sprint(patternsPrint(n.Watcher.Watch), patternsPrint(n.Watcher.Ignore), patternsPrint(n.Watcher.Project.Ignore), n.Watcher.GitIgnore, n.Watcher.Triggers)
	}
	return fmt.Sprint(patternsPrint(n.Process.Watch), patternsPrint(n.Process.Ignore), patternsPrint(n.Process.Project.Ignore), n.Process.GitIgnore)
}

// apart lists the processes whose sockets reach them in another way than
// before: the old generation must end first.
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
