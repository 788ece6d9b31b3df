//go:build linux || darwin || freebsd

package fspoll

import (
	"path/filepath"

	"golang.org/x/sys/unix"
)

// fileSystem is the file system that dir is on, or will be: that of the nearest existing directory.
func fileSystem(dir string) (there string, st unix.Statfs_t, ok bool) {
	for {
		err := retry(func() error { return unix.Statfs(dir, &st) })
		if err == nil {
			return dir, st, true
		}
		up := filepath.Dir(dir)
		if up == dir || !isGone(err) {
			return "", st, false
		}
		dir = up
	}
}
