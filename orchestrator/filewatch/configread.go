package filewatch

import (
	"time"

	"devloop/orchestrator/diskqueue"
)

// readQuiet is how long the files of the configuration must have been quiet before they are read again:
// editors write in more than one step.
const readQuiet = 50 * time.Millisecond

// reading is one reading of the configuration.
type reading struct {
	after []func()  // what waits for it
	again bool      // a file has changed meanwhile: it is read once more
	until time.Time // when the file system counts as hung; zero if it does
}

// hangs tells whether the file system has not answered for too long.
func (r *reading) hangs() bool { return r != nil && r.until.IsZero() }

// Broken is why the configuration could not be read the last time.
func (c *ConfigFiles) Broken() error {
	if c == nil {
		return nil
	}
	return c.broken
}

// Loaded records the result of a reading, and returns that of the one before.
func (c *ConfigFiles) Loaded(err error) (before error) {
	before, c.broken = c.broken, err
	if before == nil {
		c.since = time.Now()
	}
	return before
}

// Deadline is when the owner is to call Due, if at all.
func (c *ConfigFiles) Deadline() (at time.Time, ok bool) {
	if c == nil {
		return time.Time{}, false
	}
	if c.opt.Started() {
		at = c.due
	}
	if r := c.reading; r != nil && !r.hangs() && (at.IsZero() || r.until.Before(at)) {
		at = r.until
	}
	return at, !at.IsZero()
}

// Due reads the configuration again, if it is time, and gives up a reading that takes too long.
func (c *ConfigFiles) Due(now time.Time) {
	if c == nil {
		return
	}
	c.reloadDue(now)
	r := c.reading
	if r == nil || r.hangs() || r.until.After(now) {
		return
	}
	r.until = time.Time{}
	r.after, c.after = append(r.after, c.after...), nil
	c.opt.NoAnswer(c.paths)
	c.goOn(r)
}

// reloadDue reads the configuration again, if it is time and there is a current one.
func (c *ConfigFiles) reloadDue(now time.Time) {
	if !c.due.IsZero() && !c.due.After(now) && c.opt.Started() {
		c.reload()
	}
}

// reload reads the configuration again, except in a shut-down: running nodes end in the order of the old
// graph.
func (c *ConfigFiles) reload() {
	c.due = time.Time{}
	switch {
	case c.opt.Ending():
		return
	case c.reading != nil:
		c.reading.again = true
		return
	}
	r, unseen := &reading{after: c.after, until: time.Now().Add(diskqueue.Patience)}, c.unseen
	c.reading, c.after, c.began = r, nil, time.Now()
	c.opt.Go(func() {
		loaded := c.opt.Load()
		c.opt.post(func() {
			c.reading = nil
			if c.opt.Ending() {
				return
			}
			loaded(unseen)
			c.goOn(r)
			if r.again {
				c.reload()
			}
		})
	})
}

// goOn calls what waits for a reading.
func (c *ConfigFiles) goOn(r *reading) {
	after := r.after
	r.after = nil
	if !c.open { // it is read once more then
		c.after = append(after, c.after...)
		return
	}
	for _, then := range after {
		then()
	}
}

// seen has the configuration read again, if one of its files has changed, or may have changed while it was
// read.
func (c *ConfigFiles) seen(seen batch, changed, written bool) {
	if seen.lost || changed || len(seen.gone) > 0 || c.broken != nil && len(seen.files) > 0 {
		c.due, c.unseen = time.Now().Add(readQuiet), false
	} else if written && c.due.IsZero() {
		c.due, c.unseen = time.Now().Add(readQuiet), true
	}
	switch { // callers wait for what was written until now
	case c.reading.hangs(): // which is known to be wrong
		for _, then := range seen.passed {
			then()
		}
	case len(seen.passed) > 0 && !c.due.IsZero():
		c.after = append(c.after, seen.passed...)
		if c.opt.Started() { // else it is read at the start
			c.reload()
		}
	case c.reading != nil && c.reading.again:
		c.after = append(c.after, seen.passed...)
	case c.reading != nil:
		c.reading.after = append(c.reading.after, seen.passed...)
	default:
		for _, then := range seen.passed {
			then()
		}
	}
}
