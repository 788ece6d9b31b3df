package orchestrator

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"devloop/orchestrator/contents"
	"devloop/orchestrator/diskqueue"
	"devloop/orchestrator/fspoll"
	"devloop/orchestrator/gitignore"
	"devloop/orchestrator/graph"
	"devloop/orchestrator/machine"
	"devloop/orchestrator/watchset"
	"devloop/schema"
)

// slashed brings a path to the form that patterns match.
func slashed(path string) string { return filepath.ToSlash(path) }

// filewatch tells the loop which watched files hold something else than before,
// and passes barriers behind that. The loop's goroutine owns it, and never waits
// for a disk here: what reads, or asks about, a file is a job of the queue, and
// jobs are done in the order in which they were given. So what was seen first is
// told first, and a barrier passes after everything that was written before it.
type filewatch struct {
	host watchHost
	disk *diskqueue.Queue

	cfg   *schema.Config
	graph *graph.Graph

	set      *watchset.Set
	git      *gitignore.Matcher
	sight    *sight
	mounted  mounted
	contents *contents.Store
	names    names
	times    *modTimes
	writers  writers
	own      *own
	locks    map[string]*gitLocks // by directory of a project

	emptied   map[string]emptied // files without content
	taken     int                // batches on their way through the queue
	flushing  bool
	gathering time.Time // until when changes are only gathered, see gather

	learning  bool           // what files hold is being learned
	past      *contents.Past // what was known before that; nil if nothing is to be learned
	ruled     bool           // since then, other files may have come into sight
	unmatched *watchset.Set  // whose patterns that match nothing people know of

	next      *reopening // a second sight opens; nil if none does
	unsighted []func()   // what waits for it
}

// watchHost is what a filewatch needs from the loop.
type watchHost struct {
	ctx       context.Context   // ends when nobody listens any more
	goroutine func(work func()) // which may have to wait for a disk
	post      func(event any)
	hand      func(event any) bool // post; false if nobody takes it any more
	asks      chan<- func()        // runs in the loop's goroutine
	discard   func(*sight)         // closes it

	started func() bool // something may depend on what is seen
	changed func(changes []machine.Change)
	far     func(now time.Time) bool // nothing is to be done about changes before long
	working func() bool              // a stage runs
	writing func() func(path string, wakes []int) (nodes []int)
	note    func(notes ...string) // tells each thing once
	notice  func(text string)
	warn    func(text string)
}

// newFilewatch begins to watch what the configuration asks for. poll is how often
// everything is to be looked at, nil where events are to be relied on.
func newFilewatch(host watchHost, disk *diskqueue.Queue, own *own, cfg *schema.Config, g *graph.Graph, poll *time.Duration) (*filewatch, error) {
	w := &filewatch{host: host, disk: disk, cfg: cfg, graph: g, git: gitignore.New(cfg.Dir), contents: contents.New(), times: newModTimes(),
		writers: writers{}, own: own, locks: map[string]*gitLocks{}, emptied: map[string]emptied{}}
	w.set = watchset.New(cfg, g, w.git)
	for _, path := range w.set.Touchables() {
		w.times.note(path)
	}
	w.watchMounts()
	w.sight = newSight(disk)
	notes, err := w.sight.open(w.area(w.set), poll)
	own.temporary(w.sight.scratch())
	host.note(notes...)
	return w, err
}

// close stops watching. It may have to wait for a disk.
func (w *filewatch) close() error {
	errs := []error{w.sight.close()}
	if w.next != nil && w.next.sight != nil { // nobody has looked at it
		errs = append(errs, w.next.sight.close())
	}
	if w.mounted.table != nil {
		errs = append(errs, w.mounted.table.Close())
	}
	return errors.Join(errs...)
}

// area is what is looked at for the nodes of a set.
func (w *filewatch) area(set *watchset.Set) area {
	return area{rootsOf(set, w.git), fspoll.Reach{Descend: w.own.outside(set.Descend), Want: wants(set, w.git)}}
}

// wants tells whether a change of the file may matter: to a node, or to what git
// ignores. Whether git ignores it is asked when the change is taken: a rule may
// have changed right before, and that is taken first.
func wants(set *watchset.Set, git *gitignore.Matcher) func(path string) bool {
	index := git.IndexFile()
	return func(path string) bool { return set.Matches(path) || git.IsRuleFile(path) || path == index }
}

// seeAll waits until nothing is missed any more.
func (w *filewatch) seeAll() <-chan struct{} {
	all, sights := make(chan struct{}), w.sight.ready()
	w.host.goroutine(func() {
		if allReady(w.host.ctx, sights...) {
			close(all)
		}
	})
	return all
}

// allReady waits until all of these are closed, in another goroutine than the
// loop's. It is false if the loop has ended before.
func allReady(ctx context.Context, all ...<-chan struct{}) bool {
	for _, ready := range all {
		select {
		case <-ready:
		case <-ctx.Done():
			return false
		}
	}
	return true
}

// degrade polls beside the system's events, since there are places that give
// none: watches have run out.
func (w *filewatch) degrade() {
	if w.sight.poll != nil && !w.sight.part {
		return
	}
	poll, err := w.area(w.set).poll(0)
	if err != nil {
		w.host.notice(err.Error())
		return
	}
	w.host.pollInPlace(w.sight.pollAll(poll), poll, sightedEvent{w.sight, w.host.started()})
	w.host.notice("polling the rest; raise the limit and start devloop again")
}

// sightedEvent says that places can be seen which could not be seen before.
type sightedEvent struct {
	sight *sight
	late  bool // something may have depended on them already
}

// sighted counts what may have changed where nobody could look, and nothing else:
// what is watched is known.
func (w *filewatch) sighted(ev sightedEvent) {
	if ev.late && ev.sight == w.sight && w.sight.events != nil {
		w.look(w.sight.events.Unwatched(), nil, nil)
	}
}

// While a long burst goes on, what has changed is looked at in steps of
// gatherFor: file by file it costs so much more that a burst of thousands is
// behind when it ends, and slows down who writes it. What has to be acted on
// soon, such as a lone save, never waits; nor does one beside the burst of
// another node wait for longer than a step.
const (
	gatherFor = 5 * time.Millisecond
	farAhead  = 20 * time.Millisecond
)

// gather stops listening to events for a moment, if nothing depends on them now.
func (w *filewatch) gather(now time.Time) {
	if !w.sight.awaited() && w.host.far(now) {
		w.gathering = now.Add(gatherFor)
	}
}

// wake holds an element when there are events to take, and they are not to be
// gathered. What comes while others are looked at is taken together.
func (w *filewatch) wake() <-chan struct{} {
	if w == nil || w.taken > 0 {
		return nil
	}
	if !w.gathering.IsZero() {
		if w.gathering.After(time.Now()) && !w.sight.awaited() {
			return nil
		}
		w.gathering = time.Time{}
	}
	return w.sight.wake()
}

// pollWake is wake for what is polled.
func (w *filewatch) pollWake() <-chan struct{} {
	if w == nil || w.taken > 0 {
		return nil
	}
	return w.sight.pollWake()
}

// deadline is when the loop is to call due, if at all.
func (w *filewatch) deadline() (at time.Time, ok bool) {
	if w == nil {
		return time.Time{}, false
	}
	at = w.gathering
	for _, empty := range w.emptied {
		if at.IsZero() || empty.counts.Before(at) {
			at = empty.counts
		}
	}
	return at, !at.IsZero()
}

// forget makes everything unknown that is known of files, and has it learned
// again. That is the one rule wherever what is seen, or how, is not what it was: files
// come into sight or go out of it, or something may have gone by unseen. Who must
// run for it is another question.
func (w *filewatch) forget() {
	if past := w.contents.Forget(); w.past == nil {
		w.past = past
	} else {
		w.past.Add(past)
	}
	w.learn()
}

// take has everything looked at that has been seen.
func (w *filewatch) take() {
	seen := w.sight.take()
	w.host.note(seen.notices...)
	if seen.lost {
		seen.gone = append(seen.gone, w.set.Roots()...)
	}
	w.takeRules(seen.files)
	w.look(seen.gone, seen.files, seen.passed)
	if seen.limited {
		w.degrade()
	}
}

// takeRules asks anew what git ignores and tracks, if that may have changed. Nearly
// every command of git's writes its index: that counts only if files are tracked
// now that were ignored. A file of rules counts only if it says something else.
func (w *filewatch) takeRules(files []sighted) {
	var rules []string
	index, indexed := w.git.IndexFile(), false
	for _, f := range files {
		indexed = indexed || f.path == index
		if w.git.IsRuleFile(f.path) {
			rules = append(rules, f.path)
		}
	}
	if indexed {
		rules = append(rules, index)
	}
	if len(rules) == 0 {
		return
	}
	git, set, differs := w.git, w.set, make([]bool, len(rules))
	w.disk.Add(diskqueue.Job{
		Paths: rules,
		Do: func(i int) {
			if rules[i] == index {
				differs[i] = git.ReadIndex()
			} else {
				differs[i] = git.Invalidate(rules[i])
			}
			if differs[i] {
				set.RulesChanged()
			}
		},
		Done: func(hung []bool) {
			if hung != nil || slices.Contains(differs, true) {
				w.rulesChanged()
			}
		},
	})
}

// rulesChanged looks with other rules of git. What is in sight now, and was not before,
// counts as changed: whoever asks whether a save is live waits for that.
func (w *filewatch) rulesChanged() {
	w.sight.refilter()
	w.ruled = true
	w.forget()
	if w.next != nil {
		w.next.ruled = true
	}
}

// look finds out what has changed: everything below some directories, of which
// nobody knows which files have changed, so that nothing that was known counts any
// more, and those of the files that hold something else than before. Then the
// barriers have passed.
func (w *filewatch) look(dirs []string, files []sighted, passed []func()) {
	w.lookWith(w.set, dirs, files, passed)
}

// lookWith is look for the nodes of a set.
func (w *filewatch) lookWith(set *watchset.Set, dirs []string, files []sighted, passed []func()) {
	if len(dirs)+len(files)+len(passed) == 0 {
		return
	}
	lost := w.lost(set, dirs)
	if len(dirs) > 0 {
		w.after(w.forget)
	}
	paths := slices.Clone(dirs)
	for _, f := range files {
		paths = append(paths, f.path)
	}
	found := make([]finding, len(paths))
	writing := w.host.writing()
	w.taken++
	w.disk.Add(diskqueue.Job{
		Paths: paths,
		Do: func(i int) {
			if i < len(dirs) {
				found[i].nodes = set.WakesBelow(paths[i])
			} else {
				found[i] = w.judge(set, paths[i], writing)
			}
		},
		Done: func(hung []bool) {
			w.taken--
			changes := slices.Clone(*lost)
			for i, path := range paths {
				f := finding{changed: true}
				switch {
				case hung == nil || !hung[i]:
					if f = found[i]; i < len(dirs) {
						f.changed = true
					}
				case i < len(dirs):
					f.nodes = set.WithoutGit().WakesBelow(path)
				default:
					f.nodes = set.WithoutGit().Wakes(path)
				}
				w.writers.note(path, f.writers)
				since := w.emptied[path].since
				if f.emptied {
					if since.IsZero() {
						since = time.Now()
					}
					w.emptied[path] = emptied{since, time.Now().Add(emptyQuiet)}
				} else {
					delete(w.emptied, path)
				}
				// It holds what it held, though it was written: who has read it meanwhile may
				// have read something else.
				same := i >= len(dirs) && !f.changed && !f.emptied && (!since.IsZero() || files[i-len(dirs)].wrote)
				switch {
				case w.past == nil || i < len(dirs):
				case len(f.nodes) == 0:
					w.past.Drop(path) // it may come into sight with what it holds now
				case f.changed:
					w.past.Meet(path) // it is in sight, and told
				}
				if i < len(dirs) {
					f.nodes = unnamed(f.nodes, path, *lost)
					path = strings.TrimSuffix(path, string(filepath.Separator)) + string(filepath.Separator)
				}
				if (f.changed || same) && len(f.nodes) > 0 {
					change := machine.Change{Path: path, Nodes: f.nodes, AtOnce: f.touched && set.Trigger(path)}
					if i >= len(dirs) {
						w.names.add(path)
						change.At, change.Writers = files[i-len(dirs)].at, w.writers.take(path)
					}
					if same {
						change.Same, change.EmptySince, change.First = true, since, files[i-len(dirs)].first
					}
					changes = append(changes, change)
				}
			}
			if len(changes) > 0 {
				w.host.changed(changes)
				w.gather(time.Now())
			}
			if len(passed) > 0 {
				// Whoever has ended has written what it meant to write.
				w.settleEmptied(time.Now().Add(emptyQuiet), func() {
					for _, then := range passed {
						then()
					}
				})
			}
		},
	})
}

// lost finds, before anything is forgotten, which files have gone with directories,
// as far as their names are known: whoever is woken by that is told of them. It is
// filled in when the queue has come to it.
func (w *filewatch) lost(set *watchset.Set, dirs []string) *[]machine.Change {
	lost := &[]machine.Change{}
	if len(dirs) == 0 {
		return lost
	}
	var found []machine.Change
	w.disk.Add(diskqueue.Job{
		Paths: dirs[:1],
		Do: func(int) {
			for _, path := range w.names.below(dirs) {
				if nodes := set.Wakes(path); len(nodes) > 0 && !w.contents.Gone(path) {
					found = append(found, machine.Change{Path: path, Nodes: nodes})
				}
			}
			slices.SortFunc(found, func(a, b machine.Change) int { return strings.Compare(a.Path, b.Path) })
		},
		Done: func(hung []bool) {
			if hung == nil {
				*lost = found
			}
		},
	})
	return lost
}

// unnamed are those of the nodes that hear of no file below the directory.
func unnamed(nodes []int, dir string, lost []machine.Change) []int {
	return slices.DeleteFunc(slices.Clone(nodes), func(node int) bool {
		return slices.ContainsFunc(lost, func(c machine.Change) bool {
			return strings.HasPrefix(c.Path, strings.TrimSuffix(dir, string(filepath.Separator))+string(filepath.Separator)) && slices.Contains(c.Nodes, node)
		})
	})
}

// finding is what was found out about a path.
type finding struct {
	nodes   []int // whom a change of it wakes
	writers []int // nodes with a command that has it open for writing
	changed bool
	touched bool // it has another time than before
	emptied bool // it may be about to be written
}

// judge tells whether an event is a change: whether the file holds something
// else than before. A mere touch (fsnotify reports it like a chmod) counts for
// triggers and for what a process's watch names, and then the time tells it
// from other news about attributes. What devloop touched itself is known by
// its time, and dropped. It is called by the queue's goroutine.
func (w *filewatch) judge(set *watchset.Set, path string, writing func(string, []int) []int) (f finding) {
	if f.nodes = set.Wakes(path); len(f.nodes) == 0 || w.own.wrote(path) {
		return finding{}
	}
	if writing != nil { // before anything else: they may be gone in a moment
		f.writers = writing(path, f.nodes)
	}
	f.touched = set.Touchable(path) && w.times.note(path)
	if f.changed = f.touched; set.Trigger(path) {
		return f
	}
	look := w.contents.Look
	if f.touched {
		look = w.contents.Settle // it counts now, whatever it holds
	}
	found := look(path)
	if found.Emptied && writing != nil && len(f.writers) == 0 {
		f.writers = writing(path, nil) // whoever writes it now is about to fill it
	}
	f.emptied, f.changed = found.Emptied, f.changed || found.Changed
	return f
}

// emptied is a file that was found without content: since when, and when that is
// what it is meant to hold.
type emptied struct{ since, counts time.Time }

// emptyQuiet is how long a file that was emptied has until it is written: the
// two are one save.
const emptyQuiet = 50 * time.Millisecond

// settleEmptied counts the files that have stayed empty until then, and calls
// then, if it is not nil.
func (w *filewatch) settleEmptied(until time.Time, then func()) {
	var paths []string
	for path, empty := range w.emptied {
		if !empty.counts.After(until) {
			paths = append(paths, path)
			delete(w.emptied, path)
		}
	}
	if len(paths) == 0 && then == nil {
		return
	}
	slices.SortFunc(paths, strings.Compare)
	set := w.set
	found := make([]finding, len(paths))
	w.disk.Add(diskqueue.Job{
		Paths: paths,
		Do: func(i int) {
			found[i] = finding{nodes: set.Wakes(paths[i]), changed: w.contents.Settle(paths[i]).Changed}
		},
		Done: func(hung []bool) {
			var changes []machine.Change
			for i, path := range paths {
				if hung == nil || !hung[i] {
					if f := found[i]; f.changed && len(f.nodes) > 0 {
						changes = append(changes, machine.Change{Path: path, Nodes: f.nodes, Writers: w.writers.take(path)})
					}
				} else if nodes := set.WithoutGit().Wakes(path); len(nodes) > 0 {
					changes = append(changes, machine.Change{Path: path, Nodes: nodes})
				}
			}
			if len(changes) > 0 {
				w.host.changed(changes)
			}
			if then != nil {
				then()
			}
		},
	})
}

// due settles what is due now.
func (w *filewatch) due(now time.Time) {
	if w != nil {
		w.settleEmptied(now, nil)
	}
}

// flush calls then when everything has been told that came before now. Whether
// git is rewriting one of the work trees, it finds out first: else that could be
// over in between.
func (w *filewatch) flush(dirs []string, then func(gitBusy bool)) {
	w.flushing = true
	paths, locks := make([]string, len(dirs)), make([]*gitLocks, len(dirs))
	for i, dir := range dirs {
		if w.locks[dir] == nil {
			w.locks[dir] = &gitLocks{}
		}
		paths[i], locks[i] = filepath.Join(dir, ".git"), w.locks[dir]
	}
	busy, notes := make([]bool, len(dirs)), make([][]string, len(dirs))
	w.disk.Add(diskqueue.Job{
		Paths: paths,
		Do:    func(i int) { busy[i], notes[i] = locks[i].busy(dirs[i:i+1], time.Now()) },
		Done: func(hung []bool) {
			held := false
			for i, dir := range dirs {
				if hung != nil && hung[i] {
					delete(w.locks, dir) // it is still being used
					continue
				}
				held = held || busy[i]
				w.host.note(notes[i]...)
			}
			w.take()
			w.after(func() {
				w.settleEmptied(time.Now(), func() {
					w.flushing = false
					then(held)
				})
			})
		},
	})
}

// after calls then when everything has been told that was taken before.
func (w *filewatch) after(then func()) {
	w.disk.Add(diskqueue.Job{Done: func([]bool) { then() }})
}

// await is sync for who asks about everything that the configuration watches:
// also about what only a second sight will see, which is opening, and about what
// has come into sight.
func (w *filewatch) await(then func()) {
	known := func() {
		if w.next != nil || w.ruled {
			w.unsighted = append(w.unsighted, then)
		} else {
			then()
		}
	}
	if w.next != nil {
		known()
	} else {
		w.sync(known)
	}
}

// sync calls then when all that was written before has been seen and told.
func (w *filewatch) sync(then func()) {
	if !w.sight.sync(then) {
		w.after(then)
	}
}

// answers makes unknown what may have been read from a place that had not
// answered for long: since then, changes there have counted unread.
func (w *filewatch) answers() {
	if w != nil {
		w.forget()
	}
}
