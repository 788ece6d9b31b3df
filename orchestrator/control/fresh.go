//go:build linux || darwin || freebsd

package control

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"
)

// FreshFor is how long the files of a claim are safe from programs that delete old files.
const FreshFor = 30 * time.Minute

// Refresh makes the files of the claim look used, and makes them again if they were removed. Call it every
// FreshFor, never at the same time as Serve or Close.
func (c *Claim) Refresh() error {
	now := time.Now()
	for _, path := range []string{c.place.base, c.place.dir, c.place.lock(), c.place.socket(), c.place.log(), c.CrashRecord()} {
		_ = os.Chtimes(path, now, now) // not all of them are there
	}
	if c.place.current(c.file) {
		return nil
	}
	if err := c.again(); err != nil {
		return fmt.Errorf("make %s again: %w", c.place.dir, err)
	}
	return nil
}

// again makes the lock and the socket again.
func (c *Claim) again() error {
	if err := c.place.make(); err != nil {
		return err
	}
	f, err := os.OpenFile(c.place.lock(), os.O_CREATE|os.O_EXCL|os.O_RDWR|syscall.O_NOFOLLOW, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return errors.New("another loop has it")
	}
	if err != nil {
		return err
	}
	if err := flock(f, syscall.LOCK_EX); err != nil {
		_ = f.Close() // nothing was written
		return err
	}
	_ = c.file.Close() // of a file that is gone
	c.file = f
	if err := c.write(); err != nil || c.server == nil {
		return err
	}
	l, err := c.listen()
	if err == nil {
		c.server.serve(l)
	}
	return err
}
