package cas

import (
	"errors"
	"io"
	"sync/atomic"
	"time"
)

// patience is how long a disk may do nothing before it counts as hung.
const patience = 2 * time.Second

var errHung = errors.New("the disk does not answer")

// A disk may hang, as a file system in the network does when its server is gone.
type disk struct{ hung atomic.Int32 } // calls that were given up, and have not come back

// A call is work on a disk that is given up when it does not go on.
type call struct {
	steps   atomic.Int64
	outside atomic.Bool  // it waits for something else than the disk
	state   atomic.Int32 // running, until it is given up or may not be any more
}

const (
	running int32 = iota
	givenUp
	final
)

// step says that the work goes on.
func (c *call) step() { c.steps.Add(1) }

// finish is called before what must not happen after the call was given up.
func (c *call) finish() error {
	if !c.state.CompareAndSwap(running, final) {
		return errHung
	}
	return nil
}

// from is r, which is not the disk.
func (c *call) from(r io.Reader) io.Reader { return outsider{c, r} }

type outsider struct {
	c *call
	r io.Reader
}

func (o outsider) Read(p []byte) (int, error) {
	o.c.outside.Store(true)
	n, err := o.r.Read(p)
	o.c.step()
	o.c.outside.Store(false)
	return n, err
}

// ask calls work, and waits for it as long as it goes on. After a disk has hung, nothing is tried until it answers again.
func ask[T any](d *disk, work func(*call) (T, error)) (T, error) {
	type answer struct {
		got T
		err error
	}
	if d.hung.Load() > 0 {
		return answer{}.got, errHung
	}
	c := &call{}
	done := make(chan answer, 1)
	go func() {
		got, err := work(c)
		done <- answer{got, err}
	}()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for last := int64(0); ; {
		select {
		case a := <-done:
			return a.got, a.err
		case <-timer.C:
		}
		steps := c.steps.Load()
		if steps == last && !c.outside.Load() && c.state.CompareAndSwap(running, givenUp) {
			d.hung.Add(1)
			go func() {
				<-done
				d.hung.Add(-1)
			}()
			return answer{}.got, errHung
		}
		last = steps
		timer.Reset(patience)
	}
}

// do is ask for what has no answer.
func (d *disk) do(work func(*call) error) error {
	_, err := ask(d, func(c *call) (struct{}, error) { return struct{}{}, work(c) })
	return err
}
