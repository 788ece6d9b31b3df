//go:build linux || darwin

package guardian

import (
	"os"
	"slices"
	"syscall"
	"time"

	"devloop/orchestrator/proctable"
	"devloop/orchestrator/proctree"
)

const (
	// The time between two looks: no system reports the end of a process that is not a child.
	lookMin = 2 * time.Millisecond
	lookMax = 50 * time.Millisecond

	// Usually so many looks in a row must find nothing: one look can miss a process in the middle of an exec, whose
	// environment cannot be read.
	quietLooks = 3

	// A process in the middle of an exec may still show the mark; it is waited for at most so long, on a busy machine.
	execPatience = time.Second
)

// killer ends all processes that carry a mark, or belong to a recorded one.
type killer struct {
	mark  string
	roots proctree.Set // recorded processes with their start times: what they lead is the loop's
	born  uint64       // older processes are not the loop's
	fresh bool         // the roots were correct a moment ago
	since uint64       // older sessions are not looked at; 0: look everywhere
	// Inodes of pipes: processes that write to them are the loop's.
	expected map[string]bool
	quiet    int // so many looks in a row must find nothing

	never  map[int]bool // this process and its ancestors
	older  proctable.Sessions
	search proctree.Search
	known  proctree.Set // the processes that were found
}

func newKiller(mark string, roots proctree.Set, born uint64, fresh bool) *killer {
	k := &killer{mark: mark, roots: roots, born: born, fresh: fresh, quiet: quietLooks,
		never: map[int]bool{1: true}, known: proctree.Set{}}
	for pid := os.Getpid(); pid > 1 && !k.never[pid]; {
		k.never[pid] = true
		p, ok := proctable.Read(pid)
		if !ok {
			break
		}
		pid = p.Parent
	}
	return k
}

// look returns the living processes that are to end.
func (k *killer) look() ([]proctable.Process, error) {
	table, err := proctable.List(k.since, &k.older)
	if err != nil {
		return nil, &wrap{"list processes", err}
	}
	led := map[int]uint64{} // numbers of groups and sessions that are the loop's, and since when
	for pid, start := range k.roots {
		// A number is not reused as long as a group or session has it. If it was reused, both were empty. Of a leader
		// that ended long ago nothing is known: its number may have been reused and freed since.
		if p, there := proctable.Read(pid); !there && k.fresh || there && p.Start == start {
			led[pid] = start
		}
	}
	found := k.search.Find(table, proctree.Signs{Led: led, Is: k.is, Not: k.excluded, Marked: k.carries})
	for _, p := range found {
		k.known[p.PID] = p.Start
	}
	return found, nil
}

// excluded tells whether a process is never touched.
func (k *killer) excluded(p proctable.Process) bool {
	return k.never[p.PID] || p.PID <= 1 || p.Start < k.born
}

// is tells whether a process was recorded, or found before, or belongs to a command whose pid was never reported.
func (k *killer) is(p proctable.Process) bool {
	return k.roots.Has(p) || k.known.Has(p) || k.expects(p)
}

func (k *killer) carries(_ proctable.Process, mark string) bool {
	return proctree.Carries(mark, k.mark)
}

// expects tells whether the standard output or error of a process is the pipe of a command whose pid was never
// reported.
func (k *killer) expects(p proctable.Process) bool {
	if len(k.expected) == 0 {
		return false
	}
	for _, pipe := range proctable.Outputs(p.PID) {
		if k.expected[pipe] {
			return true
		}
	}
	return false
}

// run ends them: SIGTERM, grace, SIGKILL until none is left or patience has passed. It returns the processes that it
// found; the error is a *survivorsError, or that the system does not list processes.
func (k *killer) run(grace, patience time.Duration) ([]int, error) {
	asked := map[int]uint64{}
	gone, err := k.until(time.Now().Add(grace), func(p proctable.Process) {
		if start, ok := asked[p.PID]; ok && start == p.Start {
			return
		}
		asked[p.PID] = p.Start
		k.signal(p, syscall.SIGTERM)
		k.signal(p, syscall.SIGCONT) // a stopped one sees the other signal only then
	})
	if gone || err != nil {
		return k.ended(), err
	}
	k.freeze()
	var left []proctable.Process
	gone, err = k.until(time.Now().Add(patience), func(p proctable.Process) {
		left = append(left, p)
		k.signal(p, syscall.SIGKILL)
	})
	if gone || err != nil {
		return k.ended(), err
	}
	survivors := &survivorsError{}
	for _, p := range left {
		if now, ok := proctable.Read(p.PID); ok && now.Start == p.Start && !now.Dead && !slices.Contains(survivors.PIDs, p.PID) {
			survivors.PIDs = append(survivors.PIDs, p.PID)
		}
	}
	return k.ended(), survivors
}

// until repeats something for all of them, until none is left (true) or the deadline has passed.
func (k *killer) until(deadline time.Time, do func(proctable.Process)) (bool, error) {
	quiet := 0
	sure := time.Now()
	for pause := lookMin; ; pause = min(2*pause, lookMax) {
		found, err := k.look()
		if err != nil {
			return false, err
		}
		if k.search.Unsure == 0 {
			sure = time.Now()
		}
		switch {
		case len(found) > 0:
			quiet = 0
		case time.Since(sure) < execPatience && k.search.Unsure > 0: // an environment cannot be read yet: look again
		default:
			quiet++
		}
		if quiet == k.quiet {
			return true, nil
		}
		for _, p := range found {
			do(p)
		}
		if len(found) > 0 && !time.Now().Before(deadline) {
			return false, nil
		}
		<-time.After(min(pause, max(time.Until(deadline), lookMin)))
	}
}

// freeze returns when all of them are stopped, or patience has passed.
func (k *killer) freeze() {
	proctree.Halt(func(stuck bool) (fresh int, still, over bool) {
		before := len(k.known)
		found, err := k.look()
		if err != nil {
			return 0, false, true
		}
		still = true
		for _, p := range found {
			if !p.Stopped {
				still = still && proctree.Still(p, stuck)
				k.signal(p, syscall.SIGSTOP)
			}
		}
		return len(k.known) - before, still, false
	}, func() { <-time.After(lookMin) })
}

func (k *killer) signal(p proctable.Process, sig syscall.Signal) {
	_ = proctable.Signal(p.PID, p.Start, sig) // survivors are reported at the end
}

// ended lists the processes that the killer has found, in order.
func (k *killer) ended() []int {
	var pids []int
	for pid := range k.known {
		pids = append(pids, pid)
	}
	slices.Sort(pids)
	return pids
}
