package fswatch

import (
	"fmt"
	"os"
	"sync"
	"syscall"
)

// budget limits the open files of watching, where the system needs one for every file in a watched directory
// (kqueue): the rest of the program, and its children's pipes, need some too.
type budget struct {
	limit int // what the process may have
	most  int // how many of them watching may use

	mu   sync.Mutex // guards what follows
	held map[string]int
	used int
	told int // the number in the last notice
}

// costly is how many open files lead to a notice, before any limit is near.
const costly = 4096

// errOverBudget is our own limit, below the system's.
var errOverBudget = fmt.Errorf("watching takes too many open files: %w", syscall.EMFILE)

func newBudget(limit int) *budget {
	return &budget{limit: limit, most: limit / 2, held: map[string]int{}}
}

// apply makes the kernel stay within the budget.
func (b *budget) apply(k kernel) kernel {
	bounded := k
	bounded.budget = b
	bounded.add = func(dir string) error {
		if !b.take(dir, entries(dir)+1) {
			return errOverBudget
		}
		err := k.add(dir)
		if err != nil {
			// Some of the files may be watched by now, and with them the directory, so that it would not be
			// read again the next time.
			_ = k.remove(dir)
			b.give(dir)
		}
		return err
	}
	bounded.remove = func(dir string) error {
		b.give(dir)
		return k.remove(dir)
	}
	return bounded
}

// entries counts what is in a directory; 0 if it cannot be read, which watching it then reports.
func entries(dir string) int {
	f, err := os.Open(dir)
	if err != nil {
		return 0
	}
	defer f.Close()
	names, _ := f.Readdirnames(-1)
	return len(names)
}

func (b *budget) take(dir string, need int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	used := b.used - b.held[dir] + need
	if used > b.most {
		return false
	}
	b.used, b.held[dir] = used, need
	return true
}

func (b *budget) give(dir string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used -= b.held[dir]
	delete(b.held, dir)
}

// news is a notice about the files in use, if they are many, and twice as many as in the last notice.
func (b *budget) news() (text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.used < costly || b.used < 2*b.told {
		return ""
	}
	b.told = b.used
	return fmt.Sprintf("watching takes about %d open files, one for every file in the watched directories, of the %d that devloop may have: `ignore` what need not be watched, or write `poll: true`, which takes none",
		b.used, b.limit)
}
