//go:build linux || darwin

package guardian

import (
	"os"
	"slices"
	"syscall"
	"time"
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
	// The inodes of pipes: who writes to one of them is the loop's.
	expected map[string]bool
	calm     int // so many looks in a row must find nobody

	spare     map[int]bool // this process and its ancestors
	known     map[int]uint64
	strangers map[int]uint64 // whose environment was read, and has no such mark: they never will
	unsure    bool           // the last look met somebody in the middle of an exec
	refused   error          // the last signal that the system did not send
}

func newHunt(mark string, roots map[int]uint64, born uint64, fresh bool) *hunt {
	h := &hunt{mark: mark, roots: roots, born: born, fresh: fresh, calm: calmLooks,
		spare: map[int]bool{1: true}, known: map[int]uint64{}, strangers: map[int]uint64{}}
	for pid := os.Getpid(); pid > 1 && !h.spare[pid]; {
		h.spare[pid] = true
		p, ok := readProcess(pid)
		if !ok {
			break
		}
		pid = p.parent
	}
	return h
}

// look returns who lives of those that are to end.
func (h *hunt) look() ([]process, error) {
	table, err := listProcesses()
	if err != nil {
		return nil, &wrap{"list processes", err}
	}
	byPID := make(map[int]process, len(table))
	for _, p := range table {
		byPID[p.pid] = p
	}
	led := map[int]uint64{} // numbers of groups and sessions that are the loop's, and since when
	for pid, start := range h.roots {
		// A number is not given to a new process as long as a group or session has it. If it has been, both were empty.
		// Of a leader that is gone nothing is known when much time has passed: others may have had the number since.
		if p, there := byPID[pid]; !there && h.fresh || there && p.start == start {
			led[pid] = start
		}
	}
	leads := func(number int, p process) bool {
		since, ok := led[number]
		return ok && p.start >= since
	}
	ours := map[int]bool{}
	h.unsure = false
	var found []process
	for grown := true; grown; {
		grown = false
		for _, p := range table {
			if p.dead || ours[p.pid] || h.spare[p.pid] || p.pid <= 1 || p.start < h.born {
				continue
			}
			if h.is(p) || leads(p.session, p) || leads(p.group, p) || ours[p.parent] || h.carries(p) || h.expects(p) {
				ours[p.pid], grown = true, true
				// Nobody enters a session from outside, nor a group from outside its session.
				if p.session == p.pid || p.group == p.pid {
					led[p.pid] = p.start
				}
				h.known[p.pid] = p.start
				found = append(found, p)
			}
		}
	}
	return found, nil
}

// is says that a process was recorded, or found before.
func (h *hunt) is(p process) bool {
	if start, ok := h.roots[p.pid]; ok && start == p.start {
		return true
	}
	start, ok := h.known[p.pid]
	return ok && start == p.start
}

// expects says that the standard output or error of a process is a pipe that was made for a command that nobody could tell
// of any more.
func (h *hunt) expects(p process) bool {
	if len(h.expected) == 0 {
		return false
	}
	for _, pipe := range outputsOf(p.pid) {
		if h.expected[pipe] {
			return true
		}
	}
	return false
}

func (h *hunt) carries(p process) bool {
	if start, ok := h.strangers[p.pid]; ok && start == p.start {
		return false
	}
	environ, known := readEnviron(p.pid)
	switch {
	case !known:
		h.unsure = true
	case Carries(markOf(environ), h.mark):
		return true
	case len(environ) > 0:
		h.strangers[p.pid] = p.start
	}
	return false
}

// run ends them: SIGTERM, grace, SIGKILL until nobody is left or patience is at an end. It returns whom it met; the error
// is a *SurvivorsError, or that the system does not list processes.
func (h *hunt) run(grace, patience time.Duration) ([]int, error) {
	asked := map[int]uint64{}
	gone, err := h.until(time.Now().Add(grace), func(p process) {
		if start, ok := asked[p.pid]; ok && start == p.start {
			return
		}
		asked[p.pid] = p.start
		h.signal(p, syscall.SIGTERM)
		h.signal(p, syscall.SIGCONT) // a stopped one sees the other signal only then
	})
	if gone || err != nil {
		return h.ended(), err
	}
	h.freeze()
	var left []process
	gone, err = h.until(time.Now().Add(patience), func(p process) {
		left = append(left, p)
		h.signal(p, syscall.SIGKILL)
	})
	if gone || err != nil {
		return h.ended(), err
	}
	survivors := &SurvivorsError{}
	for _, p := range left {
		if now, ok := readProcess(p.pid); ok && now.start == p.start && !now.dead && !slices.Contains(survivors.PIDs, p.pid) {
			survivors.PIDs = append(survivors.PIDs, p.pid)
		}
	}
	return h.ended(), survivors
}

// until does something to everybody again and again, until nobody is left (true) or the deadline has passed.
func (h *hunt) until(deadline time.Time, do func(process)) (bool, error) {
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
			if !p.stopped {
				still = still && p.stuck && quiet > stuckPatience
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

func (h *hunt) signal(p process, sig syscall.Signal) {
	if _, err := signalProcess(p.pid, p.start, sig); err != nil {
		h.refused = err
	}
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
