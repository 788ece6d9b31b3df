package fswatch

import (
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"
)

// deadline is when a test gives up waiting for an event that does not come. It plays no part where tests pass.
const deadline = 30 * time.Second

// watched is a watcher under test.
type watched struct {
	*testing.T
	w      *Watcher
	token  uint64
	losing *losingKernel
	kernel *losingKernel
	kept   map[string]Change // reported, and not returned by settle yet
	over   bool
	last   Batch
	notes  []Notice

	refuse func(dir string) error // if set, asked before each watch
	budget *budget                // if set, of open files
}

// filter is a Descend and a Want that a test can change.
type filter struct {
	mu   sync.Mutex // guards what follows
	not  []string   // directories not to enter
	want []string   // patterns for the last element; none: everything
}

func (f *filter) set(field *[]string, to []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	*field = to
}

func (f *filter) descend(dir string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return !slices.Contains(f.not, dir)
}

func (f *filter) wants(path string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.want) == 0 || wildcard(f.want, path)
}

// start opens a watcher that ends with the test, and waits until it is ready.
func (s *watched) start(opt Options) {
	s.Helper()
	w, err := open(opt, func() (kernel, error) {
		k, err := openKernel()
		if err != nil {
			return k, err
		}
		s.kernel = loseFrom(&k)
		if s.budget != nil {
			k = s.budget.apply(k)
		}
		if s.refuse != nil {
			add := k.add
			k.add = func(dir string) error {
				if err := s.refuse(dir); err != nil {
					return err
				}
				return add(dir)
			}
		}
		return k, nil
	})
	if err != nil {
		s.Fatal(err)
	}
	s.w = w
	s.Cleanup(func() {
		if late := w.Stats().LateSyncs; late > 0 {
			s.Errorf("%d barriers were given up waiting for", late)
		}
		if err := w.Close(); err != nil {
			s.Errorf("close: %v", err)
		}
	})
	await(s.T, w.Ready())
}

func await[T any](t testing.TB, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(deadline):
		panic("waited too long")
	}
}

// settle waits for everything done so far, and returns what was reported since the last call, and whether events
// were lost.
func (s *watched) settle() (changes map[string]Change, over bool) {
	s.Helper()
	s.wait()
	changes, over = s.kept, s.over
	s.kept, s.over = nil, false
	return changes, over
}

// wait waits for everything done so far, and keeps what is reported.
func (s *watched) wait() {
	s.Helper()
	if s.kept == nil {
		s.kept = map[string]Change{}
	}
	s.token++
	s.w.Sync(s.token)
	for {
		await(s.T, s.w.Wake())
		batch := s.w.Take()
		s.over = s.over || batch.Overflow
		for _, c := range batch.Changes {
			if old, ok := s.kept[c.Path]; ok {
				c.Op |= old.Op
				c.Dir = c.Dir || old.Dir
			}
			s.kept[c.Path] = c
		}
		s.notes = append(s.notes, batch.Notices...)
		s.last = batch
		if slices.Contains(batch.Synced, s.token) {
			return
		}
	}
}

// losingKernel stands between a kernel and a watcher, and can lose events.
type losingKernel struct {
	mu     sync.Mutex // guards what follows
	losing bool
	until  string        // lose the event of this path, and then no more
	lost   chan struct{} // closed then
	hold   chan struct{} // if set, take no events until it is closed

	errors chan error
	events chan fsnotify.Event
}

// loseFrom puts itself before the kernel's channels.
func loseFrom(k *kernel) *losingKernel {
	l := &losingKernel{errors: make(chan error), events: make(chan fsnotify.Event)}
	events, errs, closeKernel := k.events, k.errors, k.close
	var done sync.WaitGroup
	stop := make(chan struct{})
	done.Go(func() {
		defer close(l.events)
		defer close(l.errors)
		for events != nil || errs != nil {
			select {
			case ev, ok := <-events:
				if !ok {
					events = nil
					continue
				}
				l.mu.Lock()
				lose := l.losing
				if lose && ev.Name == l.until {
					l.losing = false
					close(l.lost)
				}
				l.mu.Unlock()
				l.mu.Lock()
				hold := l.hold
				l.mu.Unlock()
				if hold != nil {
					<-hold
				}
				if !lose {
					select {
					case l.events <- ev:
					case <-stop:
					}
				}
			case err, ok := <-errs:
				if !ok {
					errs = nil
					continue
				}
				select {
				case l.errors <- err:
				case <-stop:
				}
			}
		}
	})
	k.events, k.errors = l.events, l.errors
	k.close = func() error {
		close(stop)
		err := closeKernel()
		done.Wait()
		return err
	}
	return l
}

// loseEvents lets the kernel lose what happens until overflow.
func (s *watched) loseEvents() {
	s.settle()
	s.losing = s.kernel
	s.losing.mu.Lock()
	defer s.losing.mu.Unlock()
	s.losing.losing, s.losing.until, s.losing.lost = true, "", make(chan struct{})
}

// overflow ends the loss once all that was done is lost, a barrier too, and reports it as the kernel does.
func (s *watched) overflow() {
	s.Helper()
	l := s.losing
	s.losing = nil
	s.token++
	l.mu.Lock()
	s.w.barrier.mu.Lock()
	l.until = join(s.w.barrier.dir, strconv.FormatUint(s.w.barrier.serial+1, 10))
	s.w.barrier.mu.Unlock()
	l.mu.Unlock()
	s.w.Sync(s.token)
	await(s.T, l.lost)
	l.errors <- fsnotify.ErrEventOverflow
}
