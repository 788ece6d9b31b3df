package filewatch

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"devloop/orchestrator/diskqueue"
	"devloop/orchestrator/gitignore"
	"devloop/orchestrator/machine"
	"devloop/orchestrator/watchset"
)

// takeRules reads again what git ignores and tracks, if that may have changed. Nearly every git command
// writes the index: that counts only if files are now tracked that were ignored. A file of rules counts only
// if its content differs. unseen includes files whose change may have been missed.
func (w *Files) takeRules(files []seenFile, unseen bool) {
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
	top := w.git.Top()
	if unseen {
		rules = append(rules, top)
	}
	if len(rules) == 0 {
		return
	}
	git, set, differs, unusable := w.git, w.set, make([]bool, len(rules)), make([]error, len(rules))
	w.opt.Disk.Add(diskqueue.Job{
		Paths: rules,
		Do: func(i int) {
			switch rules[i] {
			case index:
				differs[i] = git.ReadIndex()
			case top:
				differs[i] = git.Refresh()
			default:
				differs[i], unusable[i] = git.Invalidate(rules[i]), gitignore.Unusable(rules[i])
			}
			if differs[i] {
				set.RulesChanged()
			}
		},
		Done: func(hung []bool) {
			for i, err := range unusable {
				if err != nil && hung == nil {
					w.opt.Notice(fmt.Sprintf("%s: %v: nothing is read from it", rules[i], err))
				}
			}
			if hung != nil || slices.Contains(differs, true) {
				w.rulesChanged()
			}
		},
	})
}

// rulesChanged applies new git rules. Files that have come into view count as changed; barriers wait for
// that.
func (w *Files) rulesChanged() {
	w.watcher.refilter()
	w.base.ruled = true
	w.forget()
	if w.next != nil {
		w.next.ruled = true
	} else if !slices.Equal(w.watcher.roots, rootsOf(w.set, w.git)) { // other files say now what git ignores
		next := &reopening{poll: w.poll}
		next.cfg, next.graph = w.opt.Config()
		w.reopen(next)
	}
}

// look finds out which of the files have other content than before, reports them for the nodes of a set, and then
// lets the barriers pass. Below the directories anything may have changed, so all that is known of files is
// forgotten. The queue's goroutine asks the disk (judge), and the owner's reports what was found (conclude).
func (w *Files) look(set *watchset.Set, dirs []string, files []seenFile, passed []func()) {
	if len(dirs)+len(files)+len(passed) == 0 {
		return
	}
	lost := w.base.lost(w.opt.Disk, set, dirs)
	if len(dirs) > 0 {
		w.After(w.forget)
	}
	paths := append(slices.Clone(dirs), pathsOf(files)...)
	below, found := make([][]int, len(dirs)), make([]finding, len(files))
	writing := w.opt.Writing()
	w.taken++
	w.opt.Disk.Add(diskqueue.Job{
		Paths: paths,
		Do: func(i int) {
			if i < len(dirs) {
				below[i] = set.WakesBelow(dirs[i])
			} else {
				found[i-len(dirs)] = w.judge(set, paths[i], writing)
			}
		},
		Done: func(hung []bool) {
			w.taken--
			// Files on a disk that hangs count as changed, without git's rules.
			hangs := func(i int) bool { return hung != nil && hung[i] }
			changes := slices.Clone(*lost)
			for i, dir := range dirs {
				if hangs(i) {
					below[i] = set.WithoutGit().WakesBelow(dir)
				}
				if nodes := unnamed(below[i], dir, *lost); len(nodes) > 0 {
					changes = append(changes, machine.Change{Path: withSeparator(dir), Nodes: nodes})
				}
			}
			for i, file := range files {
				if hangs(len(dirs) + i) {
					found[i] = finding{nodes: set.WithoutGit().Wakes(file.path), changed: true}
				}
				if change, counts := w.conclude(set, file, found[i]); counts {
					changes = append(changes, change)
				}
			}
			if len(changes) > 0 {
				w.opt.Changed(changes)
				w.gather(time.Now())
			}
			if len(passed) > 0 {
				// What was written before a barrier is complete: an empty file is meant to be empty.
				w.settleEmptied(time.Now().Add(emptyQuiet), func() {
					for _, then := range passed {
						then()
					}
				})
			}
		},
	})
}

// conclude records what was found out about a file, and returns the change to report, if it counts: the file
// has other content, or has the same after it was written, so that a node that read it meanwhile may have
// read something else.
func (w *Files) conclude(set *watchset.Set, file seenFile, f finding) (change machine.Change, counts bool) {
	path := file.path
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
	switch {
	case len(f.nodes) == 0:
		w.base.drop(path)
	case f.changed:
		w.base.meet(path)
	}
	same := !f.changed && !f.emptied && (!since.IsZero() || file.wrote)
	if !f.changed && !same || len(f.nodes) == 0 {
		return change, false
	}
	w.base.names.add(path)
	change = machine.Change{Path: path, Nodes: f.nodes, AtOnce: f.touched && set.Trigger(path), At: file.at, Writers: w.writers.take(path)}
	if same {
		change.Same, change.EmptySince, change.First = true, since, file.first
	}
	return change, true
}

// Gone tells whether a watched file did not exist when it was looked at. It does not ask the disk.
func (w *Files) Gone(path string) bool {
	return w != nil && !w.set.Trigger(path) && w.base.contents.Gone(path)
}

// lost finds the files of removed directories, as far as their names are known, before anything is forgotten,
// so that the nodes they wake get their names. It is filled in by the queue.
func (b *baseline) lost(disk *diskqueue.Queue, set *watchset.Set, dirs []string) *[]machine.Change {
	lost := &[]machine.Change{}
	if len(dirs) == 0 {
		return lost
	}
	var found []machine.Change
	disk.Add(diskqueue.Job{
		Paths: dirs[:1],
		Do: func(int) {
			for _, path := range b.names.below(dirs) {
				if nodes := set.Wakes(path); len(nodes) > 0 && !b.contents.Gone(path) {
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

// unnamed are those of the nodes that get no file below the directory by name.
func unnamed(nodes []int, dir string, lost []machine.Change) []int {
	return slices.DeleteFunc(slices.Clone(nodes), func(node int) bool {
		return slices.ContainsFunc(lost, func(c machine.Change) bool {
			return strings.HasPrefix(c.Path, withSeparator(dir)) && slices.Contains(c.Nodes, node)
		})
	})
}

// withSeparator is the directory with a separator at its end, whether it had one or not.
func withSeparator(dir string) string {
	return strings.TrimSuffix(dir, string(filepath.Separator)) + string(filepath.Separator)
}

// finding is what was found out about a file.
type finding struct {
	nodes   []int // the nodes that a change of it wakes
	writers []int // nodes with a command that has it open for writing
	changed bool
	touched bool // it has another time than before
	emptied bool // it may be about to be written
}

// judge tells whether an event is a change: whether the file has other content than before. A mere touch,
// which fsnotify reports like a chmod, counts for triggers and for what a process's watch names; the time
// tells it from other changes of attributes. devloop's own touches are known by their time, and dropped. The
// queue's goroutine calls it.
func (w *Files) judge(set *watchset.Set, path string, writing func(string, []int) []int) (f finding) {
	if f.nodes = set.Wakes(path); len(f.nodes) == 0 || w.opt.Own.wrote(path) {
		return finding{}
	}
	if writing != nil { // first, as they may be gone in a moment
		f.writers = writing(path, f.nodes)
	}
	f.touched = set.Touchable(path) && w.times.note(path)
	if f.changed = f.touched; set.Trigger(path) {
		return f
	}
	look := w.base.contents.Look
	if f.touched {
		look = w.base.contents.Settle // it counts now, whatever its content
	}
	found := look(path)
	if found.Emptied && writing != nil && len(f.writers) == 0 {
		f.writers = writing(path, nil) // a program that writes it now is about to fill it
	}
	f.emptied, f.changed = found.Emptied, f.changed || found.Changed
	return f
}

// emptied is a file that was found empty: since when, and when it counts as meant to be.
type emptied struct{ since, counts time.Time }

// emptyQuiet is how long an emptied file may take to be written again: the two are one save.
const emptyQuiet = 50 * time.Millisecond

// settleEmptied counts the files that were found empty until then, with their current content, and calls
// then, if it is not nil.
func (w *Files) settleEmptied(until time.Time, then func()) {
	var paths []string
	since := map[string]time.Time{}
	for path, empty := range w.emptied {
		if !empty.counts.After(until) {
			paths, since[path] = append(paths, path), empty.since
			delete(w.emptied, path)
		}
	}
	if len(paths) == 0 && then == nil {
		return
	}
	slices.SortFunc(paths, strings.Compare)
	set := w.set
	found := make([]finding, len(paths))
	w.opt.Disk.Add(diskqueue.Job{
		Paths: paths,
		Do: func(i int) {
			found[i] = finding{nodes: set.Wakes(paths[i]), changed: w.base.contents.Settle(paths[i]).Changed}
		},
		Done: func(hung []bool) {
			var changes []machine.Change
			for i, path := range paths {
				if hung == nil || !hung[i] {
					if f := found[i]; len(f.nodes) > 0 {
						change := machine.Change{Path: path, Nodes: f.nodes, Writers: w.writers.take(path)}
						if !f.changed { // it was filled before this look
							change.Same, change.EmptySince = true, since[path]
						}
						changes = append(changes, change)
					}
				} else if nodes := set.WithoutGit().Wakes(path); len(nodes) > 0 {
					changes = append(changes, machine.Change{Path: path, Nodes: nodes})
				}
			}
			if len(changes) > 0 {
				w.opt.Changed(changes)
			}
			if then != nil {
				then()
			}
		},
	})
}
