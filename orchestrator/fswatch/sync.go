package fswatch

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// cookies implement the barrier as watchman does: a file in a directory of our own is renamed, and when the event
// of that arrives, the events of all that happened before have been read.
type cookies struct {
	dir  string        // watched, but no part of the tree
	late atomic.Uint64 // how many were given up waiting for

	mu      sync.Mutex // guards what follows, and the file
	serial  uint64
	current string // the file's name now

	waitMu  sync.Mutex // guards what follows; never held during a system call
	waiting map[string]waiter
	timer   *time.Timer
	seen    uint64 // events at the time when the timer was set
	rounds  int    // times that it was set again because there were more
	broken  bool   // the last one did not come
	closed  bool
}

type waiter struct {
	token  uint64
	serial uint64
}

// patience is how long a barrier waits where the system gives no order of events.
const patience = 200 * time.Millisecond

// longPatience is how long it waits without reading any event where a cookie's must come. It is long, because a
// busy machine may let us wait, and an early answer would be a lie; after one that did not come it is short.
const longPatience = 5 * time.Second

// mostRounds bounds how often a barrier waits on because events are being read: the kernel's queue is finite, and a
// cookie's event that has not come in a minute of events is not in it.
const mostRounds = 12

func (w *Watcher) openCookies() error {
	c := &w.cookies
	c.waiting = map[string]waiter{}
	c.timer = time.AfterFunc(time.Hour, w.impatient)
	c.timer.Stop()
	if !ordered {
		return nil
	}
	dir, err := os.MkdirTemp("", "devloop-watch-")
	if err != nil {
		return fmt.Errorf("make a directory for cookies: %w", err)
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return fmt.Errorf("make a directory for cookies: %w", err)
	}
	c.dir, c.current = dir, "0"
	if err := w.bakeCookie(); err != nil {
		os.RemoveAll(dir)
		if limited(err) {
			return fmt.Errorf("watch files: %w: %s", ErrLimit, watchRemedy(err))
		}
		return fmt.Errorf("watch the directory for cookies: %w", err)
	}
	return nil
}

// Scratch is the directory that the watcher makes files in, for its barriers; "" if it makes none. No other watcher
// should look there.
func (w *Watcher) Scratch() string { return w.cookies.dir }

// bakeCookie makes the file, and the directory if someone has cleaned it away, and watches the directory. It
// opens nothing that is there already: whoever cleaned up may have left a link in its place.
func (w *Watcher) bakeCookie() error {
	c := &w.cookies
	if err := os.Mkdir(c.dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	w.kernel.remove(c.dir)
	if err := w.kernel.add(c.dir); err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(c.dir, c.current), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

func (w *Watcher) closeCookies() {
	c := &w.cookies
	c.waitMu.Lock()
	c.closed = true
	c.timer.Stop()
	c.waitMu.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dir != "" {
		os.RemoveAll(c.dir)
	}
}

// Sync puts a barrier behind everything that was written before the call: token comes in the Synced of the batch
// that holds the last of it, or of a later one. It does not wait. Where the system gives no order of events
// (anything but Linux), token comes after a fifth of a second.
func (w *Watcher) Sync(token uint64) {
	c := &w.cookies
	c.mu.Lock()
	defer c.mu.Unlock()
	if w.isClosed() {
		return
	}
	if !ordered {
		time.AfterFunc(patience, func() { w.synced(token) })
		return
	}
	c.serial++
	name := strconv.FormatUint(c.serial, 10)
	c.waitMu.Lock()
	c.waiting[name] = waiter{token, c.serial}
	c.seen = w.events.Load()
	c.arm()
	c.waitMu.Unlock()
	to := filepath.Join(c.dir, name)
	err := os.Rename(filepath.Join(c.dir, c.current), to)
	c.current = name
	if err != nil {
		// Its making is an event as good as its renaming. If that fails too, the timer will tell.
		_ = w.bakeCookie()
	}
}

// arm sets the timer; it wants waitMu to be held.
func (c *cookies) arm() {
	if c.broken {
		c.timer.Reset(patience)
	} else {
		c.timer.Reset(longPatience)
	}
}

// cookieEvent is called by the reader for an event in the cookie directory.
func (w *Watcher) cookieEvent(path string, op Op) {
	if op&Create == 0 {
		return
	}
	w.closings.drain() // a file that was closed before has changed before
	c := &w.cookies
	name := filepath.Base(path)
	c.waitMu.Lock()
	c.broken, c.rounds = false, 0
	waiting, ok := c.waiting[name]
	delete(c.waiting, name)
	if len(c.waiting) == 0 {
		c.timer.Stop()
	}
	c.waitMu.Unlock()
	if ok {
		w.synced(waiting.token)
	}
}

// synced delivers a token, after the jobs that earlier events have made.
func (w *Watcher) synced(token uint64) {
	if w.jobs.idle() {
		w.deliver(token)
		return
	}
	w.jobs.put(job{kind: jobToken, token: token})
}

func (w *Watcher) deliver(token uint64) {
	w.pending.note(func(b *Batch) { b.Synced = append(b.Synced, token) })
}

// abandonCookies stops waiting for events that may never come: the tokens are delivered when all jobs that wait
// now are done.
func (w *Watcher) abandonCookies() {
	c := &w.cookies
	c.waitMu.Lock()
	defer c.waitMu.Unlock()
	w.releaseCookies()
}

// releaseCookies wants waitMu to be held.
func (w *Watcher) releaseCookies() {
	c := &w.cookies
	for len(c.waiting) > 0 {
		first := ""
		for name, waiting := range c.waiting {
			if first == "" || waiting.serial < c.waiting[first].serial {
				first = name
			}
		}
		w.jobs.put(job{kind: jobToken, token: c.waiting[first].token})
		delete(c.waiting, first)
	}
	c.timer.Stop()
}

// impatient is called when a barrier has waited long. As long as events are being read, it waits on.
func (w *Watcher) impatient() {
	c := &w.cookies
	c.waitMu.Lock()
	defer c.waitMu.Unlock()
	if c.closed || len(c.waiting) == 0 {
		return
	}
	if seen := w.events.Load(); seen != c.seen && c.rounds < mostRounds {
		c.seen = seen
		c.rounds++
		c.arm()
		return
	}
	c.broken, c.rounds = true, 0
	c.late.Add(uint64(len(c.waiting)))
	w.releaseCookies()
}
