package orchestrator

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"devloop/orchestrator/console"
	"devloop/orchestrator/fspoll"
	"devloop/orchestrator/graph"
	"devloop/orchestrator/listenfd"
	"devloop/orchestrator/machine"
	"devloop/orchestrator/watchset"
	"devloop/schema"
)

// The configuration is read again when one of its files changes. A mistake in
// it changes nothing: the last good one stays in force, and the mistake is
// shown. Else every node and socket that means the same as before goes on as if
// nothing had happened; nodes keep their numbers, see graph.Rebase.

// reloadQuiet is how long the files of the configuration must have been quiet
// before they are read again: editors write in more than one step.
const reloadQuiet = 50 * time.Millisecond

// sources watches the files of the configuration, by a sight of their own.
type sources struct {
	*sight
	paths  []string  // of the files, sorted: those in force, and those of a load that failed
	open   bool      // the sight misses nothing any more
	after  []func()  // what waits for the reading that is due then
	due    time.Time // when they are to be read again; zero: not at all
	unseen bool      // no change of them has been seen: they are read to be sure
	broken error     // why they could not be read the last time
	prints []string  // of the nodes, by number, as they are in force
}

// openSources begins to watch these files of the configuration. What is written
// before all of them are watched is seen by reading them once more then.
func (l *loop) openSources(paths []string) error {
	if l.opt.Reload == nil || l.opt.Once {
		return nil
	}
	src := &sources{sight: &sight{}, paths: paths}
	notes, err := src.sight.open(paths, func(string) bool { return false }, src.has, l.polling())
	l.note(notes)
	if err != nil {
		return fmt.Errorf("watch the configuration: %w", err)
	}
	if old := l.sources; old != nil {
		src.broken, src.prints, src.after = old.broken, old.prints, old.after
		for _, w := range old.waits { // whoever waits for a barrier waits for the new sight
			src.after = append(src.after, w.then)
		}
	} else {
		for _, n := range l.graph.Nodes {
			src.prints = append(src.prints, l.fingerprint(l.cfg, n))
		}
	}
	l.sources = src
	l.goroutine(func() {
		for _, ready := range src.ready() {
			select {
			case <-ready:
			case <-l.ctx.Done():
				return
			}
		}
		select {
		case l.events <- sourcedEvent{src}:
		case <-l.ctx.Done():
		}
	})
	return nil
}

// sourcedEvent says that the sight of the configuration's files misses nothing
// any more.
type sourcedEvent struct{ sources *sources }

// sourced reads what may have been written while nobody looked.
func (l *loop) sourced(ev sourcedEvent) {
	src := ev.sources
	if src != l.sources { // there is a newer one already
		return
	}
	src.open, src.unseen = true, src.due.IsZero()
	src.due = time.Now()
	l.reloadDue()
}

// has tells whether a file is one of them.
func (s *sources) has(path string) bool {
	_, found := slices.BinarySearch(s.paths, path)
	return found
}

// sync is that of a sight, also while that one is opening.
func (s *sources) sync(then func()) (pending bool) {
	if !s.open {
		s.after = append(s.after, then)
		return true
	}
	return s.sight.sync(then)
}

func (s *sources) wake() <-chan struct{} {
	if s == nil {
		return nil
	}
	return s.sight.wake()
}

func (s *sources) pollWake() <-chan struct{} {
	if s == nil {
		return nil
	}
	return s.sight.pollWake()
}

// takeSources notes that a file of the configuration has changed.
func (l *loop) takeSources() {
	seen := l.sources.take()
	l.note(seen.notices)
	if seen.limited {
		l.degradeSources()
	}
	if seen.lost || len(seen.paths) > 0 || len(seen.gone) > 0 {
		l.sources.due, l.sources.unseen = time.Now().Add(reloadQuiet), false
	}
	if len(seen.passed) > 0 && !l.sources.due.IsZero() { // somebody waits for what was written until now
		l.sources.after = append(l.sources.after, seen.passed...)
		if l.stream.started { // else it is read then
			l.reloadConfig()
		}
		return
	}
	for _, then := range seen.passed {
		then()
	}
}

// degradeSources polls the files of the configuration, since there was no watch
// left for them.
func (l *loop) degradeSources() {
	src := l.sources
	if src.poll != nil {
		return
	}
	poll, err := fspoll.Open(fspoll.Options{Roots: src.paths, Descend: func(string) bool { return false }, Want: src.has})
	if err != nil {
		l.say.notice(err.Error())
		return
	}
	src.poll = poll
}

// reloadAt is when the configuration is to be read again: not before the machine
// has one at all.
func (l *loop) reloadAt() (at time.Time, due bool) {
	if l.sources == nil || l.sources.due.IsZero() || !l.stream.started {
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

// reloadConfig reads the configuration again, and puts it in force.
func (l *loop) reloadConfig() {
	l.sources.due = time.Time{}
	polled := l.polling()
	cfg, g, sources, err := l.opt.Reload()
	if err == nil {
		err = l.reconfigure(cfg, g)
	}
	was := l.sources.broken
	l.sources.broken = err
	// What mends a configuration may be a file that the last good one does not have.
	paths := sourcePaths(l.cfg.Sources, sources)
	if !slices.Equal(paths, l.sources.paths) || !equalPoll(polled, l.polling()) {
		l.resource(paths)
	}
	switch {
	case err != nil && (was == nil || was.Error() != err.Error()):
		l.say.broken(err)
	case err == nil && was != nil:
		l.say.notice("the configuration is good again")
	}
	if !l.sources.open {
		return // it is read once more then
	}
	after := l.sources.after
	l.sources.after = nil
	for _, then := range after {
		then()
	}
}

// sourcePaths are the files of both lists, sorted.
func sourcePaths(lists ...[]string) []string {
	paths := slices.Concat(lists...)
	slices.Sort(paths)
	return slices.Compact(paths)
}

// reconfigure puts a configuration in force. Its error leaves everything as it
// was.
func (l *loop) reconfigure(cfg *schema.Config, g *graph.Graph) error {
	before := l.graph
	rebased := g.Rebase(before)
	opened, err := l.rebind(cfg)
	if err != nil {
		return err
	}
	ev := machine.Reconfigure{Config: machineConfig(cfg, rebased, false)}
	prints := make([]string, len(rebased.Nodes))
	watched := len(rebased.Nodes) != len(before.Nodes)
	for i, n := range rebased.Nodes {
		prints[i] = l.fingerprint(cfg, n)
		if i < len(before.Nodes) {
			if !n.Gone && prints[i] != l.sources.prints[i] {
				ev.Changed = append(ev.Changed, i)
			}
			watched = watched || n.Gone != before.Nodes[i].Gone || viewOf(n) != viewOf(before.Nodes[i])
		}
	}
	ev.Apart = l.apart(cfg, rebased)
	same := l.sources.unseen && cfg.Resolved(false, false) == l.cfg.Resolved(false, false)
	l.say.reconfigured(before, rebased, ev.Changed, opened, same)
	polled := l.polling()
	l.cfg, l.graph, l.sources.prints = cfg, rebased, prints
	l.adoptSockets(cfg, opened)
	if (watched || !equalPoll(polled, l.polling())) && l.sight != nil {
		l.rewatch()
	}
	l.step(ev)
	l.release()
	return nil
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
			s := cfg.Socket(ref.Name)
			if held := l.heldAt(s); held != nil && held.misfit(s) {
				nodes = append(nodes, i)
				break
			}
		}
	}
	return nodes
}

// misfit tells whether the front that a socket has is not the one that the
// configuration asks for.
func (s *heldSocket) misfit(cfg *schema.Socket) bool {
	proxied := cfg.Via == schema.ViaProxy
	return proxied != (s.front != nil) || proxied && s.frontHTTP != (cfg.Listen.Type == schema.HTTP)
}

// heldAt finds the socket that is bound where the configuration wants one. One
// that is about to be let go will do.
func (l *loop) heldAt(cfg *schema.Socket) *heldSocket {
	for _, s := range slices.Concat(l.sockets, l.leaving) {
		if socketKey(s.cfg) == socketKey(cfg) {
			return s
		}
	}
	return nil
}

// rebind binds the sockets that the configuration has and nobody holds yet: all
// of them or, with an error, none.
func (l *loop) rebind(cfg *schema.Config) (opened []*heldSocket, err error) {
	var errs []error
	for i := range cfg.Sockets {
		c := &cfg.Sockets[i]
		if l.heldAt(c) != nil {
			continue
		}
		s, err := listenfd.Open(socketSpec(c))
		if err != nil {
			errs = append(errs, fmt.Errorf("socket %s: %w", c.Name, l.ownHolder(err, opened)))
			continue
		}
		held := &heldSocket{Socket: s, cfg: c}
		opened = append(opened, held)
		if err := l.openFront(held); err != nil {
			errs = append(errs, err)
		}
	}
	if err := errors.Join(errs...); err != nil {
		for _, s := range opened {
			_ = errors.Join(s.closeFront(), s.Close()) // the error to tell is the first one
		}
		return nil, fmt.Errorf("the configuration stays as it was: %w", err)
	}
	return opened, nil
}

// ownHolder says it in other words if the one who has the address is this loop.
func (l *loop) ownHolder(err error, opened []*heldSocket) error {
	var inUse *listenfd.InUseError
	if !errors.As(err, &inUse) || inUse.Holder.PID != os.Getpid() {
		return err
	}
	for _, s := range slices.Concat(l.sockets, l.leaving, opened) {
		if s.Network() == inUse.Network && strings.HasSuffix(inUse.Addr, fmt.Sprintf(":%d", s.Port())) {
			return &overlapError{inUse, s}
		}
	}
	return err
}

// overlapError is an address that cannot be bound beside one that the loop holds.
type overlapError struct {
	*listenfd.InUseError
	held *heldSocket
}

func (e *overlapError) Error() string {
	return fmt.Sprintf("%s overlaps with %s, which this loop holds for socket %s", e.Addr, e.held.Addr(), e.held.cfg.Name)
}

func (e *overlapError) Unwrap() error { return e.InUseError }

func (e *overlapError) Hint() string {
	return "a socket is let go only when the new one is bound: end devloop and start it again, or use another port"
}

// adoptSockets gives every held socket its place in the new configuration. One
// that has none any more is let go when its last user has ended.
func (l *loop) adoptSockets(cfg *schema.Config, opened []*heldSocket) {
	held := slices.Concat(l.sockets, l.leaving, opened)
	l.sockets, l.leaving = nil, nil
	for i := range cfg.Sockets {
		c := &cfg.Sockets[i]
		for j, s := range held {
			if s != nil && socketKey(s.cfg) == socketKey(c) {
				s.cfg = c
				l.sockets, held[j] = append(l.sockets, s), nil
				l.matchStandIn(s)
				break
			}
		}
	}
	for _, s := range held {
		if s != nil {
			l.leaving = append(l.leaving, s)
		}
	}
}

// matchStandIn makes or ends the stand-in of a socket, as the configuration says.
func (l *loop) matchStandIn(s *heldSocket) {
	wants := s.cfg.Via != schema.ViaProxy && s.cfg.WhileDown == schema.DownPage
	switch {
	case wants && s.standIn == nil && s.front == nil:
		if err := l.openFront(s); err != nil {
			l.say.notice(err.Error())
		}
	case !wants && s.standIn != nil:
		standIn := s.standIn
		s.standIn, s.paging = nil, false
		l.goroutine(func() { _ = standIn.Close() }) // its listener was a copy
	}
}

// matchFront makes the front of a socket what the configuration says. Nobody
// else uses the socket now: its process is about to start.
func (l *loop) matchFront(s *heldSocket) error {
	if !s.misfit(s.cfg) {
		return nil
	}
	err := s.closeFront()
	s.front, s.standIn, s.paging, s.serving = nil, nil, false, 0
	return errors.Join(err, l.openFront(s))
}

// release closes the sockets that nobody uses any more.
func (l *loop) release() {
	l.leaving = slices.DeleteFunc(l.leaving, func(s *heldSocket) bool {
		for _, c := range l.live {
			if slices.Contains(c.sockets, s) {
				return false
			}
		}
		if err := errors.Join(s.closeFront(), s.Close()); err != nil {
			l.say.notice(err.Error())
		}
		l.say.released(s)
		return true
	})
}

// resource watches other files for the next change of the configuration.
func (l *loop) resource(paths []string) {
	old := l.sources
	if err := l.openSources(paths); err != nil {
		l.say.notice(err.Error())
		return
	}
	if err := old.close(); err != nil {
		l.say.notice(err.Error())
	}
}

// rewatch sees with the eyes of the new configuration: a second sight opens, and
// takes the place of the first once it misses nothing. Both are looked at until
// then; what they both see is one change, since contents are compared.
func (l *loop) rewatch() {
	l.set = watchset.New(l.cfg, l.graph, l.git)
	for _, path := range l.set.Touchables() {
		if _, known := l.touched[path]; !known {
			l.noteTime(path)
		}
	}
	next := &sight{}
	set := l.set
	since := time.Now().Add(-clockStep)
	notes, err := next.open(rootsOf(set, l.git), set.Descend, l.wants(set), l.polling())
	l.note(notes)
	if err != nil {
		l.say.notice(err.Error())
		l.sighted()
		return
	}
	l.resighting = true
	l.goroutine(func() {
		for _, ready := range next.ready() {
			select {
			case <-ready:
			case <-l.ctx.Done():
				_ = next.close() // nobody will look
				return
			}
		}
		select {
		case l.events <- resightedEvent{next, set, changedSince(set, since)}:
		case <-l.ctx.Done():
			_ = next.close()
		}
	})
}

// clockStep is what the clock that stamps files may be behind: it ticks in steps
// of some milliseconds.
const clockStep = 20 * time.Millisecond

// resightedEvent says that a second sight misses nothing any more.
type resightedEvent struct {
	sight *sight
	set   *watchset.Set
	late  []string // what may have changed while it was opening
}

// changedSince lists the watched files that were written since then.
func changedSince(set *watchset.Set, since time.Time) (paths []string) {
	for path := range set.Files() {
		if info, err := os.Stat(path); err == nil && info.ModTime().After(since) {
			paths = append(paths, path)
		}
	}
	return paths
}

// resighted makes the second sight the first.
func (l *loop) resighted(ev resightedEvent) {
	if ev.set != l.set { // there is a newer one already
		if err := ev.sight.close(); err != nil {
			l.say.notice(err.Error())
		}
		return
	}
	l.takeChanges()
	old := l.sight
	l.sight = ev.sight
	for _, w := range old.waits { // whoever waits for a barrier waits for a new one
		if !l.sight.sync(w.then) {
			w.then()
		}
	}
	if err := old.close(); err != nil {
		l.say.notice(err.Error())
	}
	l.seen(ev.late)
	l.sighted()
	l.say.watching()
	l.learn()
}

// sighted lets those go on who wait for a second sight.
func (l *loop) sighted() {
	waiting := l.unsighted
	l.resighting, l.unsighted = false, nil
	for _, then := range waiting {
		if !l.sight.sync(then) {
			then()
		}
	}
}

// broken shows what is wrong with the configuration.
func (t *teller) broken(err error) {
	t.out.Say(self, console.Bad, "✗ the configuration has mistakes; the last good one stays in force")
	var mistakes schema.Mistakes
	text := err.Error()
	if errors.As(err, &mistakes) {
		text = mistakes.Error()
	}
	for line := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		t.out.Say(self, console.Bad, line)
	}
	var hinted interface{ Hint() string }
	if mistakes == nil && errors.As(err, &hinted) && hinted.Hint() != "" {
		t.out.Say(self, console.Plain, "hint: "+hinted.Hint())
	}
}

// reconfigured tells what a new configuration leads to.
func (t *teller) reconfigured(before, after *graph.Graph, changed []int, opened []*heldSocket, quiet bool) {
	var added, gone, anew []string
	for i, n := range after.Nodes {
		switch {
		case i >= len(before.Nodes):
			added = append(added, n.Name)
		case n.Gone && !before.Nodes[i].Gone:
			gone = append(gone, n.Name)
		case slices.Contains(changed, i):
			anew = append(anew, n.Name)
		}
	}
	var parts []string
	for _, p := range []struct {
		what  string
		names []string
	}{{"new", added}, {"changed", anew}, {"gone", gone}} {
		if len(p.names) > 0 {
			parts = append(parts, p.what+": "+strings.Join(p.names, ", "))
		}
	}
	text := "nothing has to start anew"
	switch {
	case len(parts) > 0:
		text = strings.Join(parts, "; ")
	case quiet && len(opened) == 0:
		return
	}
	t.out.Say(self, console.Plain, "● the configuration has changed: "+text)
	for _, s := range opened {
		t.held(s)
	}
}

func (t *teller) released(s *heldSocket) {
	t.out.Say(self, console.Dim, fmt.Sprintf("released %s: %s", s.cfg.Name, s.address()))
}
