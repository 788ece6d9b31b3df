package fswatch

import (
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/fsnotify/fsnotify"
)

// ErrLimit is in the chain of Open's error when the system gives out no more watchers or descriptors.
var ErrLimit = errors.New("a limit of the system is reached")

// kernel is the system's watcher of single directories. It is a struct of functions so that tests can lose
// events and run out of watches.
type kernel struct {
	add    func(dir string) error
	remove func(dir string) error
	close  func() error // closes both channels
	events <-chan fsnotify.Event
	errors <-chan error
	budget *budget // nil where watching takes no descriptor a file
}

func openKernel() (kernel, error) {
	n, err := fsnotify.NewWatcher()
	if err != nil {
		if limited(err) {
			return kernel{}, fmt.Errorf("watch files: %w: %s", ErrLimit, instanceRemedy(err))
		}
		return kernel{}, fmt.Errorf("watch files: %w", err)
	}
	k := kernel{add: n.Add, remove: n.Remove, close: n.Close, events: n.Events, errors: n.Errors}
	if limit := fileLimit(); limit > 0 {
		k = newBudget(limit).apply(k)
	}
	return k, nil
}

// counters count what has been read from the kernel.
type counters struct {
	events, overflows atomic.Uint64
}
