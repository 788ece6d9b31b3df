package procgroup

import (
	"errors"
	"os"
	"syscall"
	"time"
)

const (
	// linger is how long the output may stay open when the group is gone: only a process that left the group
	// can still hold it.
	linger = 50 * time.Millisecond

	// Every fourth poll also tells zombies from living members, which costs a read of the whole process
	// table; after a kill every poll does.
	pollsPerScan = 4
)

// run follows a started command to the end of its tree.
func (g *Group) run(t *tree, l *launch) {
	out := make(chan struct{})
	if l.reader != nil {
		go func() {
			defer close(out)
			l.copyOutput(g.over)
		}()
	} else {
		close(out)
	}
	g.leaderEnded(t, t.waitLeader(), l.reader)
	left := g.leftovers(t)
	close(g.leader)
	if left > 0 {
		g.outlast(t, out)
	}
	g.mu.Lock()
	g.gone = true
	close(g.over)
	t.collect()
	t.close()
	g.mu.Unlock()
	g.killer.Wait()
	if l.reader != nil {
		_ = l.reader.SetReadDeadline(time.Now().Add(linger)) // it may be closed already
	}
	<-out
	g.mu.Lock()
	g.exit.Ended = time.Now()
	g.exit.Killed = g.killed
	g.mu.Unlock()
	close(g.done)
}

// leaderEnded collects the leader.
func (g *Group) leaderEnded(t *tree, waitErr error, reader *os.File) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.exit.LeaderEnded = time.Now()
	if !g.held && isHeld(reader) {
		// A member lives. The group shows by itself; background jobs of a shell, which have groups of their
		// own in the session, only in the process table. That takes milliseconds, so it is not read at every
		// end.
		t.track()
	}
	if !g.held && !t.certain() {
		_ = t.end(syscall.SIGTERM) // no effect if only a zombie is left
	}
	var err error
	g.exit.Code, g.exit.Signal, err = t.reap()
	g.exit.Err = errors.Join(waitErr, err)
}

// leftovers counts the members that outlived the leader, and asks them to end unless the caller does that.
func (g *Group) leftovers(t *tree) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !t.alive() && !t.elsewhere() {
		return 0
	}
	n := t.living()
	g.exit.Leftovers = n
	switch {
	case n == 0 || g.held:
	case g.grace <= 0:
		_ = g.kill(t)
	default:
		_ = t.end(syscall.SIGTERM)
	}
	return n
}

// outlast waits for what the leader left behind, and ends it unless the caller does that.
func (g *Group) outlast(t *tree, out <-chan struct{}) {
	grace := time.NewTimer(g.grace)
	defer grace.Stop()
	poll := time.NewTimer(0)
	defer poll.Stop()
	delay := pollMin
	for n := 1; ; n++ {
		poll.Reset(delay)
		delay = min(2*delay, pollMax)
		expired := false
		select {
		case <-poll.C:
		case <-grace.C:
			expired = true
		case <-out: // usually closed by the last member
			out = nil
		case <-g.kick:
			delay = pollMin
		}
		g.mu.Lock()
		if expired && !g.held {
			_ = g.kill(t)
		}
		scan := g.killed || n%pollsPerScan == 0
		ended := (!t.alive() || scan && t.living() == 0) && !t.elsewhere()
		g.mu.Unlock()
		if ended {
			return
		}
	}
}
