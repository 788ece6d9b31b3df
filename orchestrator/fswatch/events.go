package fswatch

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/fsnotify/fsnotify"
)

// read takes events from the kernel until Close. It reports changes of files itself, at once; whatever changes
// the tree of watches it leaves to the keeper. It takes errors in the same goroutine, because the place of an
// overflow in the order of events matters, and it never waits: fsnotify stands still while it does.
func (w *Watcher) read() {
	events, errs := w.kernel.events, w.kernel.errors
	told := map[string]bool{}
	for events != nil || errs != nil {
		select {
		case ev, ok := <-events:
			if !ok {
				events = nil
				continue
			}
			w.events.Add(1)
			w.event(ev)
		case err, ok := <-errs:
			if !ok {
				errs = nil
				continue
			}
			w.error(err, told)
		}
	}
}

func (w *Watcher) error(err error, told map[string]bool) {
	switch {
	case w.isClosed():
	case errors.Is(err, fsnotify.ErrEventOverflow):
		w.overflows.Add(1)
		w.jobs.put(job{kind: jobReset})
		w.abandonCookies() // their events may be among those lost
	case errors.Is(err, fsnotify.ErrNonExistentWatch) || errors.Is(err, os.ErrNotExist) || staleWatch(err):
		// A directory went before fsnotify could drop its watch: just what the events say.
	case limited(err):
		// A file has come that kqueue has no descriptor left for. Starting over would find no more of them.
		if !told["limit"] {
			told["limit"] = true
			w.notice(LimitReached, "a new file cannot be watched: "+watchRemedy(err))
		}
	case !told[err.Error()]:
		// Something may be lost. Once for each error: starting over might bring it back.
		told[err.Error()] = true
		w.notice(Failed, "watching files: "+err.Error())
		w.jobs.put(job{kind: jobReset})
	}
}

func opOf(op fsnotify.Op) (o Op) {
	for _, pair := range [...]struct {
		from fsnotify.Op
		to   Op
	}{{fsnotify.Create, Create}, {fsnotify.Write, Write}, {fsnotify.Remove, Remove}, {fsnotify.Rename, Rename}, {fsnotify.Chmod, Touch}} {
		if op&pair.from != 0 {
			o |= pair.to
		}
	}
	return o
}

func (w *Watcher) event(ev fsnotify.Event) {
	op := opOf(ev.Op)
	if op == 0 {
		return
	}
	path := ev.Name
	if strings.HasPrefix(path, separator+separator) && separator == "/" {
		path = path[1:] // fsnotify's name for an entry of "/"
	}
	dir := parentOf(path)
	if w.cookies.dir != "" && dir == w.cookies.dir {
		w.cookieEvent(path, op)
		return
	}

	t := &w.tree
	t.mu.RLock()
	known := t.nodes.path(path)
	isNode, isBlind := known != nil, known != nil && known.blind
	names := t.namesIn(dir, path)
	spots := t.spots[path]
	t.mu.RUnlock()

	// fsnotify does not tell whether it is a directory.
	now := missing
	if op&(Create|Touch) != 0 && (len(names) > 0 || isNode || len(spots) > 0) {
		if info, err := os.Lstat(path); err == nil {
			now = kindOf(info)
		}
	}

	report := true
	switch {
	case op&(Remove|Rename) != 0 && isNode:
		w.jobs.put(job{kind: jobGone, path: path, moved: op&Rename != 0})
		report = false
	case op&Create != 0 && now == directory:
		w.jobs.put(job{kind: jobAppeared, path: path})
		report = false
	case op&Create != 0:
		if isNode {
			w.jobs.put(job{kind: jobGone, path: path, moved: true})
		}
		if now == symlink && len(names) > 0 {
			w.jobs.put(job{kind: jobLink, path: path})
		}
	case now == directory || isNode:
		if isBlind {
			w.jobs.put(job{kind: jobAppeared, path: path}) // it may have become readable
		}
		report = false
	}
	if report {
		// Before anybody hears of it, and looks: what is written after that look is told of again.
		if op&(Create|Write) != 0 && (len(spots) > 0 || slices.ContainsFunc(names, w.opt.Want)) {
			w.closings.await(path, op&Create != 0)
		}
		w.reportAll(names, op)
	}
	if len(spots) > 0 {
		w.spotEvent(path, op, now, spots, report && len(names) > 0)
	}
}

func (w *Watcher) reportAll(names []string, op Op) {
	for _, name := range names {
		// A new link is reported even if it leads to a directory: a file may have given way to it.
		if op&Create != 0 || !w.isDirLink(name) {
			w.report(name, op)
		}
	}
}

// written is told of the end of writing to a file.
func (w *Watcher) written(path string) {
	t := &w.tree
	t.mu.RLock()
	names := t.namesIn(parentOf(path), path)
	spots := t.spots[path]
	t.mu.RUnlock()
	w.reportAll(names, Write)
	w.spotEvent(path, Write, missing, spots, len(names) > 0)
}

// isDirLink says whether the name is that of a followed link to a directory: its coming and going is told by the
// files behind it.
func (w *Watcher) isDirLink(name string) bool {
	w.tree.mu.RLock()
	defer w.tree.mu.RUnlock()
	m := w.tree.mounts[name]
	return m != nil && !m.root && m.kind == directory
}

// standsForItself says whether the symbolic link is one that is not followed: whatever it leads to, the name is a file.
func (w *Watcher) standsForItself(link string) bool {
	r := w.resolve(parentOf(link), filepath.Base(link))
	return r.kind == file && r.real == link
}

// spotEvent handles an event of a path that mounts depend on.
func (w *Watcher) spotEvent(path string, op Op, now kind, spots []*mount, reported bool) {
	for _, m := range spots {
		w.tree.mu.RLock()
		name, final, is := m.name, m.real, m.kind
		w.tree.mu.RUnlock()
		if path == final && is != directory && now != directory && (now != symlink || w.standsForItself(path)) {
			w.report(name, op)
			reported = true
		}
	}
	if op&(Create|Remove|Rename) != 0 {
		w.jobs.put(job{kind: jobMount, path: path, moved: reported})
	}
}
