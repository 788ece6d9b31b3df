package fswatch

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// limited tells whether the error means that a limit was met, not that something is wrong with one directory.
func limited(err error) bool {
	return errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EMFILE) || errors.Is(err, unix.ENFILE) || errors.Is(err, unix.ENOMEM)
}

// watchRemedy says what to do about a failed watch (inotify_add_watch(2): ENOSPC is the limit of watches).
func watchRemedy(err error) string {
	switch {
	case errors.Is(err, unix.ENOSPC):
		return remedy("fs.inotify.max_user_watches", "user.max_inotify_watches", 524288)
	case errors.Is(err, unix.EMFILE), errors.Is(err, unix.ENFILE):
		return "too many files are open; raise the limit with `ulimit -n`"
	}
	return err.Error()
}

// instanceRemedy says what to do about a failed inotify_init1(2): EMFILE is either of two limits.
func instanceRemedy(error) string {
	return remedy("fs.inotify.max_user_instances", "user.max_inotify_instances", 512) + "; or too many files are open (`ulimit -n`)"
}

// remedy names a limit for all programs of a user, or that of the user namespace if it is the lower one.
func remedy(name, ofNamespace string, least int) string {
	now, err := sysctl(name)
	whose := "for all programs of a user together"
	if own, noOwn := sysctl(ofNamespace); noOwn == nil && (err != nil || own < now) {
		name, now, err = ofNamespace, own, nil
		whose = "for all programs of a user in this user namespace"
	}
	if err != nil {
		return fmt.Sprintf("%s is too low; try `sudo sysctl %s=%d`", name, name, least)
	}
	return fmt.Sprintf("%s is %d, %s; try `sudo sysctl %s=%d`", name, now, whose, name, max(least, 2*now))
}

func sysctl(name string) (int, error) {
	text, err := os.ReadFile("/proc/sys/" + strings.ReplaceAll(name, ".", "/"))
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(text)))
}

// fileLimit is how many files the process may have open, where each watched file takes one; 0: it takes none.
func fileLimit() int { return 0 }

// staleWatch tells whether the error is about a watch that the kernel has already dropped
// (inotify_rm_watch(2)).
func staleWatch(err error) bool { return errors.Is(err, unix.EINVAL) }
