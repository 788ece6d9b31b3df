package procgroup

import (
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"devloop/orchestrator/proctable"
	"devloop/orchestrator/proctree"
)

// pidfdSignalProcessGroup makes pidfd_send_signal reach the group whose number the pidfd's process had, even
// when that process is gone (Linux 6.9, PIDFD_SIGNAL_PROCESS_GROUP in linux/pidfd.h).
const pidfdSignalProcessGroup = 1 << 2

// system is the leader's pidfd, and the processes that left the group.
type system struct {
	pidfd   int          // of the leader, or -1
	exact   bool         // the pidfd signals the whole group
	escaped proctree.Set // outside the group, alive when last looked at
	dead    proctree.Set // escaped once

	born   uint64             // start of the leader: older processes do not belong to the tree
	wide   bool               // processes that only the mark shows belong to it, too
	older  proctable.Sessions // than the leader
	reaper *Reaper            // the one that ran when the leader was started, or nil
	search proctree.Search
}

func (t *tree) prepare(attr *syscall.SysProcAttr) {
	t.pidfd = -1
	t.escaped, t.dead = make(proctree.Set), make(proctree.Set)
	t.wide = !t.keep
	attr.PidFD = &t.pidfd
}

// fork forks by f, and registers the leader before it can be taken for an orphan.
func (t *tree) fork(f func() error) error { return trees.fork(t, f) }

func (t *tree) forgetLeader() { trees.forgetLeader(t) }

func (t *tree) begin() {
	if t.pidfd > 0 {
		t.exact = unix.PidfdSendSignal(t.pidfd, 0, nil, pidfdSignalProcessGroup) == nil
	}
}

// forgetHandle makes the tree behave as before Linux 6.9.
func (t *tree) forgetHandle() { t.exact = false }

func (t *tree) close() {
	if t.pidfd > 0 {
		_ = unix.Close(t.pidfd) // a pidfd holds no data
	}
	t.pidfd, t.exact = -1, false
	trees.end(t)
	var gone []int
	for _, known := range []proctree.Set{t.escaped, t.dead} {
		for pid := range known {
			gone = append(gone, pid)
		}
	}
	trees.running().gone(gone)
	// The registry keeps the tree for a while, and these are as many as the system has sessions and
	// processes.
	t.older = proctable.Sessions{}
	t.search.Forget()
}

// widen includes members that left the group and the session before anything looked.
func (t *tree) widen() { t.wide = true }

// table is the part of the process table that the tree can be in: all processes younger than the leader. It
// is for a kill, which looks everywhere. It may be called without the group's mutex.
func (t *tree) table() ([]proctable.Process, error) { return proctable.List(t.born, nil) }

// near lists the processes that can belong to the tree. With a reaper these are the leader, the adopted
// orphans and all their descendants, however many other processes there are; else it is the table.
func (t *tree) near() ([]proctable.Process, error) {
	if t.reaper != nil && t.reaper == trees.running() {
		if procs, ok := t.reaper.handed(); ok {
			if leader, ok := proctable.Read(t.pid); ok && leader.Start == t.born {
				procs = append(procs, leader)
			}
			return proctable.Descend(procs), nil
		}
	}
	return proctable.List(t.born, &t.older)
}

func (t *tree) killGroup(sig syscall.Signal) error {
	if t.exact {
		return unix.PidfdSendSignal(t.pidfd, sig, nil, pidfdSignalProcessGroup)
	}
	return t.killByNumber(sig)
}

// certain tells whether signals cannot reach an unrelated process even when the leader is reaped.
func (t *tree) certain() bool { return t.exact }

// waitLeader returns when the leader has ended; it is not reaped then.
func (t *tree) waitLeader() error {
	_, err := ignoringEINTR(func() (int, error) {
		return 0, unix.Waitid(unix.P_PID, t.pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
	})
	return err
}

// look returns the living of the tree.
func (t *tree) look() ([]proctable.Process, error) {
	procs, err := t.near()
	if err != nil {
		return nil, err
	}
	return t.family(procs), nil
}

// track looks for members that left the group and remembers them.
func (t *tree) track() {
	if family, err := t.look(); err == nil { // without /proc the group is all there is to know
		t.remember(family)
	}
}

// remember records which of the family are outside the group. It returns how many were not known.
func (t *tree) remember(family []proctable.Process) (found int) {
	var fresh []int
	for _, p := range family {
		if t.inGroup(p) {
			continue
		}
		if !t.escaped.Has(p) {
			t.escaped[p.PID] = p.Start
			fresh = append(fresh, p.PID)
		}
	}
	trees.running().noticed(fresh)
	return len(fresh)
}

func (t *tree) inGroup(p proctable.Process) bool { return !t.gone && p.Group == t.pid }

// family is every process of the tree except zombies: the group, the escaped, the sessions of both, and all
// their descendants.
func (t *tree) family(procs []proctable.Process) []proctable.Process {
	// If the group has members now, the number was its own when the table was read. If not, groupAlive notes
	// that it is gone.
	t.groupAlive()
	signs := proctree.Signs{
		Led:      make(map[int]uint64),
		Is:       func(p proctable.Process) bool { return t.inGroup(p) || t.escaped.Has(p) },
		Not:      func(p proctable.Process) bool { return p.Start < t.born },
		Sessions: true,
	}
	if !t.gone {
		signs.Led[t.pid] = 0 // a process enters a session only by birth
	}
	if t.mark != "" && t.wide {
		signs.Marked = t.marked
	}
	return t.search.Find(procs, signs)
}

// marked tells whether a process without other signs belongs to the tree: it carries the mark, or is an
// orphan that can be from no other tree.
func (t *tree) marked(p proctable.Process, mark string) bool {
	return proctree.Carries(mark, t.mark) || trees.owner(p, mark) == t
}

// elsewhere looks for members when the group is gone and no escaped process is known. A process in the middle
// of an exec shows no mark, so after a moment it is looked at again.
func (t *tree) elsewhere() bool {
	if t.mark == "" || !t.wide {
		return false
	}
	const looks = 3
	for range looks {
		family, err := t.look()
		if err != nil {
			return false // no /proc: rely on alive
		}
		t.remember(family)
		if len(family) > 0 {
			return true
		}
		if t.search.Unsure == 0 {
			return false
		}
	}
	return false
}

// members are the pids of the tree.
func (t *tree) members() ([]int, error) {
	family, err := t.look()
	if err != nil {
		return nil, err
	}
	pids := make([]int, 0, len(family))
	for _, p := range family {
		pids = append(pids, p.PID)
	}
	return pids, nil
}

// signalEscaped signals the processes that left the group, and forgets the dead.
func (t *tree) signalEscaped(sig syscall.Signal) {
	for pid, start := range t.escaped {
		if err := proctable.Signal(pid, start, sig); errors.Is(err, os.ErrProcessDone) {
			delete(t.escaped, pid)
			t.dead[pid] = start
		}
	}
}

// freeze stops the tree. It returns how many processes it found that were not known, and whether all stand
// still. procs is a look at the process table after the last freeze, or before the first. With stuck,
// processes that cannot be stopped count as standing still: those in an uninterruptible wait, such as a
// parent that waits for the exec of a vforked child.
func (t *tree) freeze(procs []proctable.Process, stuck bool) (found int, still bool) {
	_ = t.signalGroup(unix.SIGSTOP) // SIGKILL meets the same obstacles, and reports them
	family := t.family(procs)
	found, still = t.remember(family), true
	for _, p := range family {
		if p.Stopped {
			continue
		}
		still = still && proctree.Still(p, stuck)
		if !t.inGroup(p) {
			_ = proctable.Signal(p.PID, p.Start, unix.SIGSTOP) // an ended process is as good as stopped
		}
	}
	return found, still
}

// kill sends SIGKILL to every known member.
func (t *tree) kill() error {
	err := t.signalGroup(unix.SIGKILL)
	t.signalEscaped(unix.SIGKILL)
	if errors.Is(err, os.ErrProcessDone) {
		return nil
	}
	return err
}

// alive tells whether something of the tree may be running. It is cheap, and counts zombies; living does not.
func (t *tree) alive() bool {
	t.collectGroup()
	if t.groupAlive() {
		return true
	}
	t.signalEscaped(0)
	return len(t.escaped) > 0
}

// living counts the members that are not zombies. A zombie stays until its parent collects it, which in a
// container without an init is for ever.
func (t *tree) living() int {
	if !t.alive() {
		return 0
	}
	family, err := t.look()
	if err != nil {
		return 1 // no /proc: rely on alive
	}
	return len(family)
}

// collect takes the zombies that became children of this process, as process 1 of a container or as a reaper:
// all of them once the tree is gone.
func (t *tree) collect() {
	t.collectGroup()
	for _, known := range []proctree.Set{t.escaped, t.dead} {
		for pid, start := range known {
			if p, ok := proctable.Read(pid); ok && p.Start == start && p.Dead && p.Parent == os.Getpid() {
				_, _ = syscall.Wait4(pid, nil, syscall.WNOHANG, nil)
			}
		}
	}
}
