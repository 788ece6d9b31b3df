package fswatch

import (
	"os"
	"path/filepath"
	"slices"
)

// links follows symbolic links, and the roots, to where they lead: it walks there, and looks again when what
// they depend on has changed. Only the worker's goroutine calls it, except for isDir and standsForItself.
type links struct {
	opt     *Options
	dirs    *directories
	walker  *walker
	pending *pending
}

// walk walks from a step on, and then to where the links lead that it found; only and report are as in walk.
func (l *links) walk(from step, report bool) {
	within := l.behindLink(from)
	for _, found := range l.walker.walk(from, report) {
		if l.walker.ctx.Err() != nil {
			return
		}
		l.follow(found.real, found.name, within, report, false)
	}
}

func (l *links) resolve(ln *link) resolution {
	if ln.root {
		volume := filepath.VolumeName(ln.name)
		return resolve(l.opt.Leaf, volume+separator, ln.name[len(volume):])
	}
	return resolve(l.opt.Leaf, parentOf(ln.at), filepath.Base(ln.at))
}

// locate finds where a link leads, and watches every directory where that may change. It looks again after it
// has begun to watch, until nothing has changed in between.
func (l *links) locate(ln *link) resolution {
	r := l.resolve(ln)
	for range 10 {
		l.setDependencies(ln, r)
		again := l.resolve(ln)
		if again.same(r) {
			return again
		}
		r = again
	}
	l.setDependencies(ln, r)
	return r
}

// setDependencies replaces what the link depends on.
func (l *links) setDependencies(ln *link, r resolution) {
	t := l.dirs.tree
	t.mu.Lock()
	old := ln.dependsOn
	ln.real, ln.kind, ln.dependsOn = r.real, r.kind, r.dependsOn
	for _, path := range r.dependsOn {
		t.dependents[path] = append(slices.Clone(t.dependents[path]), ln)
		t.needed[parentOf(path)]++
	}
	t.mu.Unlock()
	for _, path := range r.dependsOn {
		l.dirs.ensure(parentOf(path))
	}
	l.dropDependencies(ln, old)
}

// dropDependencies forgets paths that the link depended on, and watches that only they needed.
func (l *links) dropDependencies(ln *link, paths []string) {
	t := l.dirs.tree
	var idle []string
	t.mu.Lock()
	for _, path := range paths {
		list := slices.Clone(t.dependents[path])
		if i := slices.Index(list, ln); i >= 0 {
			list = slices.Delete(list, i, i+1)
		}
		if t.dependents[path] = list; len(list) == 0 {
			delete(t.dependents, path)
		}
		dir := parentOf(path)
		if t.needed[dir]--; t.needed[dir] <= 0 {
			delete(t.needed, dir)
			if n := t.nodes.path(dir); n != nil && t.idle(n) {
				t.delete(n)
				idle = append(idle, dir)
			}
		}
	}
	t.mu.Unlock()
	l.dirs.unwatch(idle)
}

// attach finds where a link leads, reports what that changes, and walks there. With report, what was unknown
// is reported as created; with reported, the caller has reported a change of the name itself.
func (l *links) attach(ln *link, report, reported bool) {
	known, was, before := len(ln.dependsOn) > 0, ln.kind, ln.real
	r := l.locate(ln)
	moved := r.real != before
	if was == directory && (moved || r.kind != directory) {
		l.unname(ln.name, before)
		l.pending.gone(ln.name)
	}
	switch {
	case reported:
	case !known:
		if r.kind == file && report {
			l.pending.report(ln.name, Create)
		}
	case r.kind == file && (moved || was == directory):
		l.pending.report(ln.name, Create)
	case r.kind != file && was == file && (moved || r.kind == directory):
		l.pending.report(ln.name, Remove)
	case ln.root && r.kind == directory && was == missing && !l.opt.Descend(ln.name):
		l.pending.report(ln.name, Create) // a file is wanted there, and nothing below reports what has replaced it
	}
	if r.kind == directory && !ln.shut(r.real) && (ln.root || l.opt.Descend(ln.name)) {
		l.walk(step{real: r.real, name: ln.name, inode: r.inode}, report)
	}
}

// shut tells whether a link to a directory is not to be entered: it is behind another link, or leads to a
// directory that contains it.
func (ln *link) shut(target string) bool { return !ln.root && (ln.within || isBelow(ln.at, target)) }

// changed looks again at where the links lead that depend on path; reported says that a change of that path
// has been reported under its own name.
func (l *links) changed(path string, reported bool) {
	t := l.dirs.tree
	t.mu.RLock()
	list := t.dependents[path]
	t.mu.RUnlock()
	for _, ln := range list {
		if !ln.root && !l.stillThere(ln) {
			l.detach(ln, l.standsIn(ln)) // if the directory around it has gone too, that says it all
			continue
		}
		l.attach(ln, true, reported && (ln.at == path || ln.name == path))
	}
}

// stillThere tells whether a followed link still exists, in a directory that is still walked under that name.
func (l *links) stillThere(ln *link) bool {
	info, err := os.Lstat(ln.at)
	return err == nil && kindOf(info) == symlink && l.standsIn(ln)
}

// standsIn tells whether the directory of the link is still walked under the same name.
func (l *links) standsIn(ln *link) bool {
	t := l.dirs.tree
	t.mu.RLock()
	defer t.mu.RUnlock()
	return slices.Contains(t.names(t.nodes.path(parentOf(ln.at))), parentOf(ln.name))
}

// detach forgets a link; with report, what was below is reported as gone.
func (l *links) detach(ln *link, report bool) {
	t := l.dirs.tree
	t.mu.Lock()
	paths := ln.dependsOn
	ln.dependsOn = nil
	if t.links[ln.name] == ln {
		delete(t.links, ln.name)
	}
	t.mu.Unlock()
	if ln.kind == directory {
		l.unname(ln.name, ln.real)
		if report {
			l.pending.gone(ln.name)
		}
	}
	l.dropDependencies(ln, paths)
}

// unname takes the name, and names below it, from the directories at real and below, and drops the watches that
// nothing else needs. Links that were reached through it go too.
func (l *links) unname(name, real string) {
	t := l.dirs.tree
	var idle []string
	var links []*link
	t.mu.Lock()
	for _, n := range t.below(real) {
		t.unmark(n, func(have string, _ uint32) bool { return isBelow(have, name) })
		if t.idle(n) {
			t.delete(n)
			idle = append(idle, n.path)
		}
	}
	for have, ln := range t.links {
		if !ln.root && have != name && isBelow(have, name) {
			links = append(links, ln)
		}
	}
	t.mu.Unlock()
	l.dirs.unwatch(idle)
	for _, ln := range links {
		if !l.stillThere(ln) {
			l.detach(ln, false)
		}
	}
}

// follow makes a link of a symbolic one found in a walked directory, if anything behind it may matter. within
// says that the directory is itself behind a link to a directory. A link to a file that is not wanted, or to
// a directory that is not to be entered, is not watched for becoming the other.
func (l *links) follow(at, name string, within, report, reported bool) {
	r := resolve(l.opt.Leaf, parentOf(at), filepath.Base(at))
	isDir := r.kind == directory
	switch {
	case isDir && (within || !l.opt.Descend(name)):
		return
	case !isDir && !l.opt.Want(name) && (r.kind == file || !l.opt.Descend(name)):
		return
	}
	t := l.dirs.tree
	t.mu.Lock()
	ln := t.links[name]
	if ln == nil {
		ln = &link{name: name, at: at, within: within}
		t.links[name] = ln
	}
	t.mu.Unlock()
	if !ln.root { // a root is walked for itself
		l.attach(ln, report, reported)
	}
}

// appeared follows a symbolic link that has appeared at a real path. Known ones are handled by changed.
func (l *links) appeared(path string) {
	t := l.dirs.tree
	t.mu.RLock()
	names := t.names(t.nodes.path(parentOf(path)))
	t.mu.RUnlock()
	for _, name := range names {
		within := l.behindLink(step{real: parentOf(path), name: name})
		name = join(name, filepath.Base(path))
		t.mu.RLock()
		known := t.links[name] != nil
		t.mu.RUnlock()
		if !known {
			l.follow(path, name, within, true, true)
		}
	}
}

// behindLink tells whether the name leads through a link to a directory below a root.
func (l *links) behindLink(s step) bool {
	if s.name == s.real {
		return false
	}
	t := l.dirs.tree
	t.mu.RLock()
	defer t.mu.RUnlock()
	for name, ln := range t.links {
		if !ln.root && isBelow(s.name, name) {
			return true
		}
	}
	return false
}

// isDir tells whether the name is that of a followed link to a directory: the files behind it report its
// appearance and removal.
func (l *links) isDir(name string) bool {
	t := l.dirs.tree
	t.mu.RLock()
	defer t.mu.RUnlock()
	ln := t.links[name]
	return ln != nil && !ln.root && ln.kind == directory
}

// standsForItself tells whether the symbolic link is not followed: whatever it leads to, the name is a file.
func (l *links) standsForItself(link string) bool {
	r := resolve(l.opt.Leaf, parentOf(link), filepath.Base(link))
	return r.kind == file && r.real == link
}
