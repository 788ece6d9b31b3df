// Package machine decides what the loop does next: it takes the time and an
// event, and returns actions. It does no I/O, reads no clock, starts no
// goroutine and takes no lock; one value owns all state.
package machine

import (
	"time"

	"devloop/schema"
)

// Config is what the machine knows of a project: the nodes in the order of the file, and their edges. A node
// is named by its index everywhere.
type Config struct {
	Nodes []Node
	Jobs  int // stages that may run at once over all watchers, at least 1

	RemoteJobs int // the same of those that are Remote, which Jobs does not count

	// Once runs every watcher once, ends at the first failure, and exits when all have passed. Processes
	// start only if a watcher depends on them.
	Once bool
}

// Node is one watcher or one process: exactly one of the two is set.
type Node struct {
	Name    string
	Watcher *Watcher
	Process *Process

	Upstream []int // direct: the watchers whose trigger it reads, the nodes that it depends on
	Readers  []Reader
	Needs    []Need
	Settle   time.Duration // how long a burst must be quiet; 0: adaptive
	Gone     bool          // not in the configuration any more, see Reconfigure
}

// Reader is a node that reads one of a watcher's triggers.
type Reader struct {
	Node    int
	Trigger string
}

// Need is one entry of depends_on.
type Need struct {
	Node      int
	Condition schema.Condition
	Restart   bool // restart with that node
}

// Watcher is a node that runs stages. Groups run in order, the stages of one
// group side by side; a stage is named by its index over all groups.
type Watcher struct {
	Groups   [][]Stage
	Queue    bool // on_busy: queue; otherwise a change cancels the run
	OnStart  bool
	Triggers bool // has triggers to touch
}

// Stage is one command of a watcher.
type Stage struct {
	Name          string
	IfChanged     func(path string) bool // nil: always runs
	Timeout       time.Duration          // 0: none
	AllowFailure  bool
	Uninterrupted bool // interruptible: false
	Remote        bool // it runs on another machine
}

// Process is a supervised command.
type Process struct {
	Start        bool // false: only by hand
	Probed       bool // it is ready when ProcessReady says so, else when started
	ReadyTimeout time.Duration
	Restart      schema.RestartPolicy
	Backoff      schema.Backoff
	Reload       bool // a change sends the reload signal instead of a restart
	StopTimeout  time.Duration
	StartFirst   bool // a renewal starts the new one before it stops the old one
	WaitChecking bool // it is down while a watcher upstream is busy
}
