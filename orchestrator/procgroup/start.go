package procgroup

import (
	"errors"
	"fmt"
	"syscall"
	"time"
)

// busyPatience is how long a start waits for a program that is still open for writing. Usually the program is
// complete: a process that was forked while a linker or a copy had it open holds the descriptor until its
// exec (golang.org/issue/22315).
const busyPatience = time.Second

// Start starts the command. It returns when the command runs (its exec has succeeded) or cannot: see
// [ErrNotFound] and those beside it.
//
// A program that something still has open for writing (ETXTBSY) is waited for in the background, up to a
// second: Start returns as if it ran, PID is 0 until [Group.Started], and if the time passes the group is
// done with [Exit.Err].
//
// The group releases what it holds when it is done; nothing has to be closed.
func Start(spec Spec) (*Group, error) { return start(spec, tuning{patience: busyPatience}) }

// tuning is what only tests set.
type tuning struct {
	patience time.Duration // with a busy program
	byNumber bool          // signal the group by its number even where a pidfd works
}

func start(spec Spec, tune tuning) (*Group, error) {
	l, err := newLaunch(spec)
	if err != nil {
		return nil, err
	}
	l.byNumber = tune.byNumber
	g := &Group{
		name:    spec.Argv[0],
		grace:   spec.Grace,
		term:    l.term,
		started: make(chan struct{}),
		leader:  make(chan struct{}),
		done:    make(chan struct{}),
		cancel:  make(chan struct{}),
		kick:    make(chan struct{}, 1),
		over:    make(chan struct{}),
		exit:    Exit{Code: -1},
	}
	if number, ok := pipeNumber(l.reader); ok && spec.Forking != nil {
		spec.Forking(number)
	}
	t, err := l.fork()
	switch {
	case err == nil:
		l.release()
		g.tree = t
		close(g.started)
		go g.run(t, l)
	case errors.Is(err, syscall.ETXTBSY):
		if err := l.detach(); err != nil {
			l.abandon()
			return nil, fmt.Errorf("start %s: %w", g.name, err)
		}
		go g.runWhenFree(l, tune.patience)
	default:
		l.abandon()
		return nil, err
	}
	return g, nil
}

// runWhenFree starts the command when its program is no longer being written.
func (g *Group) runWhenFree(l *launch, patience time.Duration) {
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
			return nil, fmt.Errorf("start %s: %w", g.name, errStopped)
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
