package orchestrator

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"devloop/orchestrator/contents"
	"devloop/orchestrator/gitignore"
	"devloop/orchestrator/machine"
	"devloop/orchestrator/thrift"
	"devloop/orchestrator/watchset"
	"devloop/schema"
)

// slashed brings a path to the form that patterns match.
func slashed(path string) string { return filepath.ToSlash(path) }

// watch begins to watch what the configuration asks for.
func (l *loop) watch() error {
	if l.opt.Once || l.opt.NoWatch {
		return nil
	}
	thrift.Begin()
	l.git = gitignore.New(l.cfg.Dir)
	l.set = watchset.New(l.cfg, l.graph, l.git)
	l.contents = contents.New()
	for _, path := range l.set.Touchables() {
		l.noteTime(path)
	}
	l.watchMounts()
	l.sight = &sight{}
	notes, err := l.sight.open(l.area(l.set), l.polling())
	l.own.dir(l.sight.scratch())
	l.note(notes)
	return err
}

// polling is how often everything is to be looked at, where events are not to
// be relied on; nil if they are.
func (l *loop) polling() *time.Duration { return l.pollingOf(l.cfg) }

func (l *loop) pollingOf(cfg *schema.Config) *time.Duration {
	if l.opt.Poll != nil {
		return l.opt.Poll
	}
	return cfg.Poll
}

// area is what the loop looks at for the nodes of a set.
func (l *loop) area(set *watchset.Set) area {
	return area{rootsOf(set, l.git), l.own.outside(set.Descend), l.wants(set)}
}

// note tells what the sights have to say of the system, and each thing once:
// the files of the configuration meet the same limits as the tree, and so does
// the next sight.
func (l *loop) note(notes []string) {
	for _, note := range notes {
		if !l.noted[note] {
			l.noted[note] = true
			l.say.notice(note)
		}
	}
}

// wants tells whether a change of the file may matter: to a node, or to what git
// ignores. Whether git ignores it is asked when the change is taken: a rule may
// have changed right before, and that is taken first.
func (l *loop) wants(set *watchset.Set) func(path string) bool {
	git := l.git
	return func(path string) bool { return set.Matches(path) || git.IsRuleFile(path) }
}

// seeAll waits until nothing is missed any more.
func (l *loop) seeAll() <-chan struct{} {
	all, sights := make(chan struct{}), l.sight.ready()
	l.goroutine(func() {
		if l.allReady(sights...) {
			close(all)
		}
	})
	return all
}

// allReady waits until all of these are closed, in another goroutine than the
// loop's. It is false if the loop has ended before.
func (l *loop) allReady(all ...<-chan struct{}) bool {
	for _, ready := range all {
		select {
		case <-ready:
		case <-l.ctx.Done():
			return false
		}
	}
	return true
}

// degrade polls beside the system's events, since there are places that give
// none: watches have run out.
func (l *loop) degrade() {
	if l.sight.poll != nil && !l.sight.part {
		return
	}
	poll, err := l.area(l.set).poll(0)
	if err != nil {
		l.say.notice(err.Error())
		return
	}
	l.pollInPlace(l.sight.pollAll(poll), poll, sightedEvent{l.sight, l.stream.started})
	l.say.notice("polling everything beside that; once the limit is raised, start devloop again")
}

// sightedEvent says that places can be seen which could not be seen before.
type sightedEvent struct {
	sight *sight
	late  bool // something may have depended on them already
}

// sighted counts what may have changed where nobody could look, and nothing else:
// what is watched is known.
func (l *loop) sighted(ev sightedEvent) {
	if !ev.late || ev.sight != l.sight || l.sight.events == nil {
		return
	}
	if changes := l.below(l.sight.events.Unwatched()...); len(changes) > 0 {
		l.step(machine.FilesChanged{Changes: changes})
	}
}

// While a long burst goes on, what has changed is looked at in steps of
// gatherFor: file by file it costs so much more that a burst of thousands is
// behind when it ends, and slows down who writes it. What has to be acted on
// within farAhead, such as a lone save, never waits; nor does one beside the
// burst of another node wait for longer than a step.
const (
	gatherFor = 5 * time.Millisecond
	farAhead  = 20 * time.Millisecond
)

// gather stops listening to events for a moment, if nothing depends on them now.
func (l *loop) gather(now time.Time) {
	at, ok := l.machine.Deadline()
	if ok && at.Sub(now) >= farAhead && l.machine.Settling() && !l.sight.awaited() {
		l.gathering = now.Add(gatherFor)
	}
}

// eventsWake holds an element when there are events to take, and they are
// not to be gathered.
func (l *loop) eventsWake() <-chan struct{} {
	if !l.gathering.IsZero() {
		if l.gathering.After(time.Now()) && !l.sight.awaited() {
			return nil
		}
		l.gathering = time.Time{}
	}
	return l.sight.wake()
}

// forget makes everything unknown that is known of files, and has it learned
// again. That is the one rule wherever what is seen, or how, is not what it was: files
// come into sight or go out of it, or something may have gone by unseen. Who must
// run for it is another question.
func (l *loop) forget() {
	l.contents.Forget()
	l.learn()
}

// below are changes of everything below the directories: nobody knows which
// files of them have changed, and so nothing that was known counts any more.
func (l *loop) below(dirs ...string) (changes []machine.Change) {
	for _, dir := range dirs {
		if nodes := l.set.WakesBelow(dir); len(nodes) > 0 {
			changes = append(changes, machine.Change{Path: dir, Nodes: nodes})
		}
	}
	if len(dirs) > 0 {
		l.forget()
	}
	return changes
}

// takeChanges turns what has been seen into events.
func (l *loop) takeChanges() {
	if l.sight == nil {
		return
	}
	seen := l.sight.take()
	l.note(seen.notices)
	var ev machine.FilesChanged
	if seen.lost {
		seen.gone = append(seen.gone, l.set.Roots()...)
	}
	l.takeRules(seen.files)
	ev.Changes = append(l.below(seen.gone...), l.changesOf(seen.files)...)
	if seen.limited {
		l.degrade()
	}
	if len(ev.Changes) > 0 {
		l.step(ev)
		l.gather(time.Now())
	}
	if len(seen.passed) > 0 {
		// Whoever has ended has written what it meant to write.
		l.settleEmptied(time.Now().Add(emptyQuiet))
	}
	for _, then := range seen.passed {
		then()
	}
}

// changesOf are those of the files that hold something else than before, with
// whom they wake.
func (l *loop) changesOf(files []sighted) (changes []machine.Change) {
	for _, f := range files {
		nodes := l.set.Wakes(f.path)
		if len(nodes) == 0 || l.own.wrote(f.path) {
			continue
		}
		l.lookForWriter(f.path, nodes) // before anything else: it may be gone in a moment
		if change, counts := l.judge(f.path); counts {
			change.At, change.Nodes, change.Writers = f.at, nodes, l.writers.take(f.path)
			changes = append(changes, change)
		}
	}
	return changes
}

// takeRules asks anew what git ignores, if that may have changed. Files that come into
// sight by it count: where they are in directories that were not watched, the
// watchers report them all, and nothing is known of them.
func (l *loop) takeRules(files []sighted) {
	rules := false
	for _, f := range files {
		if l.git.IsRuleFile(f.path) {
			l.git.Invalidate(f.path)
			rules = true
		}
	}
	if rules {
		l.rulesChanged()
	}
}

func (l *loop) rulesChanged() {
	l.set.RulesChanged()
	l.sight.refilter()
	l.forget()
	if l.next != nil {
		l.next.ruled = true
	}
}

// judge tells whether an event is a change: whether the file holds something
// else than before. A mere touch (fsnotify reports it like a chmod) counts for
// triggers and for what a process's watch names, and then the time tells it
// from other news about attributes. What devloop touched itself is known by
// its time, and dropped.
func (l *loop) judge(path string) (change machine.Change, counts bool) {
	change.Path = path
	if l.set.Trigger(path) {
		change.AtOnce = l.noteTime(path)
		return change, change.AtOnce
	}
	touched := l.set.Touchable(path) && l.noteTime(path)
	look := l.contents.Look
	if touched {
		look = l.contents.Settle // it counts now, whatever it holds
	}
	found := look(path)
	if found.Emptied {
		l.emptied[path] = time.Now().Add(emptyQuiet)
	} else {
		delete(l.emptied, path)
	}
	return change, touched || found.Changed
}

// emptyQuiet is how long a file that was emptied has until it is written: the
// two are one save.
const emptyQuiet = 50 * time.Millisecond

// settleEmptied counts the files that have stayed empty.
func (l *loop) settleEmptied(now time.Time) {
	var ev machine.FilesChanged
	for path, at := range l.emptied {
		if at.After(now) {
			continue
		}
		delete(l.emptied, path)
		if nodes := l.set.Wakes(path); l.contents.Settle(path).Changed && len(nodes) > 0 {
			ev.Changes = append(ev.Changes, machine.Change{Path: path, Nodes: nodes, Writers: l.writers.take(path)})
		}
	}
	if len(ev.Changes) > 0 {
		slices.SortFunc(ev.Changes, func(a, b machine.Change) int { return strings.Compare(a.Path, b.Path) })
		l.step(ev)
	}
}

// noteTime remembers the modification time of a file, and tells whether it is
// another than before. A file that is gone has no news.
func (l *loop) noteTime(path string) (fresh bool) {
	info, err := os.Stat(path)
	if err != nil {
		return false
	}
	fresh = !info.ModTime().Equal(l.touched[path])
	l.touched[path] = info.ModTime()
	return fresh
}

// touch touches the triggers of a watcher.
func (l *loop) touch(node int) {
	for _, t := range l.graph.Nodes[node].Watcher.Triggers {
		if err := touchFile(t.Abs); err != nil {
			l.say.trouble(node, err)
			continue
		}
		l.noteTime(t.Abs)
	}
}

// touchFile sets the file's times to now, and makes it if need be.
func touchFile(path string) error {
	now := time.Now()
	err := os.Chtimes(path, now, now)
	if !os.IsNotExist(err) {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o666)
	if err != nil {
		return err
	}
	return f.Close()
}

// drain answers once everything written so far has been delivered.
func (l *loop) drain(d machine.Drained) {
	if l.sight == nil || !l.sight.sync(func() { l.step(d) }) {
		l.queue = append(l.queue, d)
	}
}

// vcsBusy tells whether git is rewriting a tree that the loop watches, if anybody
// asks: that of the project, or of one that it includes.
func (l *loop) vcsBusy() bool {
	if l.sight == nil || !l.machine.Settling() {
		return false
	}
	var dirs []string
	for _, p := range l.cfg.Projects {
		dirs = append(dirs, p.Dir)
	}
	busy, notes := l.gitLocks.busy(dirs, time.Now())
	l.note(notes)
	return busy
}
