package runner

import (
	"context"
	"errors"
	"time"

	"devloop/orchestrator/procgroup"
)

const (
	// slowStart is how long a start may wait for a disk before people are told.
	slowStart = time.Second

	// stopsStart is how long a command that is told to end, and has not started, has until its start is given up.
	stopsStart = 2 * time.Second
)

// errNotStarted is the end of a stage that was told to end before it started.
var errNotStarted = errors.New("it was told to end before it started")

// errHangs is the end of a command whose start was given up.
var errHangs = errors.New("its start was given up: a file system does not respond")

// begin starts a command in a goroutine of its own, as that may have to wait for a disk. When it is given up, what
// comes of it later is killed.
func (o *owner) begin(start func() (*procgroup.Group, error), givenUp <-chan struct{}) (*procgroup.Group, error) {
	type result struct {
		group *procgroup.Group
		err   error
	}
	begun := make(chan result)
	o.onDisk(func() {
		group, err := start()
		select {
		case begun <- result{group, err}:
		case <-givenUp:
			if err == nil {
				_ = group.Kill() // nobody is left to hear of it
				<-group.Done()
			}
		}
	})
	select {
	case r := <-begun:
		return r.group, r.err
	case <-givenUp:
		return nil, errHangs
	}
}

// within does something that may have to wait for a disk, and does not wait for it any longer than the context.
func (o *owner) within(ctx context.Context, do func() error) error {
	done := make(chan error, 1)
	o.onDisk(func() { done <- do() })
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}
