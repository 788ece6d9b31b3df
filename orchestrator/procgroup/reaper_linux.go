package procgroup

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"devloop/orchestrator/proctable"
	"devloop/orchestrator/proctree"
)

// Reaper makes this process adopt the orphans of its descendants instead of process 1
// (PR_SET_CHILD_SUBREAPER), assigns them to the groups that they come from, and collects them when they end.
// So descent is not lost by forking twice, even for a process without a mark: one that overwrites its
// environment, or was started without one.
//
// An orphan without a mark belongs to the one marked tree that lived when it was started. If several did, no
// stop of one of them reaches it, and Noticed must remember it for the end of all.
//
// It never collects a process that another part of the program waits for: a group's leader, a child in this
// process's own session, which is where os/exec puts children by default, or one that Other names. So an
// orphan that such a child leaves in that session stays a zombie until this process ends: use this package to
// start commands that start others.
type Reaper struct {
	opt     ReaperOptions
	session int // this process's own
	poke    chan struct{}
	stop    chan struct{}
	stopped chan struct{}
	signals chan os.Signal
}

// Orphans are looked for when a child of this process has ended, and after each start, since most daemons
// fork early and an adoption is not reported. While a group lives, the looks are lookFirst apart, then twice
// as far each time, up to lookLast. Beyond lookEarly a look is one read, see [Reaper.adopts].
const (
	lookFirst = 20 * time.Millisecond
	lookEarly = 10 * time.Second
	lookLast  = 30 * time.Second
	// A look waits this long after an end: by then the group itself has looked, and one look serves all that
	// end together.
	lookPause = 10 * time.Millisecond
)

var errSecondReaper = errors.New("another one runs")

// StartReaper starts the reaper of this process; there can be only one. The caller closes it when all groups
// are done.
func StartReaper(opt ReaperOptions) (*Reaper, error) {
	session, err := unix.Getsid(0)
	if err != nil {
		return nil, fmt.Errorf("adopt orphans: %w", err)
	}
	if opt.Apart <= 0 {
		opt.Apart = lookLast
	}
	r := &Reaper{
		opt:     opt,
		session: session,
		poke:    make(chan struct{}, 1),
		stop:    make(chan struct{}),
		stopped: make(chan struct{}),
		signals: make(chan os.Signal, 1),
	}
	trees.mu.Lock()
	defer trees.mu.Unlock()
	if trees.reaper != nil {
		return nil, fmt.Errorf("adopt orphans: %w", errSecondReaper)
	}
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return nil, fmt.Errorf("adopt orphans: %w", err)
	}
	trees.reaper = r
	signal.Notify(r.signals, unix.SIGCHLD)
	go r.run()
	return r, nil
}

// Close ends the reaper: from now on orphans go to process 1 again. Orphans that this process already has
// stay its children. When all groups are done no callback runs any more.
func (r *Reaper) Close() {
	close(r.stop)
	<-r.stopped
	signal.Stop(r.signals)
	trees.mu.Lock()
	defer trees.mu.Unlock()
	_ = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0) // it was possible to set it
	trees.reaper = nil
	clear(trees.orphans)
}

// look asks for a look; it never blocks.
func (r *Reaper) look() {
	select {
	case r.poke <- struct{}{}:
	default:
	}
}

func (r *Reaper) other(pid int) bool { return r.opt.Other != nil && r.opt.Other(pid) }

func (r *Reaper) run() {
	defer close(r.stopped)
	timer := time.NewTimer(lookFirst) // after a start
	defer timer.Stop()
	ended := time.NewTimer(lookPause) // after an end
	defer ended.Stop()
	distance := lookFirst
	for {
		select {
		case <-r.stop:
			return
		case <-r.poke:
			distance = lookFirst
			timer.Reset(distance)
			continue
		case <-r.signals:
			ended.Reset(lookPause)
			select {
			case <-r.stop:
				return
			case <-ended.C:
			}
		case <-timer.C:
			early := min(lookEarly, r.opt.Apart)
			late := distance >= early
			distance = min(2*distance, r.opt.Apart)
			if distance < early || trees.live() { // else the next start asks for looks
				timer.Reset(distance)
			}
			if late && !r.adopts() {
				continue
			}
		}
		r.collect()
	}
}

// adopts tells whether this process has an unknown child, by one read of the kernel's list of children. It is
// true where there is no such list.
func (r *Reaper) adopts() bool {
	pids, err := proctable.Children(os.Getpid())
	return err != nil || slices.ContainsFunc(pids, func(pid int) bool { return !trees.knows(pid) && !r.other(pid) })
}

// handed lists the children of this process that it did not start itself. Each orphan of a command is among
// them or descends from one. It costs some system calls, whatever else the machine runs. It is false where
// the system does not list children.
func (r *Reaper) handed() ([]proctable.Process, bool) {
	self := os.Getpid()
	var procs []proctable.Process
	// A child that is collected during the read may hide the next one.
	const tries = 4
	for range tries {
		pids, err := proctable.Children(self)
		if err != nil {
			return nil, false
		}
		procs = procs[:0]
		whole := true
		for _, pid := range pids {
			session, err := unix.Getsid(pid)
			if err != nil {
				whole = false
				continue
			}
			if session == r.session || trees.leads(pid) || r.other(pid) {
				continue
			}
			if p, ok := proctable.Read(pid); ok && p.Parent == self {
				procs = append(procs, p)
			} else {
				whole = false
			}
		}
		if whole {
			break
		}
	}
	return procs, true
}

// handedSlowly is handed by the whole process table, for kernels without lists of children.
func (r *Reaper) handedSlowly() []proctable.Process {
	self, _ := proctable.Read(os.Getpid()) // without /proc there is nothing to go by
	procs, _ := proctable.List(self.Start, nil)
	return slices.DeleteFunc(procs, func(p proctable.Process) bool { return p.Parent != self.PID || p.Session == r.session })
}

// live tells whether a group lives, or a process that one has left behind.
func (r *registry) live() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.leaders) > 0 || len(r.orphans) > 0
}

// leads tells whether a child of this process is a leader.
func (r *registry) leads(pid int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.leaders[pid] != nil
}

// knows tells whether a child of this process is a leader or a known orphan.
func (r *registry) knows(pid int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.leaders[pid] != nil || r.orphans[pid] != nil
}

// collect records new orphans and collects those that have ended.
func (r *Reaper) collect() {
	procs, ok := r.handed()
	if !ok {
		procs = r.handedSlowly()
	}
	var adopted, buried []int
	for _, p := range procs {
		fresh, ended := trees.settle(p)
		if fresh {
			adopted = append(adopted, p.PID)
		}
		if ended {
			buried = append(buried, p.PID)
		}
	}
	r.noticed(adopted)
	r.gone(buried)
	trees.forgetOrphans()
}

func (r *Reaper) noticed(pids []int) {
	if r != nil && r.opt.Noticed != nil && len(pids) > 0 {
		r.opt.Noticed(pids...)
	}
}

func (r *Reaper) gone(pids []int) {
	if r != nil && r.opt.Gone != nil && len(pids) > 0 {
		r.opt.Gone(pids...)
	}
}

// settle records a child of this process if it is an orphan, and collects it if it has ended.
func (r *registry) settle(p proctable.Process) (fresh, ended bool) {
	mark := ""
	if !p.Dead {
		environ, _ := proctable.Environ(p.PID)
		mark = proctable.Variable(environ, proctree.MarkName)
	}
	r.starting.Lock()
	defer r.starting.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	before := r.orphans[p.PID]
	o := r.adopt(p, mark)
	if o == nil {
		return false, false
	}
	fresh = o != before && !p.Dead
	if p.Dead {
		bury(p)
		delete(r.orphans, p.PID)
	}
	return fresh, p.Dead
}

// bury collects a dead child. The pidfd makes sure that it is not another one with the same number.
func bury(p proctable.Process) {
	fd, err := unix.PidfdOpen(p.PID, 0)
	if err != nil {
		if !errors.Is(err, unix.ESRCH) { // before Linux 5.3; nobody can be started meanwhile, see registry
			_, _ = syscall.Wait4(p.PID, nil, syscall.WNOHANG, nil)
		}
		return
	}
	defer unix.Close(fd)
	if now, ok := proctable.Read(p.PID); ok && now.Start == p.Start {
		_ = unix.Waitid(unix.P_PIDFD, fd, nil, unix.WEXITED|unix.WNOHANG, nil) // collected by its tree meanwhile
	}
}

// forgetOrphans drops those that their tree has collected.
func (r *registry) forgetOrphans() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for pid, o := range r.orphans {
		if p, ok := proctable.Read(pid); !ok || p.Start != o.start {
			delete(r.orphans, pid)
		}
	}
}
