//go:build unix

package watching

import (
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// supported is nil where devbench can measure anything at all.
func supported() error { return nil }

// report is the command that every tool starts: SOCKET TAG HOLD. It says when
// it started, works for the time HOLD, and says that it ended. It goes through
// neither net nor the poller: nothing comes before the clock is read.
func report(args []string) error {
	start := now()
	if len(args) != 3 {
		return errors.New("usage: __report SOCKET TAG HOLD")
	}
	hold, err := time.ParseDuration(args[2])
	if err != nil {
		return err
	}
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM, 0)
	if err != nil {
		return fmt.Errorf("make socket: %w", err)
	}
	send := func(what string, at instant) error {
		text := fmt.Sprintf("%s %s %d %d", args[1], what, os.Getpid(), at)
		if err := unix.Sendto(fd, []byte(text), 0, &unix.SockaddrUnix{Name: args[0]}); err != nil {
			return fmt.Errorf("report %s: %w", what, err)
		}
		return nil
	}
	if err := send("start", start); err != nil {
		return err
	}
	<-time.After(hold)
	return send("end", now())
}
