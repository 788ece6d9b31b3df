package procgroup

import (
	"errors"
	"os"
	"syscall"
	"time"
)

const (
	// linger is how long the output may stay open when the group is gone: then
	// only somebody who left it can hold it.
	linger = 50 * time.Millisecond

	// Of so many looks one also tells zombies from the living, which costs a
	// read of the whole process table; after a kill each one does.
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
		// Somebody lives. The group will show by itself; jobs of a shell, which
		// have groups of their own in the session, show in the process table.
		// It is not read at every end: that takes milliseconds.
		t.track()
	}
	if !g.held && !t.certain() {
		_ = t.end(syscall.SIGTERM) // to a zombie alone it does nothing
	}
	var err error
	g.exit.Code, g.exit.Signal, err = t.reap()
	g.exit.Err = errors.Join(waitErr, err)
}

// leftovers counts who outlived the leader, and asks them to end unless the
// caller has taken that on.
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

// outlast waits for what the leader left behind, and ends it if nobody else has
// taken that on.
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
		case <-out: // closed by the last who could write to it, as a rule
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
