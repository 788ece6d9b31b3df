//go:build linux || darwin

package guardian

import (
	"os"
	"slices"
	"syscall"
	"time"

	"devloop/orchestrator/proctable"
)

const (
	// Between two looks pass from lookMin to lookMax: no system tells when a process ends that is not one's child.
	lookMin = 2 * time.Millisecond
	lookMax = 50 * time.Millisecond

	// So many looks in a row must find nobody, as a rule. One could pass by a process that is in the middle of an exec, when its
	// environment cannot be read.
	calmLooks = 3

	// Before SIGKILL everybody is stopped, so that nobody forks its way out between the look and the signal. It takes at
	// most this long without anything new,
	freezePatience = time.Second
	// and this long in all.
	growthPatience = 10 * time.Second
	// Those who cannot be stopped are not waited for longer than this.
	stuckPatience = 50 * time.Millisecond
	// Who is in the middle of an exec may yet show the mark; that is waited for at most so long, on a machine with much to do.
	execPatience = time.Second
)

// hunt ends everybody who carries a mark, or belongs to who was recorded.
type hunt struct {
	mark  string
	roots map[int]uint64 // recorded processes with their start times: what they lead is the loop's
	born  uint64         // nobody who started before this is the loop's
	fresh bool           // the roots were right a moment ago
	since uint64         // sessions that began before are not looked at; 0 is for who has to look everywhere
	// The inodes of pipes: who writes to one of them is the loop's.
	expected map[string]bool
	calm     int // so many looks in a row must find nobody

	spare     map[int]bool // this process and its ancestors
	older     proctable.Sessions
	known     map[int]uint64
	strangers map[int]uint64 // whose environment was read, and has no such mark: they never will
	unsure    bool           // the last look met somebody in the middle of an exec
}

func newHunt(mark string, roots map[int]uint64, born uint64, fresh bool) *hunt {
	h := &hunt{mark: mark, roots: roots, born: born, fresh: fresh, calm: calmLooks,
		spare: map[int]bool{1: true}, known: map[int]uint64{}, strangers: map[int]uint64{}}
	for pid := os.Getpid(); pid > 1 && !h.spare[pid]; {
		h.spare[pid] = true
		p, ok := proctable.Read(pid)
		if !ok {
			break
		}
		pid = p.Parent
	}
	return h
}

// look returns who lives of those that are to end.
func (h *hunt) look() ([]proctable.Process, error) {
	table, err := proctable.List(h.since, &h.older)
	if err != nil {
		return nil, &wrap{"list processes", err}
	}
	led := map[int]uint64{} // numbers of groups and sessions that are the loop's, and since when
	for pid, start := range h.roots {
		// A number is not given to a new process as long as a group or session has it. If it has been, both were empty.
		// Of a leader that is gone nothing is known when much time has passed: others may have had the number since.
		if p, there := proctable.Read(pid); !there && h.fresh || there && p.Start == start {
			led[pid] = start
		}
	}
	leads := func(number int, p proctable.Process) bool {
		since, ok := led[number]
		return ok && p.Start >= since
	}
	ours := map[int]bool{}
	h.unsure = false
	var found []proctable.Process
	for grown := true; grown; {
		grown = false
		for _, p := range table {
			if p.Dead || ours[p.PID] || h.spare[p.PID] || p.PID <= 1 || p.Start < h.born {
				continue
			}
			if h.is(p) || leads(p.Session, p) || leads(p.Group, p) || ours[p.Parent] || h.carries(p) || h.expects(p) {
				ours[p.PID], grown = true, true
				// Nobody enters a session from outside, nor a group from outside its session.
				if p.Session == p.PID || p.Group == p.PID {
					led[p.PID] = p.Start
				}
				h.known[p.PID] = p.Start
				found = append(found, p)
			}
		}
	}
	return found, nil
}

// is says that a process was recorded, or found before.
func (h *hunt) is(p proctable.Process) bool {
	if start, ok := h.roots[p.PID]; ok && start == p.Start {
		return true
	}
	start, ok := h.known[p.PID]
	return ok && start == p.Start
}

// expects says that the standard output or error of a process is a pipe that was made for a command that nobody could tell
// of any more.
func (h *hunt) expects(p proctable.Process) bool {
	if len(h.expected) == 0 {
		return false
	}
	for _, pipe := range proctable.Outputs(p.PID) {
		if h.expected[pipe] {
			return true
		}
	}
	return false
}

func (h *hunt) carries(p proctable.Process) bool {
	if start, ok := h.strangers[p.PID]; ok && start == p.Start {
		return false
	}
	environ, known := proctable.Environ(p.PID)
	switch {
	case !known:
		h.unsure = true
	case Carries(proctable.Variable(environ, Name), h.mark):
		return true
	case len(environ) > 0:
		h.strangers[p.PID] = p.Start
	}
	return false
}

// run ends them: SIGTERM, grace, SIGKILL until nobody is left or patience is at an end. It returns whom it met; the error
// is a *SurvivorsError, or that the system does not list processes.
func (h *hunt) run(grace, patience time.Duration) ([]int, error) {
	asked := map[int]uint64{}
	gone, err := h.until(time.Now().Add(grace), func(p proctable.Process) {
		if start, ok := asked[p.PID]; ok && start == p.Start {
			return
		}
		asked[p.PID] = p.Start
		h.signal(p, syscall.SIGTERM)
		h.signal(p, syscall.SIGCONT) // a stopped one sees the other signal only then
	})
	if gone || err != nil {
		return h.ended(), err
	}
	h.freeze()
	var left []proctable.Process
	gone, err = h.until(time.Now().Add(patience), func(p proctable.Process) {
		left = append(left, p)
		h.signal(p, syscall.SIGKILL)
	})
	if gone || err != nil {
		return h.ended(), err
	}
	survivors := &SurvivorsError{}
	for _, p := range left {
		if now, ok := proctable.Read(p.PID); ok && now.Start == p.Start && !now.Dead && !slices.Contains(survivors.PIDs, p.PID) {
			survivors.PIDs = append(survivors.PIDs, p.PID)
		}
	}
	return h.ended(), survivors
}

// until does something to everybody again and again, until nobody is left (true) or the deadline has passed.
func (h *hunt) until(deadline time.Time, do func(proctable.Process)) (bool, error) {
	calm := 0
	sure := time.Now()
	for pause := lookMin; ; pause = min(2*pause, lookMax) {
		found, err := h.look()
		if err != nil {
			return false, err
		}
		if !h.unsure {
			sure = time.Now()
		}
		switch {
		case len(found) > 0:
			calm = 0
		case time.Since(sure) < execPatience && h.unsure: // neither calm nor alarmed
		default:
			calm++
		}
		if calm == h.calm {
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

// freeze returns when everybody is stopped, or patience is at an end.
func (h *hunt) freeze() {
	begun := time.Now()
	news := begun
	for calm := 0; calm < 2; {
		before := len(h.known)
		found, err := h.look()
		quiet := time.Since(news)
		if err != nil || quiet > freezePatience || time.Since(begun) > growthPatience {
			return
		}
		still := true
		for _, p := range found {
			if !p.Stopped {
				still = still && p.Stuck && quiet > stuckPatience
				h.signal(p, syscall.SIGSTOP)
			}
		}
		switch {
		case len(h.known) > before:
			news, calm = time.Now(), 0
		case still:
			calm++
		default:
			calm = 0
			<-time.After(lookMin)
		}
	}
}

func (h *hunt) signal(p proctable.Process, sig syscall.Signal) {
	_ = proctable.Signal(p.PID, p.Start, sig) // who is left at the end is named
}

// ended lists whom the hunt has met, in order.
func (h *hunt) ended() []int {
	var pids []int
	for pid := range h.known {
		pids = append(pids, pid)
	}
	slices.Sort(pids)
	return pids
}
