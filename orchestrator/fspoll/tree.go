package fspoll

import (
	"cmp"
	"hash/maphash"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// scanner is the worker's memory.
type scanner struct {
	seed     maphash.Seed
	ask      *bounded
	leaf     func(link string) bool
	roots    map[string]bool
	real     map[string]string // the roots that there were at first, without links
	order    []*dir            // all directories, in the order in which they are looked at; may hold some that are gone
	holders  []*dir            // of the roots: each looks at one name
	dirs     int               // those without the holders of the roots
	files    int
	recent   recent
	looks    []look // of glance, to be used again
	scanned  bool   // the first scan is complete
	interval time.Duration
	round    round
	before   time.Time // when the round before that began: since then everything was looked at

	base    time.Time // what tick was told, and when: see time
	started time.Time
}

// time is the present, as the caller of tick counts it.
func (s *scanner) time() time.Time { return s.base.Add(time.Since(s.started)) }

// dir is a directory that is looked at. One whose only is set merely holds a root of that name: it is not read,
// and the root is its single file or directory.
type dir struct {
	path   string
	only   string
	parent *dir // nil for a holder
	subs   []*dir
	files  []file // by name

	dev, ino uint64
	stamp    uint64 // as when it was read; 0: read it again
	fresh    bool   // a change may not show in the stamp
	link     bool   // path is a symbolic link
	inLink   bool   // it, or a directory above it and below the root, is a link
	gone     bool
}

// file is a file that is wanted, or a symbolic link, which may become one.
type file struct {
	name  string
	stamp uint64
	flags flags
}

// look is what lstat says of a path.
type look struct {
	path string
	own  attributes
	err  error
}

type flags uint8

const (
	fresh    flags = 1 << iota // a change may not show in the stamp: report it when that is over
	unwanted                   // a link that is followed only to see where it leads
)

func (d *dir) find(name string) (int, bool) {
	return slices.BinarySearchFunc(d.files, name, func(f file, name string) int { return cmp.Compare(f.name, name) })
}

func join(dir, name string) string {
	if strings.HasSuffix(dir, string(filepath.Separator)) {
		return dir + name
	}
	return dir + string(filepath.Separator) + name
}

// entry is a name in a directory; its mode is Irregular where only a look tells.
type entry struct {
	name string
	mode fs.FileMode
}

func (s *scanner) list(d *dir) ([]entry, error) {
	if d.only != "" {
		return []entry{{d.only, fs.ModeIrregular}}, nil
	}
	var all []os.DirEntry
	var err error
	if err := s.ask.one(d.path, s.in(d), func() { all, err = s.ask.system.list(d.path) }); err != nil {
		return nil, err
	}
	if err != nil {
		return nil, err
	}
	entries := make([]entry, len(all))
	for i, e := range all {
		entries[i] = entry{e.Name(), e.Type()}
	}
	return entries, nil
}

// readMode is how a directory is read.
type readMode struct {
	report   bool // report files that were not known
	refilter bool // ask Descend and Want about what is known too
}

// read lists a directory, enters what is new, forgets what has gone and looks at every file in it.
func (w *Watcher) read(d *dir, how readMode) error {
	entries, err := w.list(d)
	if err != nil {
		d.stamp = 0
		return err
	}
	old, files := d.files, make([]file, 0, len(d.files))
	missing := make(map[string]*dir, len(d.subs))
	for _, sub := range d.subs {
		missing[filepath.Base(sub.path)] = sub
	}
	var subs []*dir
	lose := func(f file) {
		if f.flags&unwanted == 0 {
			w.lost(join(d.path, f.name))
		}
	}
	for _, e := range entries {
		for len(old) > 0 && old[0].name < e.name {
			lose(old[0])
			old = old[1:]
		}
		var known *file
		if len(old) > 0 && old[0].name == e.name {
			known, old = &old[0], old[1:]
		}
		path := join(d.path, e.name)
		wanted := known != nil && known.flags&unwanted == 0
		if (known == nil || how.refilter) && !e.mode.IsDir() {
			wanted = w.opt.Want(path)
		}
		if e.mode.IsRegular() && !wanted {
			continue // never known, or forgotten silently
		}
		found := seen{kind: directory}
		if !e.mode.IsDir() {
			if e.mode&(fs.ModeNamedPipe|fs.ModeSocket|fs.ModeDevice) == 0 {
				if found, err = w.probe(path, d); err != nil && !isGone(err) {
					d.stamp = 0 // try again in the next turn
					if known != nil {
						files = append(files, *known)
					} else if sub := missing[e.name]; sub != nil {
						subs = append(subs, sub)
						delete(missing, e.name)
					}
					continue
				} else if err != nil {
					found.kind = other
				}
			} else {
				found.kind = other
			}
		}
		switch found.kind {
		case directory:
			if known != nil {
				lose(*known)
			}
			sub := missing[e.name]
			if sub != nil && sub.link == found.link {
				delete(missing, e.name)
				if how.refilter && d.only == "" {
					if lets, err := w.descends(d, path); err != nil {
						d.stamp = 0 // it is asked again in the next turn
					} else if !lets {
						w.forget(sub, false)
						continue
					}
				}
			} else {
				if sub != nil {
					delete(missing, e.name)
					w.forget(sub, true)
				}
				if enters, err := w.enters(d, path, found); err != nil || !enters {
					if err != nil {
						d.stamp = 0 // try again in the next turn
					}
					continue
				}
				sub = w.enter(d, path, found.link, how)
			}
			subs = append(subs, sub)
		case regular, symlink:
			if !wanted && !found.link {
				continue
			}
			now := file{name: e.name, stamp: found.stamp}
			if !wanted {
				now.flags = unwanted
			}
			switch {
			case known != nil && known.stamp == found.stamp:
				now.flags |= known.flags & fresh
				if wanted && known.flags&unwanted != 0 && how.report {
					w.pending.add(Change{Path: path}) // Want has changed its mind
				}
				w.settle(d, &now, found)
			case known != nil || how.report:
				w.changed(d, &now, found)
			case w.isFreshAtFirst(found.mtime):
				now.flags |= fresh
			}
			files = append(files, now)
		default:
			if known != nil {
				lose(*known)
			}
		}
	}
	for _, f := range old {
		lose(f)
	}
	w.files += len(files) - len(d.files)
	d.files, d.subs = slices.Clip(files), subs
	for _, sub := range missing {
		w.forget(sub, true)
	}
	return nil
}

// enters says whether a directory that was not known is to be looked at.
func (w *Watcher) enters(d *dir, path string, found seen) (bool, error) {
	if d.only != "" {
		return true, nil
	}
	if w.roots[path] {
		return false, nil // it has a holder of its own
	}
	lets, err := w.descends(d, path)
	if err != nil || !lets || !found.link {
		return lets, err
	}
	if d.inLink {
		return false, nil
	}
	var up bool
	err = w.ask.one(path, alone, func() { up = leadsUp(path) })
	return err == nil && !up, err
}

// descends is Descend, which may ask a disk.
func (w *Watcher) descends(d *dir, path string) (lets bool, err error) {
	var yes bool
	err = w.ask.one(path, w.in(d), func() { yes = w.opt.Descend(path) })
	return err == nil && yes, err
}

// leadsUp says whether a link leads to a directory that it is in itself.
func leadsUp(link string) bool {
	in, err := filepath.EvalSymlinks(filepath.Dir(link))
	if err != nil {
		return true
	}
	target, err := filepath.EvalSymlinks(link)
	return err != nil || in == target || strings.HasPrefix(join(in, ""), join(target, ""))
}

// enter adds a directory and all below it.
func (w *Watcher) enter(parent *dir, path string, link bool, how readMode) *dir {
	d := &dir{path: path, parent: parent, link: link, inLink: parent.only == "" && (link || parent.inLink)}
	w.order = append(w.order, d)
	w.dirs++
	if w.isClosed() {
		return d
	}
	if found, err := w.probe(path, d); err == nil && found.kind == directory {
		w.mark(d, found)
		_ = w.read(d, how) // if it fails it is read in its next turn
	}
	if how.report {
		w.recent.addDir(d, w.time())
	}
	return d
}

// mark notes what a directory was like right before it is read, so that what changes meanwhile shows later.
func (w *Watcher) mark(d *dir, found seen) {
	d.dev, d.ino, d.stamp, d.fresh = found.dev, found.ino, found.stamp, w.isFresh(found.mtime)
}

// forget drops a directory and all below it; the caller takes it from its parent.
func (w *Watcher) forget(d *dir, report bool) {
	for _, f := range d.files {
		if report && f.flags&unwanted == 0 {
			w.lost(join(d.path, f.name))
		}
	}
	for _, sub := range d.subs {
		w.forget(sub, report)
	}
	w.dirs--
	w.files -= len(d.files)
	d.gone, d.files, d.subs = true, nil, nil
	if report {
		w.pending.add(Change{Path: d.path, Dir: true})
		w.recent.touch(w.time())
	}
}

// look looks at a directory and the files in it.
func (w *Watcher) look(d *dir, how readMode) {
	if d.gone {
		return
	}
	if d.only != "" {
		_ = w.read(d, how)
		return
	}
	looks := w.glance(d)
	found, err := w.follow(d.path, looks[0].own, looks[0].err)
	if err != nil && !isGone(err) {
		return
	}
	if err != nil || found.kind != directory || found.link != d.link {
		w.leave(d, how)
		return
	}
	replaced := found.ino != d.ino || found.dev != d.dev
	if found.stamp == d.stamp && !d.fresh && !how.refilter {
		w.lookFiles(d, looks[1:])
		return
	}
	changed := found.stamp != d.stamp && d.stamp != 0
	w.mark(d, found)
	if err := w.read(d, how); isGone(err) {
		w.leave(d, how)
		return
	}
	if changed {
		w.recent.addDir(d, w.time())
	}
	if replaced {
		for _, sub := range slices.Clone(d.subs) {
			w.look(sub, how)
		}
	}
}

// leave is called for a directory that is not there any more: its parent tells what has become of it.
func (w *Watcher) leave(d *dir, how readMode) {
	d.stamp = 0
	if err := w.read(d.parent, how); isGone(err) {
		w.leave(d.parent, how)
	}
}

// lookFiles takes in what was seen of the files of a directory whose names have not changed.
func (w *Watcher) lookFiles(d *dir, looks []look) {
	i := 0
	for _, l := range looks {
		found, err := w.follow(l.path, l.own, l.err)
		if w.met(d, i, found, err) {
			i++
		}
	}
	if d.stamp == 0 && !d.gone {
		_ = w.read(d, readMode{report: true})
	}
}

// glance asks for a directory and the files in it at once. The answers hold until the next glance.
func (w *Watcher) glance(d *dir) []look {
	w.looks = append(w.looks[:0], look{path: d.path})
	looks := w.looks
	for _, f := range d.files {
		looks = append(looks, look{path: join(d.path, f.name)})
	}
	w.looks = looks
	hang := w.ask.each(len(looks), func(i int) string { return looks[i].path }, w.in(d), func(i int) {
		looks[i].own, looks[i].err = w.ask.system.lstat(looks[i].path)
	})
	if hang == nil {
		return looks
	}
	w.looks = nil // whoever hangs has them
	after := make([]look, len(looks))
	for i := range after {
		if hang[i] {
			after[i].path, after[i].err = looks[i].path, errHangs
		} else {
			after[i] = looks[i]
		}
	}
	return after
}

// lookFile looks at one file, and says whether it is still there; if not, it has been taken from the directory.
// The directory's stamp becomes 0 if it has to be read.
func (w *Watcher) lookFile(d *dir, i int) bool {
	found, err := w.probe(join(d.path, d.files[i].name), d)
	return w.met(d, i, found, err)
}

// met is lookFile for a file at which this was found.
func (w *Watcher) met(d *dir, i int, found seen, err error) bool {
	f := &d.files[i]
	switch {
	case err != nil && !isGone(err):
	case err != nil:
		if f.flags&unwanted == 0 {
			w.lost(join(d.path, f.name))
			w.recent.addDir(d, w.time())
		}
		d.files = slices.Delete(d.files, i, i+1)
		w.files--
		return false
	case found.kind == directory || found.kind == other:
		d.stamp = 0
	case found.stamp != f.stamp:
		f.stamp = found.stamp
		w.changed(d, f, found)
	default:
		w.settle(d, f, found)
	}
	return true
}

// changed is called for a file whose stamp is new.
func (w *Watcher) changed(d *dir, f *file, found seen) {
	if f.flags&unwanted != 0 {
		return
	}
	w.pending.add(Change{Path: join(d.path, f.name), Written: w.written(found)})
	// One that was looked at a moment ago has changed since by our own clock, whatever the server's clock says.
	if f.flags &^= fresh; w.recent.addFile(d, f.name, w.time()) || w.isFresh(found.mtime) {
		f.flags |= fresh
	}
}

// settle is called for a file whose stamp is as before. If that did not say much when it was noted, and does now,
// the file is reported again.
func (w *Watcher) settle(d *dir, f *file, found seen) {
	if f.flags&(fresh|unwanted) != fresh || w.isFresh(found.mtime) || w.recent.isUnsettled(d, f.name, w.time()) {
		return
	}
	f.flags &^= fresh
	w.pending.add(Change{Path: join(d.path, f.name)})
}

// written is Change's.
func (w *Watcher) written(found seen) time.Time {
	at, now := time.Unix(0, found.ctime), w.time()
	switch {
	case at.Before(w.before):
		return w.before
	case at.After(now):
		return now
	}
	return at
}

// lost is called for a wanted file that is not there any more.
func (w *Watcher) lost(path string) {
	w.pending.add(Change{Path: path})
	w.recent.touch(w.time())
}
