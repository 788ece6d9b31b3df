package fswatch

import (
	"context"
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

// barrier implements Sync with cookies, as watchman does: a file in a directory of our own is renamed, and
// when that event arrives, all earlier events have been read.
type barrier struct {
	kernel   kernel
	read     *counters
	jobs     *queue
	pending  *pending
	closings *closings
	ctx      context.Context

	dir  string        // watched, but not part of the tree
	late atomic.Uint64 // how many timed out

	mu      sync.Mutex // guards what follows, and the file
	serial  uint64
	current string // the file's name now

	waitMu  sync.Mutex // guards what follows; never held during a system call
	waiting map[string]waiter
	timer   *time.Timer
	seen    uint64 // events at the time when the timer was set
	rounds  int    // how often it was set again because there were more events
	broken  bool   // the last cookie's event did not come
	closed  bool
}

type waiter struct {
	token  uint64
	serial uint64
}

// patience is how long a barrier waits where the system gives no order of events.
const patience = 200 * time.Millisecond

// longPatience is how long it waits without reading any event where a cookie's must come. It is long, because
// on a busy machine an early answer would be wrong; after an event that did not come it is short.
const longPatience = 5 * time.Second

// mostRounds limits how often a barrier goes on waiting because events are being read: the kernel's queue is
// finite, and a cookie's event that has not come in a minute of events is not in it.
const mostRounds = 12

func (b *barrier) open() error {
	b.waiting = map[string]waiter{}
	b.timer = time.AfterFunc(time.Hour, b.impatient)
	b.timer.Stop()
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
	b.dir, b.current = dir, "0"
	if err := b.bake(); err != nil {
		os.RemoveAll(dir)
		if limited(err) {
			return fmt.Errorf("watch files: %w: %s", ErrLimit, watchRemedy(err))
		}
		return fmt.Errorf("watch the directory for cookies: %w", err)
	}
	return nil
}

// bake makes the file, and the directory if it was cleaned away, and watches the directory. It opens nothing
// that exists already, as that may be somebody else's link.
func (b *barrier) bake() error {
	err := os.Mkdir(b.dir, 0o700)
	if errors.Is(err, fs.ErrNotExist) { // all of the temporary files have been cleaned away
		if err = os.MkdirAll(filepath.Dir(b.dir), 0o700); err == nil {
			err = os.Mkdir(b.dir, 0o700)
		}
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	b.kernel.remove(b.dir)
	if err := b.kernel.add(b.dir); err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(b.dir, b.current), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

func (b *barrier) close() {
	b.waitMu.Lock()
	b.closed = true
	b.timer.Stop()
	b.waitMu.Unlock()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.dir != "" {
		os.RemoveAll(b.dir)
	}
}

// sync is Watcher.Sync.
func (b *barrier) sync(token uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ctx.Err() != nil {
		return
	}
	if !ordered {
		time.AfterFunc(patience, func() { b.synced(token) })
		return
	}
	b.serial++
	name := strconv.FormatUint(b.serial, 10)
	b.waitMu.Lock()
	b.waiting[name] = waiter{token, b.serial}
	b.seen = b.read.events.Load()
	b.arm()
	b.waitMu.Unlock()
	to := filepath.Join(b.dir, name)
	err := os.Rename(filepath.Join(b.dir, b.current), to)
	b.current = name
	if err != nil && b.bake() != nil { // creating the file is as good an event as renaming it
		b.waitMu.Lock()
		b.broken = true // no event can come
		b.arm()
		b.waitMu.Unlock()
	}
}

// arm sets the timer; it wants waitMu to be held.
func (b *barrier) arm() {
	if b.broken {
		b.timer.Reset(patience)
	} else {
		b.timer.Reset(longPatience)
	}
}

// event is called by the reader for an event in the cookie directory.
func (b *barrier) event(path string, op Op) {
	if op&Create == 0 {
		return
	}
	b.closings.drain() // a file that was closed earlier has changed earlier
	name := filepath.Base(path)
	b.waitMu.Lock()
	b.broken, b.rounds = false, 0
	waiting, ok := b.waiting[name]
	delete(b.waiting, name)
	if len(b.waiting) == 0 {
		b.timer.Stop()
	}
	b.waitMu.Unlock()
	if ok {
		b.synced(waiting.token)
	}
}

// synced delivers a token, after the jobs that earlier events have made.
func (b *barrier) synced(token uint64) {
	if b.jobs.idle() {
		b.pending.synced(token)
		return
	}
	b.jobs.put(job{kind: jobToken, token: token})
}

// abandon stops waiting for events that may never come: the tokens are delivered when all waiting jobs are
// done.
func (b *barrier) abandon() {
	b.waitMu.Lock()
	defer b.waitMu.Unlock()
	b.release()
}

// release wants waitMu to be held.
func (b *barrier) release() {
	for len(b.waiting) > 0 {
		first := ""
		for name, waiting := range b.waiting {
			if first == "" || waiting.serial < b.waiting[first].serial {
				first = name
			}
		}
		b.jobs.put(job{kind: jobToken, token: b.waiting[first].token})
		delete(b.waiting, first)
	}
	b.timer.Stop()
}

// impatient is called when a barrier has waited long. While events are being read, it goes on waiting.
func (b *barrier) impatient() {
	b.waitMu.Lock()
	defer b.waitMu.Unlock()
	if b.closed || len(b.waiting) == 0 {
		return
	}
	if seen := b.read.events.Load(); seen != b.seen && b.rounds < mostRounds {
		b.seen = seen
		b.rounds++
		b.arm()
		return
	}
	b.broken, b.rounds = true, 0
	b.late.Add(uint64(len(b.waiting)))
	b.release()
}
