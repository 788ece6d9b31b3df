package fswatch

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"

	"github.com/fsnotify/fsnotify"
)

// eventReader turns the kernel's events into changes and jobs.
type eventReader struct {
	kernel   kernel
	counters *counters
	tree     *tree
	links    *links
	jobs     *queue
	pending  *pending
	barrier  *barrier
	closings *closings
	ctx      context.Context
}

// read takes events from the kernel until Close. It reports changes of files at once, and leaves changes of
// the tree of watches to the worker. It takes errors in the same goroutine, because the place of an overflow
// in the order of events matters. It never waits: fsnotify stands still while it does.
func (r *eventReader) read() {
	events, errs := r.kernel.events, r.kernel.errors
	told := map[string]bool{}
	for events != nil || errs != nil {
		select {
		case ev, ok := <-events:
			if !ok {
				events = nil
				continue
			}
			r.counters.events.Add(1)
			r.event(ev)
		case err, ok := <-errs:
			if !ok {
				errs = nil
				continue
			}
			r.error(err, told)
		}
	}
}

func (r *eventReader) error(err error, told map[string]bool) {
	switch {
	case r.ctx.Err() != nil:
	case errors.Is(err, fsnotify.ErrEventOverflow):
		r.counters.overflows.Add(1)
		r.jobs.put(job{kind: jobReset})
		r.barrier.abandon() // their events may be among those lost
	case errors.Is(err, fsnotify.ErrNonExistentWatch) || errors.Is(err, os.ErrNotExist) || staleWatch(err):
		// A directory was removed before fsnotify could drop its watch: the events say so too.
	case limited(err):
		// kqueue has no descriptor left for a new file. Starting over would not help.
		if !told["limit"] {
			told["limit"] = true
			r.pending.notice(LimitReached, "a new file cannot be watched: "+watchRemedy(err))
		}
	case !told[err.Error()]:
		// Something may be lost. Start over once for each error: it might come back each time.
		told[err.Error()] = true
		r.pending.notice(Failed, "watching files: "+err.Error())
		r.jobs.put(job{kind: jobReset})
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

func (r *eventReader) event(ev fsnotify.Event) {
	op := opOf(ev.Op)
	if op == 0 {
		return
	}
	path := ev.Name
	if strings.HasPrefix(path, separator+separator) && separator == "/" {
		path = path[1:] // fsnotify's name for an entry of "/"
	}
	dir := parentOf(path)
	if r.barrier.dir != "" && dir == r.barrier.dir {
		r.barrier.event(path, op)
		return
	}

	t := r.tree
	t.mu.RLock()
	known := t.nodes.path(path)
	isNode, isBlind := known != nil, known != nil && known.blind
	names := t.namesIn(dir, path)
	links := t.dependents[path]
	t.mu.RUnlock()

	// fsnotify does not say whether it is a directory.
	now := missing
	if op&(Create|Touch) != 0 && (len(names) > 0 || isNode || len(links) > 0) {
		if info, err := os.Lstat(path); err == nil {
			now = kindOf(info)
		}
	}

	report := true
	switch {
	case op&(Remove|Rename) != 0 && isNode:
		r.jobs.put(job{kind: jobGone, path: path, moved: op&Rename != 0})
		report = false
	case op&Create != 0 && now == directory:
		r.jobs.put(job{kind: jobAppeared, path: path})
		report = false
	case op&Create != 0:
		if isNode {
			r.jobs.put(job{kind: jobGone, path: path, moved: true})
		}
		if now == symlink && len(names) > 0 {
			r.jobs.put(job{kind: jobLink, path: path})
		}
	case now == directory || isNode:
		if isBlind {
			r.jobs.put(job{kind: jobAppeared, path: path}) // it may have become readable
		}
		report = false
	}
	if report {
		// Before the change is reported and looked at: what is written after that look is reported again.
		if op&(Create|Write) != 0 && (len(links) > 0 || slices.ContainsFunc(names, r.pending.want)) {
			r.closings.await(path, op&Create != 0)
		}
		r.reportAll(names, op)
	}
	if len(links) > 0 {
		r.dependencyEvent(path, op, now, links, report && len(names) > 0)
	}
}

func (r *eventReader) reportAll(names []string, op Op) {
	for _, name := range names {
		// A new link is reported even if it leads to a directory: it may have replaced a file.
		if op&Create != 0 || !r.links.isDir(name) {
			r.pending.report(name, op)
		}
	}
}

// written handles the end of writing to a file.
func (r *eventReader) written(path string) {
	t := r.tree
	t.mu.RLock()
	names := t.namesIn(parentOf(path), path)
	links := t.dependents[path]
	t.mu.RUnlock()
	r.reportAll(names, Write)
	r.dependencyEvent(path, Write, missing, links, len(names) > 0)
}

// dependencyEvent handles an event of a path that links depend on.
func (r *eventReader) dependencyEvent(path string, op Op, now kind, links []*link, reported bool) {
	for _, ln := range links {
		r.tree.mu.RLock()
		name, final, is := ln.name, ln.real, ln.kind
		r.tree.mu.RUnlock()
		if path == final && is != directory && now != directory && (now != symlink || r.links.standsForItself(path)) {
			r.pending.report(name, op)
			reported = true
		}
	}
	if op&(Create|Remove|Rename) != 0 {
		r.jobs.put(job{kind: jobResolve, path: path, moved: reported})
	}
}
