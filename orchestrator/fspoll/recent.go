package fspoll

import (
	"slices"
	"time"
)

// recentMost is how many files, and how many directories, are looked at often.
const recentMost = 64

// recentFor is how long after its last change something is looked at often.
const recentFor = 2 * time.Minute

// recent holds what changed last, the most recent first.
type recent struct {
	files []recentFile
	dirs  []recentDir
	last  time.Time // of the last change at all
}

type recentFile struct {
	dir  *dir
	name string
	at   time.Time
}

type recentDir struct {
	dir *dir
	at  time.Time
}

func (h *recent) touch(now time.Time) { h.last = now }

// addFile puts a file that changed first, with its directory, and tells whether it was there already.
func (h *recent) addFile(d *dir, name string, now time.Time) bool {
	h.addDir(d, now)
	i := slices.IndexFunc(h.files, func(f recentFile) bool { return f.dir == d && f.name == name })
	known := i >= 0
	h.files = first(h.files, i, recentFile{d, name, now})
	return known
}

func (h *recent) addDir(d *dir, now time.Time) {
	h.touch(now)
	i := slices.IndexFunc(h.dirs, func(hd recentDir) bool { return hd.dir == d })
	h.dirs = first(h.dirs, i, recentDir{d, now})
}

// first puts an item before all others, instead of the one at i, or of the last if there are too many.
func first[T any](list []T, i int, item T) []T {
	if i < 0 {
		if len(list) < recentMost {
			list = append(list, item)
		}
		i = len(list) - 1
	}
	copy(list[1:i+1], list[:i])
	list[0] = item
	return list
}

// isUnsettled tells whether a file changed so recently, by our own clock, that its times say nothing.
func (h *recent) isUnsettled(d *dir, name string, now time.Time) bool {
	i := slices.IndexFunc(h.files, func(f recentFile) bool { return f.dir == d && f.name == name })
	return i >= 0 && now.Sub(h.files[i].at) < grain
}

// cool drops what is gone or has not changed for long.
func (h *recent) cool(now time.Time) {
	h.files = slices.DeleteFunc(h.files, func(f recentFile) bool { return f.dir.gone || now.Sub(f.at) > recentFor })
	h.dirs = slices.DeleteFunc(h.dirs, func(d recentDir) bool { return d.dir.gone || now.Sub(d.at) > recentFor })
}

// pause is how long to wait between two looks at what has changed recently; 0: nothing has.
func (h *recent) pause(now time.Time) time.Duration {
	switch since := now.Sub(h.last); {
	case len(h.files)+len(h.dirs) == 0:
		return 0
	case since < 10*time.Second:
		return 50 * time.Millisecond
	default:
		return 100 * time.Millisecond
	}
}

// lookRecent looks at what has changed recently. A directory is only read again if its stamp has changed.
func (w *Watcher) lookRecent() {
	w.recent.cool(w.time())
	for _, h := range slices.Clone(w.recent.dirs) {
		if h.dir.gone {
			continue
		}
		if h.dir.only != "" {
			_ = w.read(h.dir, readMode{report: true}) // if it fails it is read in its next turn
		} else if found, err := w.probe(h.dir.path, h.dir); isGone(err) || err == nil && found.stamp != h.dir.stamp {
			w.look(h.dir, readMode{report: true})
		}
	}
	for _, h := range slices.Clone(w.recent.files) {
		if h.dir.gone {
			continue
		}
		if i, ok := h.dir.find(h.name); ok && w.lookFile(h.dir, i) && h.dir.stamp == 0 {
			_ = w.read(h.dir, readMode{report: true}) // if it fails it is read in its next turn
		}
	}
}
