//go:build linux || darwin || freebsd

package control

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// Claim is the right to be the loop of a configuration. The kernel releases it when the process ends, however
// it ends.
type Claim struct {
	place place
	file  *os.File
	owner owner

	abstract *net.UnixListener // nil where there is none
	server   *Server           // nil until Serve
}

// owner is the content of the lock file: its holder.
type owner struct {
	PID    int       `json:"pid"`
	Since  time.Time `json:"since"`
	Config string    `json:"config"`
}

// Acquire claims the configuration file for this process. It is a *RunningError if another loop has it. Any
// other error means that there can be no control socket, and that it is unknown whether another loop runs.
// The caller closes the claim, after everything else.
func Acquire(config string) (*Claim, error) {
	list, err := places(config)
	if err != nil {
		return nil, err
	}
	for _, p := range list {
		if who, held := p.held(config); held {
			return nil, who
		}
	}
	named, err := claimAbstract(config)
	var running *RunningError
	if errors.As(err, &running) {
		return nil, running
	}
	p, err := home(list)
	var c *Claim
	if err == nil {
		c, err = p.acquire(config)
	}
	switch {
	case err == nil:
		c.abstract = named
		return c, nil
	case named != nil:
		_ = named.Close() // it was not announced
	}
	if !errors.As(err, &running) {
		err = fmt.Errorf("lock %s: %w", p.dir, err)
	}
	return nil, err
}

func (p place) acquire(config string) (*Claim, error) {
	// The holder removes the directory when it ends, perhaps right now.
	const tries = 100
	for range tries {
		err := p.make()
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		f, err := os.OpenFile(p.lock(), os.O_CREATE|os.O_RDWR|syscall.O_NOFOLLOW, 0o600)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if err := flock(f, syscall.LOCK_EX); err != nil {
			who := running(f, config)
			f.Close()
			if errors.Is(err, syscall.EWOULDBLOCK) {
				return nil, who
			}
			return nil, err
		}
		if !p.current(f) {
			f.Close() // locked, but its holder has removed it meanwhile
			continue
		}
		abs, _ := filepath.Abs(config) // places has found it
		c := &Claim{place: p, file: f, owner: owner{os.Getpid(), time.Now(), abs}}
		if err := c.write(); err != nil {
			f.Close()
			return nil, err
		}
		return c, nil
	}
	return nil, errors.New("it disappears again and again")
}

// write writes the holder into the lock file.
func (c *Claim) write() error {
	text, err := json.Marshal(c.owner)
	if err != nil {
		return err
	}
	if err := c.file.Truncate(0); err != nil {
		return err
	}
	_, err = c.file.WriteAt(append(text, '\n'), 0)
	return err
}

// Since is when the claim was made.
func (c *Claim) Since() time.Time { return c.owner.Since }

// Config is the absolute path of the configuration file.
func (c *Claim) Config() string { return c.owner.Config }

// History is the file for what loops of the configuration keep of their cycles; "" if there is no place for it.
func (c *Claim) History() string { return history(c.owner.Config) }

// Key is the file for the key of the configuration's dashboard, beside History; "" if there is no place for it.
func (c *Claim) Key() string {
	if file := c.History(); file != "" {
		return file + ".key"
	}
	return ""
}

// Close releases the claim and leaves nothing behind.
func (c *Claim) Close() error {
	// Removed before it is unlocked: a process that has opened it meanwhile finds, once it has locked it,
	// that the file no longer exists.
	err := os.Remove(c.place.lock())
	_ = os.Remove(c.place.dir) // unless something else is in it
	if errors.Is(err, fs.ErrNotExist) {
		err = nil // somebody has cleaned up
	}
	if c.abstract != nil {
		err = errors.Join(err, c.abstract.Close())
	}
	return errors.Join(err, c.file.Close())
}

// held tells whether a loop holds the place, and which.
func (p place) held(config string) (*RunningError, bool) {
	if p.check() != nil {
		return nil, false
	}
	f, err := os.OpenFile(p.lock(), os.O_RDWR|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return nil, false
	}
	defer f.Close()
	// Shared, so that two clients that only ask do not take each other for a loop.
	if err := flock(f, syscall.LOCK_SH); !errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, false
	}
	return running(f, config), true
}

// current tells whether the path still names the open file.
func (p place) current(f *os.File) bool {
	opened, err := f.Stat()
	if err != nil {
		return false
	}
	named, err := os.Lstat(p.lock())
	return err == nil && os.SameFile(opened, named)
}

// running reads who holds the lock.
func running(f *os.File, config string) *RunningError {
	e := &RunningError{Config: config}
	text, err := io.ReadAll(io.NewSectionReader(f, 0, 1<<16))
	var o owner
	if err == nil && json.Unmarshal(text, &o) == nil {
		e.PID, e.Since = o.PID, o.Since
	}
	return e
}

// flock tries to lock. A lock that is held for a moment is waited for: by a client that asks whether a loop
// runs, or by a child of a loop that was killed between fork and exec, since flock(2) locks belong to the
// open file. The kernel has no wait with a timeout.
func flock(f *os.File, how int) error {
	const looks, pause = 10, 5 * time.Millisecond
	for look := 1; ; look++ {
		err := syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB)
		switch {
		case errors.Is(err, syscall.EINTR):
		case errors.Is(err, syscall.EWOULDBLOCK) && how == syscall.LOCK_EX && look < looks:
			time.Sleep(pause)
		default:
			return err
		}
	}
}
