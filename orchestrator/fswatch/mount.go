package fswatch

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// mount is a name that leads somewhere: a root, or a followed symbolic link below one.
type mount struct {
	name string // the path under which changes are reported
	root bool
	at   string // a link's own real path; "" for a root

	within bool // the link stands behind a link to a directory

	// Where it leads now, guarded by the tree's mu.
	real  string // the real path; if missing, of the first part that is
	kind  kind   // missing, file or directory
	spots []string
}

// maxHops bounds how many symbolic links a path may go through, as the kernel does.
const maxHops = 40

// resolution is where a path leads, and which real paths that depends on: the links on the way, and the last
// element or the first missing one. A link that leads to a leaf leads to itself.
type resolution struct {
	real  string
	kind  kind
	inode uint64
	spots []string
}

func (r resolution) same(o resolution) bool {
	return r.real == o.real && r.kind == o.kind && slices.Equal(r.spots, o.spots)
}

// resolve follows path from the real directory dir. Links that stand in the top directory of a file system
// (/tmp, /var on macOS) are taken as permanent.
func (w *Watcher) resolve(dir, path string) resolution {
	r := resolution{real: dir, kind: directory}
	parts := strings.Split(path, separator)
	for hops := 0; len(parts) > 0; {
		part := parts[0]
		parts = parts[1:]
		switch part {
		case "", ".":
			continue
		case "..":
			r.real = parentOf(r.real)
			continue
		}
		at := join(r.real, part)
		info, err := os.Lstat(at)
		if err != nil {
			r.kind, r.real, r.spots = missing, at, append(r.spots, at)
			return r
		}
		last := !slices.ContainsFunc(parts, func(s string) bool { return s != "" && s != "." })
		switch k := kindOf(info); {
		case k == symlink:
			if parentOf(r.real) != r.real {
				r.spots = append(r.spots, at)
			}
			target, err := os.Readlink(at)
			if hops++; err != nil || hops > maxHops {
				r.kind, r.real = missing, at
				return r
			}
			if filepath.IsAbs(target) {
				volume := filepath.VolumeName(target)
				r.real = volume + separator
				target = target[len(volume):]
			}
			parts = append(strings.Split(filepath.FromSlash(target), separator), parts...)
			if w.opt.Leaf(filepath.Join(r.real, filepath.Join(parts...))) {
				r.kind, r.real, r.inode = file, at, inodeOf(info)
				return r
			}
		case last:
			r.real, r.spots, r.inode = at, append(r.spots, at), inodeOf(info)
			r.kind = file
			if k == directory {
				r.kind = directory
			}
			return r
		case k != directory:
			r.kind, r.real, r.spots = missing, at, append(r.spots, at)
			return r
		default:
			r.real = at
		}
	}
	if info, err := os.Lstat(r.real); err == nil {
		r.inode = inodeOf(info)
	}
	return r
}

func (w *Watcher) lookWhere(m *mount) resolution {
	if m.root {
		volume := filepath.VolumeName(m.name)
		return w.resolve(volume+separator, m.name[len(volume):])
	}
	return w.resolve(parentOf(m.at), filepath.Base(m.at))
}

// settle finds where the mount leads, and watches every directory where that may change. It looks again after it
// has begun to watch, until nothing has changed in between.
func (w *Watcher) settle(m *mount) resolution {
	r := w.lookWhere(m)
	for range 10 {
		w.setSpots(m, r)
		again := w.lookWhere(m)
		if again.same(r) {
			return again
		}
		r = again
	}
	w.setSpots(m, r)
	return r
}

// setSpots replaces what the mount depends on.
func (w *Watcher) setSpots(m *mount, r resolution) {
	t := &w.tree
	t.mu.Lock()
	old := m.spots
	m.real, m.kind, m.spots = r.real, r.kind, r.spots
	for _, spot := range r.spots {
		t.spots[spot] = append(slices.Clone(t.spots[spot]), m)
		t.spotted[parentOf(spot)]++
	}
	t.mu.Unlock()
	for _, spot := range r.spots {
		w.ensure(parentOf(spot))
	}
	w.dropSpots(m, old)
}

// dropSpots forgets spots of the mount, and watches that only they needed.
func (w *Watcher) dropSpots(m *mount, spots []string) {
	t := &w.tree
	var idle []string
	t.mu.Lock()
	for _, spot := range spots {
		list := slices.Clone(t.spots[spot])
		if i := slices.Index(list, m); i >= 0 {
			list = slices.Delete(list, i, i+1)
		}
		if t.spots[spot] = list; len(list) == 0 {
			delete(t.spots, spot)
		}
		dir := parentOf(spot)
		if t.spotted[dir]--; t.spotted[dir] <= 0 {
			delete(t.spotted, dir)
			if n := t.nodes.path(dir); n != nil && t.idle(n) {
				t.delete(n)
				idle = append(idle, dir)
			}
		}
	}
	t.mu.Unlock()
	for _, dir := range idle {
		w.kernel.remove(dir)
	}
}

// attach finds where a mount leads, reports what that changes, and walks there. With tell, what was not known
// before is reported as created; with reported, the caller has reported a change of the name itself.
func (w *Watcher) attach(m *mount, tell, reported bool, only string) {
	known, was, before := len(m.spots) > 0, m.kind, m.real
	r := w.settle(m)
	moved := r.real != before
	if was == directory && (moved || r.kind != directory) {
		w.unname(m.name, before)
		w.gone(m.name)
	}
	switch {
	case reported:
	case !known:
		if r.kind == file && tell {
			w.report(m.name, Create)
		}
	case r.kind == file && (moved || was == directory):
		w.report(m.name, Create)
	case r.kind != file && was == file && (moved || r.kind == directory):
		w.report(m.name, Remove)
	case m.root && r.kind == directory && was == missing && !w.opt.Descend(m.name):
		w.report(m.name, Create) // a file is wanted there, and nothing below will tell of what has come in its place
	}
	if r.kind == directory && !m.shut(r.real) && (m.root || w.opt.Descend(m.name)) {
		w.walk(step{real: r.real, name: m.name, inode: r.inode}, tell, only)
	}
}

// shut says whether a link to a directory is not to be entered: it stands behind another, or leads to a directory
// that it is in itself.
func (m *mount) shut(target string) bool { return !m.root && (m.within || isBelow(m.at, target)) }

// remount looks again where the mounts lead that depend on spot; reported says that a change of that path has been
// reported under its own name.
func (w *Watcher) remount(spot string, reported bool) {
	w.tree.mu.RLock()
	list := w.tree.spots[spot]
	w.tree.mu.RUnlock()
	for _, m := range list {
		if !m.root && !w.stillLink(m) {
			w.unmount(m, w.standsIn(m)) // if the directory around it has gone too, that says it all
			continue
		}
		w.attach(m, true, reported && (m.at == spot || m.name == spot), "")
	}
}

// stillLink says whether a followed link is still there, in a directory that is still walked under that name.
func (w *Watcher) stillLink(m *mount) bool {
	info, err := os.Lstat(m.at)
	return err == nil && kindOf(info) == symlink && w.standsIn(m)
}

// standsIn says whether the directory that the link was found in is still walked under the same name.
func (w *Watcher) standsIn(m *mount) bool {
	w.tree.mu.RLock()
	defer w.tree.mu.RUnlock()
	return slices.Contains(w.tree.names(w.tree.nodes.path(parentOf(m.at))), parentOf(m.name))
}

// unmount forgets a link; with tell, what was below is reported as gone.
func (w *Watcher) unmount(m *mount, tell bool) {
	t := &w.tree
	t.mu.Lock()
	spots := m.spots
	m.spots = nil
	if t.mounts[m.name] == m {
		delete(t.mounts, m.name)
	}
	t.mu.Unlock()
	if m.kind == directory {
		w.unname(m.name, m.real)
		if tell {
			w.gone(m.name)
		}
	}
	w.dropSpots(m, spots)
}

// gone reports that a directory has disappeared with what was below.
func (w *Watcher) gone(name string) { w.pending.add(name, Rename, true) }

// unname takes the name, and names below it, from the directories at real and below, and drops the watches that
// nothing else needs. Links that were reached through it go too.
func (w *Watcher) unname(name, real string) {
	t := &w.tree
	var idle []string
	var links []*mount
	t.mu.Lock()
	for _, n := range t.below(real) {
		t.unmark(n, func(have string, _ uint32) bool { return isBelow(have, name) })
		if t.idle(n) {
			t.delete(n)
			idle = append(idle, n.path)
		}
	}
	for have, m := range t.mounts {
		if !m.root && have != name && isBelow(have, name) {
			links = append(links, m)
		}
	}
	t.mu.Unlock()
	for _, dir := range idle {
		w.kernel.remove(dir)
	}
	for _, m := range links {
		if !w.stillLink(m) {
			w.unmount(m, false)
		}
	}
}

// follow makes a mount of a symbolic link found in a walked directory, if anything behind it can be of interest.
// within says that the directory is itself behind a link to a directory. A link to a file that is not wanted, or to
// a directory that is not to be entered, is not watched for becoming the other.
func (w *Watcher) follow(at, name string, within, tell, reported bool, only string) {
	r := w.resolve(parentOf(at), filepath.Base(at))
	isDir := r.kind == directory
	switch {
	case isDir && (within || !w.opt.Descend(name)):
		return
	case !isDir && !w.opt.Want(name) && (r.kind == file || !w.opt.Descend(name)):
		return
	}
	t := &w.tree
	t.mu.Lock()
	m := t.mounts[name]
	if m == nil {
		m = &mount{name: name, at: at, within: within}
		t.mounts[name] = m
	}
	t.mu.Unlock()
	if !m.root { // a root is walked for itself
		w.attach(m, tell, reported, only)
	}
}
