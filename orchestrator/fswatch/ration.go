package fswatch

import (
	"fmt"
	"os"
	"sync"
	"syscall"
)

// ration bounds what watching takes where the system needs an open file for every file in a watched directory
// (kqueue): the rest of the program, and its children's pipes, need some too, and a process that has none left can
// not even say so.
type ration struct {
	limit int // what the process may have
	most  int // what of it watching may take

	mu   sync.Mutex // guards what follows
	held map[string]int
	used int
	told int // what the last notice spoke of
}

// costly is how many open files people are told of before any limit is near.
const costly = 4096

// errRationed is a limit of ours, before the system's.
var errRationed = fmt.Errorf("watching takes too many open files: %w", syscall.EMFILE)

func newRation(limit int) *ration {
	return &ration{limit: limit, most: limit / 2, held: map[string]int{}}
}

// apply makes the kernel stay within the ration.
func (r *ration) apply(k kernel) kernel {
	rationed := k
	rationed.ration = r
	rationed.add = func(dir string) error {
		if !r.take(dir, entries(dir)+1) {
			return errRationed
		}
		err := k.add(dir)
		if err != nil {
			// Some of the files may be watched by now, and the directory with them, so that it would not be read
			// again the next time.
			_ = k.remove(dir)
			r.give(dir)
		}
		return err
	}
	rationed.remove = func(dir string) error {
		r.give(dir)
		return k.remove(dir)
	}
	return rationed
}

// entries counts what is in a directory; nothing, if it cannot be read: whoever watches it will be told.
func entries(dir string) int {
	f, err := os.Open(dir)
	if err != nil {
		return 0
	}
	defer f.Close()
	names, _ := f.Readdirnames(-1)
	return len(names)
}

func (r *ration) take(dir string, need int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	used := r.used - r.held[dir] + need
	if used > r.most {
		return false
	}
	r.used, r.held[dir] = used, need
	return true
}

func (r *ration) give(dir string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.used -= r.held[dir]
	delete(r.held, dir)
}

// tell is what people should hear of what is taken now, if it is much, and twice what they heard of before.
func (r *ration) tell() (text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.used < costly || r.used < 2*r.told {
		return ""
	}
	r.told = r.used
	return fmt.Sprintf("watching takes about %d open files, one for every file in the watched directories, of the %d that devloop may have: `ignore` what need not be watched, or write `poll: true`, which takes none",
		r.used, r.limit)
}
