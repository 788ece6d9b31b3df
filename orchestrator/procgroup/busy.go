package procgroup

import (
	"errors"
	"fmt"
	"syscall"
	"time"
)

// busyPatience is how long a start waits for a program that is still open for
// writing. Such a program is as good as written: whoever forked while a linker
// or a copy had it open holds the descriptor until its exec (golang.org/issue/22315).
const busyPatience = time.Second

// runLater starts the command when its program is no longer being written.
func (g *Group) runLater(l *launch, patience time.Duration) {
	t, err := g.retry(l, patience)
	if err != nil {
		l.abandon()
		g.mu.Lock()
		g.gone = true
		close(g.over)
		g.exit.Err = err
		g.exit.LeaderEnded = time.Now()
		g.exit.Ended = g.exit.LeaderEnded
		g.mu.Unlock()
		close(g.started)
		close(g.leader)
		close(g.done)
		return
	}
	l.release()
	g.mu.Lock()
	g.tree = t
	select {
	case <-g.cancel: // while it was being forked
		g.held = true
		_ = g.kill(t)
	default:
	}
	g.mu.Unlock()
	close(g.started)
	g.run(t, l)
}

func (g *Group) retry(l *launch, patience time.Duration) (*tree, error) {
	deadline := time.Now().Add(patience)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for delay := pollMin; ; delay = min(2*delay, pollMax) {
		timer.Reset(delay)
		select {
		case <-g.cancel:
			return nil, fmt.Errorf("start %s: %w", g.name, ErrStopped)
		case <-timer.C:
		}
		t, err := l.fork()
		switch {
		case err == nil:
			return t, nil
		case !errors.Is(err, syscall.ETXTBSY):
			return nil, err
		case time.Now().After(deadline):
			return nil, fmt.Errorf("start %s: %w", g.name, startError(l.image.path, err))
		}
	}
}
