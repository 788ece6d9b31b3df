package fswatch

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// limited says whether the error means that a limit was met, not that something is wrong with one directory.
func limited(err error) bool {
	return errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EMFILE) || errors.Is(err, unix.ENFILE) || errors.Is(err, unix.ENOMEM)
}

// watchRemedy tells what to do about a failed watch (inotify_add_watch(2): ENOSPC is the limit of watches).
func watchRemedy(err error) string {
	switch {
	case errors.Is(err, unix.ENOSPC):
		return sysctl("fs.inotify.max_user_watches", 524288)
	case errors.Is(err, unix.EMFILE), errors.Is(err, unix.ENFILE):
		return "too many files are open; raise the limit with `ulimit -n`"
	}
	return err.Error()
}

// instanceRemedy tells what to do about a failed inotify_init1(2): EMFILE is either of two limits.
func instanceRemedy(error) string {
	return sysctl("fs.inotify.max_user_instances", 512) + "; or too many files are open (`ulimit -n`)"
}

func sysctl(name string, least int) string {
	text, _ := os.ReadFile("/proc/sys/" + strings.ReplaceAll(name, ".", "/"))
	now, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return fmt.Sprintf("%s is too low; try `sudo sysctl %s=%d`", name, name, least)
	}
	return fmt.Sprintf("%s is %d, for all programs of a user together; try `sudo sysctl %s=%d`", name, now, name, max(least, 2*now))
}

// fileLimit is how many files the process may have open, where each watched file takes one; 0: it takes none.
func fileLimit() int { return 0 }

// staleWatch says whether the error is about a watch that the kernel has dropped already (inotify_rm_watch(2)).
func staleWatch(err error) bool { return errors.Is(err, unix.EINVAL) }
