//go:build linux || darwin || freebsd

package control

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// WaitGone returns when the loop with this pid no longer holds the
// configuration, or when ctx ends, with its error.
func WaitGone(ctx context.Context, config string, pid int) error {
	list, err := places(config)
	if err != nil {
		return err
	}
	// The kernel cannot wait for a flock(2) lock with a timeout.
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for {
		gone := true
		for _, p := range list {
			if who, held := p.held(config); held && (who.PID == pid || who.PID == 0) {
				gone = false
			}
		}
		if gone {
			who, held := heldAbstract(config)
			gone = !held || who.PID != pid
		}
		if gone {
			return nil
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (p place) log() string { return filepath.Join(p.dir, "log") }

// CreateLog creates the empty file that a loop in the background writes to, readable by its owner alone, and
// opened for appending. It is beside the control socket. The caller closes it; Claim.DropLog removes it.
func CreateLog(config string) (*os.File, error) {
	list, err := places(config)
	if err != nil {
		return nil, err
	}
	for try := 0; ; try++ {
		p, err := home(list)
		if err != nil {
			return nil, err
		}
		f, err := os.OpenFile(p.log(), os.O_CREATE|os.O_RDWR|os.O_APPEND|os.O_TRUNC|syscall.O_NOFOLLOW, 0o600)
		// A loop that is just ending removes the directory.
		if !errors.Is(err, fs.ErrNotExist) || try >= 100 {
			return f, err
		}
	}
}

// DropLog removes what CreateLog made, and the directory if nothing else is in
// it.
func DropLog(log *os.File) {
	_ = os.Remove(log.Name())
	_ = os.Remove(filepath.Dir(log.Name()))
}

// DropLog removes the log of a loop in the background. After a failure it is better kept.
func (c *Claim) DropLog() { _ = os.Remove(c.place.log()) }

// Running is the loop that runs for the configuration, nil if none does.
func Running(config string) *RunningError {
	list, err := places(config)
	if err != nil {
		return nil
	}
	for _, p := range list {
		if who, held := p.held(config); held {
			return who
		}
	}
	if who, held := heldAbstract(config); held {
		return who
	}
	return nil
}

// lastLog is the log of a loop in the background that ended badly, or "".
func lastLog(list []place) string {
	for _, p := range list {
		if p.check() != nil {
			continue
		}
		if info, err := os.Lstat(p.log()); err == nil && info.Mode().IsRegular() && info.Size() > 0 {
			return p.log()
		}
	}
	return ""
}
