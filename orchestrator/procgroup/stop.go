package procgroup

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"devloop/orchestrator/proctree"
)

// Signal sends a signal to the group, and not to processes that left it. It does not begin a stop: it is for
// signals such as the one that makes a program reload. Its error is [os.ErrProcessDone] when the group is
// gone, [errNotStarted] before the start.
func (g *Group) Signal(sig os.Signal) error {
	return g.signal(sig, func(t *tree, s syscall.Signal) error { return t.signalGroup(s) })
}

// SignalLeader sends a signal to the leader alone. Its errors are Signal's.
func (g *Group) SignalLeader(sig os.Signal) error {
	return g.signal(sig, func(t *tree, s syscall.Signal) error { return t.signalLeader(s) })
}

func (g *Group) signal(sig os.Signal, send func(*tree, syscall.Signal) error) error {
	s, ok := sig.(syscall.Signal)
	if !ok {
		return fmt.Errorf("signal %s: %v: %w", g.name, sig, ErrUnsupported)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.gone:
		return os.ErrProcessDone
	case g.tree == nil:
		return errNotStarted
	}
	if err := send(g.tree, s); err != nil {
		return fmt.Errorf("signal %s: %w", g.name, err)
	}
	return nil
}

// Hold leaves the stop to the caller: it records the members of the tree now, and what outlives the leader is
// left alone until Kill. A stop that does not use [Group.Stop] begins with Hold: one that signals the leader
// alone, or runs a command.
func (g *Group) Hold() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.hold()
}

func (g *Group) hold() {
	g.held = true
	if g.tree != nil && !g.gone {
		g.tree.widen()
		g.tree.track()
	}
}

// Stop is Hold and a signal to the whole tree. If the signal is one that ends programs, stopped members are
// continued. A group that has not started yet never will. The caller waits for Done and calls Kill when it
// has waited long enough. Its error is [os.ErrProcessDone] when the tree is gone.
func (g *Group) Stop(sig os.Signal) error {
	s, ok := sig.(syscall.Signal)
	if !ok {
		return fmt.Errorf("stop %s: %v: %w", g.name, sig, ErrUnsupported)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.gone:
		return os.ErrProcessDone
	case g.tree == nil:
		g.cancelStart()
		return nil
	case g.killed:
		return nil
	}
	g.hold()
	if err := g.tree.end(s); err != nil {
		return fmt.Errorf("stop %s: %w", g.name, err)
	}
	return nil
}

// Kill ends the whole tree with SIGKILL, and repeats that until it is gone. It may be called at any time, any
// number of times, and returns at once; Done reports the end. What the kernel holds (a process in an
// uninterruptible wait) may take longer; Members lists it. An error means that the system refused, as it does
// when only processes of another user are left.
//
// Where the members can be listed they are stopped first, within milliseconds, so that they cannot fork out
// of the tree between the look and the signal.
func (g *Group) Kill() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.gone:
		return nil
	case g.tree == nil:
		g.cancelStart()
		return nil
	}
	g.held = true
	g.tree.widen()
	if err := g.kill(g.tree); err != nil {
		return fmt.Errorf("kill %s: %w", g.name, err)
	}
	return nil
}

// kill begins a kill, once. It is called under the mutex.
func (g *Group) kill(t *tree) error {
	err := t.signalGroup(0)
	if errors.Is(err, os.ErrProcessDone) {
		err = nil
	}
	if !g.killed {
		g.killed = true
		g.killer.Go(func() { g.carryOutKill(t) })
	}
	return err
}

// carryOutKill stops the tree, then kills it until it is gone.
func (g *Group) carryOutKill(t *tree) {
	g.freeze(t)
	for delay := pollMin; ; delay = min(2*delay, pollMax) {
		g.mu.Lock()
		if g.gone {
			g.mu.Unlock()
			return
		}
		if delay > pollMin {
			t.track() // remaining processes may have had children since
		}
		_ = t.kill() // Kill has reported the error
		g.mu.Unlock()
		select {
		case g.kick <- struct{}{}:
		default:
		}
		g.pause(delay)
	}
}

// freeze returns when the whole tree is stopped, or patience has passed.
func (g *Group) freeze(t *tree) {
	proctree.Halt(func(stuck bool) (fresh int, still, over bool) {
		procs, err := t.table() // not under the mutex: it takes milliseconds
		if err != nil {
			return 0, false, true
		}
		g.mu.Lock()
		defer g.mu.Unlock()
		if g.gone {
			return 0, false, true
		}
		fresh, still = t.freeze(procs, stuck)
		return fresh, still, false
	}, func() { g.pause(pollMin) })
}

// pause waits until d has passed or the group is over.
func (g *Group) pause(d time.Duration) {
	select {
	case <-g.over:
	case <-time.After(d):
	}
}

// cancelStart is called under the mutex.
func (g *Group) cancelStart() {
	select {
	case <-g.cancel:
	default:
		close(g.cancel)
	}
}
