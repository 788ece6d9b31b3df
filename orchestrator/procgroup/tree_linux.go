package procgroup

import (
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"devloop/orchestrator/proctable"
	"devloop/orchestrator/proctree"
)

// pidfdSignalProcessGroup makes pidfd_send_signal reach the group whose number
// the pidfd's process had, also when that process is gone (Linux 6.9,
// PIDFD_SIGNAL_PROCESS_GROUP in linux/pidfd.h).
const pidfdSignalProcessGroup = 1 << 2

// system is the leader's pidfd, and those who left the group.
type system struct {
	pidfd   int          // of the leader, or -1
	exact   bool         // the pidfd signals the whole group
	escaped proctree.Set // outside the group, alive when last looked at
	dead    proctree.Set // escaped once

	born   uint64             // start of the leader: who is older is none of the tree
	wide   bool               // those belong to it, too, whom the mark alone shows
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

// fork forks by f, and registers the leader before anybody can take it for an
// orphan.
func (t *tree) fork(f func() error) error { return trees.fork(t, f) }

func (t *tree) forgetLeader() { trees.forgetLeader(t) }

func (t *tree) begin() {
	if t.pidfd > 0 {
		t.exact = unix.PidfdSendSignal(t.pidfd, 0, nil, pidfdSignalProcessGroup) == nil
	}
}

// forgetHandle makes the tree as it is before Linux 6.9.
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
	// The registry remembers the tree for a while, and these are as many as the
	// system has sessions and processes.
	t.older = proctable.Sessions{}
	t.search.Forget()
}

// widen makes those members, too, who have left the group and the session
// before anybody looked.
func (t *tree) widen() { t.wide = true }

// table is the part of the process table that the tree can be in: all of it
// that is younger than the leader. It is for a kill, which looks everywhere. It
// may be called without the group's mutex.
func (t *tree) table() ([]proctable.Process, error) { return proctable.List(t.born, nil) }

// near lists those who can belong to the tree. With a reaper these are the
// leader, whom this process was handed, and all their descendants, so that it
// does not matter how many others there are; else it is the table.
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

// certain says that signals cannot reach a stranger even when the leader is
// reaped.
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

// remember notes who of the family is outside the group. It returns how many
// were not known.
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

// family is every process of the tree, zombies left out: the group, those who
// escaped, the sessions of both, and what descends from any of them.
func (t *tree) family(procs []proctable.Process) []proctable.Process {
	// If the group has members now, it had them when the table was read, and
	// the number was its own. If it has none, groupAlive notes that it is gone.
	t.groupAlive()
	signs := proctree.Signs{
		Led:      make(map[int]uint64),
		Is:       func(p proctable.Process) bool { return t.inGroup(p) || t.escaped.Has(p) },
		Not:      func(p proctable.Process) bool { return p.Start < t.born },
		Sessions: true,
	}
	if !t.gone {
		signs.Led[t.pid] = 0 // nobody enters the session from outside
	}
	if t.mark != "" && t.wide {
		signs.Marked = t.marked
	}
	return t.search.Find(procs, signs)
}

// marked says that a process that does not show otherwise belongs to the tree:
// it carries the mark, or was handed to this process and can be nobody else's.
func (t *tree) marked(p proctable.Process, mark string) bool {
	return proctree.Carries(mark, t.mark) || trees.owner(p, mark) == t
}

// elsewhere looks for members when the group is gone and nobody who left it is
// known. A process in the middle of an exec cannot be told; that is over in no
// time, so it is looked at again.
func (t *tree) elsewhere() bool {
	if t.mark == "" || !t.wide {
		return false
	}
	const looks = 3
	for range looks {
		family, err := t.look()
		if err != nil {
			return false // no /proc: what alive says stands
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

// signalEscaped signals those who left the group, and forgets the dead.
func (t *tree) signalEscaped(sig syscall.Signal) {
	for pid, start := range t.escaped {
		if err := proctable.Signal(pid, start, sig); errors.Is(err, os.ErrProcessDone) {
			delete(t.escaped, pid)
			t.dead[pid] = start
		}
	}
}

// freeze stops the tree. It returns how many were found that were not known,
// and whether all stand still. procs is a look at the process table after the
// last freeze, or before the first. With stuck, those count as standing still
// who cannot be stopped: in an uninterruptible wait, which is also that of a
// parent for the exec of a child that it made with vfork.
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
			_ = proctable.Signal(p.PID, p.Start, unix.SIGSTOP) // gone is as good as stopped
		}
	}
	return found, still
}

// kill sends SIGKILL to everybody known.
func (t *tree) kill() error {
	err := t.signalGroup(unix.SIGKILL)
	t.signalEscaped(unix.SIGKILL)
	if errors.Is(err, os.ErrProcessDone) {
		return nil
	}
	return err
}

// alive says that something of the tree may be running. It is cheap, and takes
// a zombie for a member; living tells.
func (t *tree) alive() bool {
	t.collectGroup()
	if t.groupAlive() {
		return true
	}
	t.signalEscaped(0)
	return len(t.escaped) > 0
}

// living counts the members that are no zombies. A dead member stays one as
// long as its parent does not collect it, which in a container without an init
// is for ever.
func (t *tree) living() int {
	if !t.alive() {
		return 0
	}
	family, err := t.look()
	if err != nil {
		return 1 // no /proc: what alive said stands
	}
	return len(family)
}

// collect takes the zombies that became children of this process, which may be
// process 1 of a container or have asked for orphans. When nothing of the tree
// lives that is all of them.
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
