package orchestrator

import (
	"fmt"
	"path/filepath"

	"devloop/orchestrator/diskqueue"
	"devloop/orchestrator/fspoll"
	"devloop/orchestrator/watchset"
)

// mounted tells of what is mounted and unmounted where the loop looks: the
// system's events go on to be those of what was there before, so a second sight
// is opened.
type mounted struct {
	table *fspoll.MountTable // nil where the system does not tell
	roots map[string]string  // of the nodes, and their paths without links
}

// watchMounts begins to look at the table of mounts.
func (w *filewatch) watchMounts() {
	if table, err := fspoll.OpenMountTable(); err == nil { // else nobody is told
		w.mounted.table = table
		w.mounted.roots = unlinkedRoots(w.set)
	}
}

// mountsWake holds an element when something was mounted or unmounted.
func (w *filewatch) mountsWake() <-chan struct{} {
	if w == nil {
		return nil
	}
	return w.mounted.table.Wake()
}

// unlinkedRoots resolves the links of the roots: when something is unmounted, or
// a server does not answer, it may be too late.
func unlinkedRoots(set *watchset.Set) map[string]string {
	roots := map[string]string{}
	for _, root := range set.Roots() {
		roots[root] = unlinked(root)
	}
	return roots
}

// unlinked is a path without links, also if the end of it is not there.
func unlinked(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	if up := filepath.Dir(path); up != path {
		return filepath.Join(unlinked(up), filepath.Base(path))
	}
	return path
}

// takeMounts looks anew where something else is seen now than the loop watches.
func (l *loop) takeMounts() {
	w := l.files
	changed := w.mounted.table.Take()
	at, roots := w.area(w.set), w.mounted.roots
	found := make([][]string, len(changed))
	w.disk.Add(diskqueue.Job{
		Paths: changed,
		Do:    func(i int) { found[i] = placesOf(roots, changed[i:i+1], at.Reach) },
		Done: func(hung []bool) {
			var places []string
			for i := range changed {
				if hung == nil || !hung[i] {
					places = append(places, found[i]...)
				}
			}
			l.lookAnew(places)
		},
	})
}

// lookAnew opens a second sight for places where something was mounted or
// unmounted. Whoever looks again and again sees what is there.
func (l *loop) lookAnew(places []string) {
	if len(places) == 0 || l.polling() != nil {
		return
	}
	for _, place := range places {
		l.screen.Notice(fmt.Sprintf("something was mounted or unmounted at %s: scanning it again", place))
	}
	next := &reopening{cfg: l.cfg, graph: l.graph, places: places}
	if opening := l.files.next; opening != nil {
		next = &reopening{cfg: opening.cfg, graph: opening.graph, sources: opening.sources, broken: opening.broken, unseen: opening.unseen, places: places}
	}
	l.files.reopen(next, l.pollingOf(next.cfg))
}

// placesOf are those of the mounts that lie below the roots within reach,
// and those that a root lies on.
func placesOf(roots map[string]string, mounts []string, reach fspoll.Reach) (places []string) {
	for _, at := range mounts {
		for root, real := range roots {
			_, on := fspoll.Within(real, at)
			rel, below := fspoll.Within(at, real)
			if on || below && reach.Reaches(filepath.Join(root, rel), root) {
				places = append(places, at)
				break
			}
		}
	}
	return places
}
