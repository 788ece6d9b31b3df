package fswatch

import (
	"os"
	"slices"
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// closings report when recently written files are closed. Writes through a memory map cause no event, but all
// of them are done when the map and the file are closed; fsnotify does not pass that on. So each file with a
// reported write is watched until then, by an inotify handle of our own.
type closings struct {
	told func(path string) // called with mu held, by await's callers and by a goroutine

	mu      sync.Mutex // guards what follows, and the reading
	file    *os.File   // nil until the first file
	raw     syscall.RawConn
	over    bool          // there is no handle, or it is closed
	done    chan struct{} // closed when the goroutine has ended
	paths   map[int32]string
	watches map[string]int32
	order   []int32 // the oldest first
	buf     [4096]byte
}

// closingMost is how many files are watched for that: those written to last.
const closingMost = 64

func newClosings(told func(path string)) *closings {
	return &closings{told: told, paths: map[int32]string{}, watches: map[string]int32{}}
}

// open wants mu to be held. Without a handle nothing is reported.
func (c *closings) open() bool {
	if c.file != nil || c.over {
		return !c.over
	}
	c.over = true
	fd, err := unix.InotifyInit1(unix.IN_NONBLOCK | unix.IN_CLOEXEC)
	if err != nil {
		return false
	}
	c.file = os.NewFile(uintptr(fd), "inotify")
	if c.raw, err = c.file.SyscallConn(); err != nil {
		_ = c.file.Close() // nothing is watched
		c.file = nil
		return false
	}
	c.over, c.done = false, make(chan struct{})
	go func(conn syscall.RawConn, done chan struct{}) {
		defer close(done)
		_ = conn.Read(func(uintptr) bool { // it ends with the file
			c.drain()
			return false
		})
	}(c.raw, c.done)
	return true
}

// await reports when the file is closed; fresh says that the path may be another file than before.
func (c *closings) await(path string, fresh bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, known := c.watches[path]; known && !fresh || !c.open() {
		return
	}
	_ = c.raw.Control(func(fd uintptr) {
		watch, err := unix.InotifyAddWatch(int(fd), path, unix.IN_CLOSE_WRITE|unix.IN_ONESHOT|unix.IN_DONT_FOLLOW)
		if err != nil {
			return // a removed file is written to no more
		}
		id := int32(watch)
		c.forget(id)
		if old, known := c.watches[path]; known {
			c.drop(fd, old)
		}
		if len(c.order) >= closingMost {
			c.drop(fd, c.order[0])
		}
		c.paths[id], c.watches[path] = path, id
		c.order = append(c.order, id)
	})
}

// drop stops waiting for a file.
func (c *closings) drop(fd uintptr, id int32) {
	c.forget(id)
	_, _ = unix.InotifyRmWatch(int(fd), uint32(id)) // it may be gone by itself
}

func (c *closings) forget(id int32) {
	path, known := c.paths[id]
	if !known {
		return
	}
	delete(c.paths, id)
	delete(c.watches, path)
	if i := slices.Index(c.order, id); i >= 0 {
		c.order = slices.Delete(c.order, i, i+1)
	}
}

// drain reports all files that were closed before the call.
func (c *closings) drain() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.file == nil || c.over {
		return
	}
	_ = c.raw.Control(func(fd uintptr) {
		for {
			n, err := unix.Read(int(fd), c.buf[:])
			if err == unix.EINTR {
				continue
			}
			if err != nil || n <= 0 {
				return
			}
			c.read(c.buf[:n])
		}
	})
}

// read parses events (inotify(7)).
func (c *closings) read(events []byte) {
	for len(events) >= unix.SizeofInotifyEvent {
		ev := (*unix.InotifyEvent)(unsafe.Pointer(&events[0]))
		events = events[unix.SizeofInotifyEvent+int(ev.Len):]
		path, known := c.paths[ev.Wd]
		switch {
		case ev.Mask&unix.IN_Q_OVERFLOW != 0:
			for _, path := range c.paths {
				c.told(path)
			}
		case known && ev.Mask&unix.IN_CLOSE_WRITE != 0:
			c.told(path)
		case known && ev.Mask&unix.IN_IGNORED != 0:
			c.forget(ev.Wd)
		}
	}
}

func (c *closings) close() {
	c.mu.Lock()
	file := c.file
	c.over = true
	c.mu.Unlock()
	if file != nil {
		_ = file.Close() // only read from
		<-c.done
	}
}
