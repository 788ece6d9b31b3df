package orchestrator

import (
	"fmt"
	"path/filepath"

	"devloop/orchestrator/fspoll"
)

// mounted tells of what is mounted and unmounted where the loop looks: the
// system's events go on to be those of what was there before, so a second sight
// is opened.
type mounted struct {
	table *fspoll.MountTable // nil where the system does not tell
	roots map[string]string  // of the nodes, and their paths without links
}

// watchMounts begins to look at the table of mounts.
func (l *loop) watchMounts() {
	if table, err := fspoll.OpenMountTable(); err == nil { // else nobody is told
		l.mounted.table = table
	}
	l.findRoots()
}

// findRoots resolves the links of the roots: when something is unmounted, or a
// server does not answer, it may be too late.
func (l *loop) findRoots() {
	l.mounted.roots = map[string]string{}
	if l.mounted.table == nil {
		return
	}
	for _, root := range l.set.Roots() {
		l.mounted.roots[root] = unlinked(root)
	}
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
	places := l.mounted.places(l.mounted.table.Take(), l.area(l.set))
	if len(places) == 0 || l.polling() != nil { // whoever looks again and again sees what is there
		return
	}
	for _, place := range places {
		l.say.notice(fmt.Sprintf("something was mounted or unmounted at %s: looking there anew", place))
	}
	next := &reopening{cfg: l.cfg, graph: l.graph, places: places}
	if l.next != nil {
		next = &reopening{cfg: l.next.cfg, graph: l.next.graph, sources: l.next.sources, broken: l.next.broken, unseen: l.next.unseen, places: places}
	}
	if err := l.reopen(next); err != nil {
		l.say.notice(err.Error())
	}
}

// places are those of the mounts that lie below the roots where the area reaches, and
// those that a root lies on.
func (m *mounted) places(mounts []string, a area) (places []string) {
	for _, at := range mounts {
		for root, real := range m.roots {
			_, on := fspoll.Within(real, at)
			rel, below := fspoll.Within(at, real)
			if on || below && a.reaches(filepath.Join(root, rel), root) {
				places = append(places, at)
				break
			}
		}
	}
	return places
}
