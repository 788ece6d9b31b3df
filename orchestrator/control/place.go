//go:build linux || darwin || freebsd

package control

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"syscall"
)

// longest is how many bytes the path of a socket may have: sun_path holds 104
// on macOS and FreeBSD and 108 on Linux, with a zero at the end.
const longest = 100

// place is where the files of one configuration are.
type place struct {
	base string // made if missing
	dir  string // base/<hash of the configuration's path>
}

func (p place) socket() string { return filepath.Join(p.dir, "sock") }
func (p place) lock() string   { return filepath.Join(p.dir, "lock") }

// places lists where a loop of the configuration may be found, the place for a new one first. A desktop
// terminal, a cron job and a shell behind su have different values of XDG_RUNTIME_DIR, so the others are
// tried as well.
func places(config string) ([]place, error) {
	name, err := nameOf(config)
	if err != nil {
		return nil, err
	}
	uid := strconv.Itoa(os.Getuid())
	var list []place
	add := func(base string) {
		p := place{base, filepath.Join(base, name)}
		if len(p.socket()) > longest {
			base = "/tmp/devloop-" + uid
			p = place{base, filepath.Join(base, name)}
		}
		if !slices.Contains(list, p) {
			list = append(list, p)
		}
	}
	if base := os.Getenv("DEVLOOP_RUNTIME_DIR"); base != "" {
		if base, err = filepath.Abs(base); err != nil {
			return nil, fmt.Errorf("find DEVLOOP_RUNTIME_DIR: %w", err)
		}
		add(base)
		return list, nil
	}
	if base := os.Getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(base) && private(base) == nil {
		add(filepath.Join(base, "devloop"))
	}
	// What XDG_RUNTIME_DIR is where systemd's logind sets it.
	if base := "/run/user/" + uid; runtime.GOOS == "linux" && private(base) == nil {
		add(filepath.Join(base, "devloop"))
	}
	add("/tmp/devloop-" + uid) // independent of TMPDIR
	add(filepath.Join(os.TempDir(), "devloop-"+uid))
	return list, nil
}

// home is the first of the places that can be made, for a new loop.
func home(list []place) (place, error) {
	var first error
	for _, p := range list {
		err := p.make()
		if err == nil || errors.Is(err, fs.ErrNotExist) { // a loop that is just ending removes it
			return p, nil
		}
		if first == nil {
			first = err
		}
	}
	return list[0], first
}

// nameOf identifies a configuration: the directory of the project and the name of the file as given. If the
// file is a link that changes, the project stays the same.
func nameOf(config string) (string, error) {
	file, err := filepath.Abs(config)
	if err != nil {
		return "", fmt.Errorf("find %s: %w", config, err)
	}
	if dir, err := filepath.EvalSymlinks(filepath.Dir(file)); err == nil {
		file = filepath.Join(dir, filepath.Base(file))
	}
	if base := os.Getenv("DEVLOOP_RUNTIME_DIR"); base != "" { // loops of their own
		if base, err = filepath.Abs(base); err != nil {
			return "", fmt.Errorf("find DEVLOOP_RUNTIME_DIR: %w", err)
		}
		file = base + "\x00" + file
	}
	sum := sha256.Sum256([]byte(file))
	return hex.EncodeToString(sum[:8]), nil
}

// history is where cycles of the configuration are kept when no loop runs; "" if there is no place for them.
func history(config string) string {
	name, err := nameOf(config)
	home, own := os.Getenv("XDG_STATE_HOME"), os.Getenv("DEVLOOP_RUNTIME_DIR")
	switch user, _ := os.UserHomeDir(); {
	case err != nil:
		return ""
	case filepath.IsAbs(home):
		return filepath.Join(home, "devloop", name)
	case filepath.IsAbs(own):
		return filepath.Join(own, "history", name)
	case filepath.IsAbs(user):
		return filepath.Join(user, ".local", "state", "devloop", name)
	}
	return ""
}

// make makes the directories, and refuses those that another user may have made.
func (p place) make() error {
	for _, dir := range []string{p.base, p.dir} {
		err := os.Mkdir(dir, 0o700)
		if err != nil && !errors.Is(err, fs.ErrExist) {
			if !errors.Is(err, fs.ErrNotExist) || dir != p.base {
				return err
			}
			if err := os.MkdirAll(dir, 0o700); err != nil {
				return err
			}
		}
		if err := private(dir); err != nil {
			return err
		}
	}
	return os.Chmod(p.dir, 0o700)
}

// check tells whether the place can be trusted. A missing one is fs.ErrNotExist.
func (p place) check() error {
	if err := private(p.base); err != nil {
		return err
	}
	return private(p.dir)
}

// private tells whether the directory belongs to this user, and no other user can put files into it.
func private(dir string) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	owner := info.Sys().(*syscall.Stat_t).Uid
	switch {
	case !info.IsDir():
		return fmt.Errorf("%s is no directory", dir)
	case int(owner) != os.Getuid():
		return fmt.Errorf("%s belongs to uid %d", dir, owner)
	case info.Mode().Perm()&0o022 != 0:
		return fmt.Errorf("others may write in %s (mode %04o)", dir, info.Mode().Perm())
	}
	return nil
}
