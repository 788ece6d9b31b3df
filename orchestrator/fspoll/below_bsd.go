//go:build darwin || freebsd

package fspoll

import (
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// mountsBelow lists what is mounted below a directory whose path has no links.
func mountsBelow(dir string) map[string]string {
	n, err := unix.Getfsstat(nil, unix.MNT_NOWAIT) // what is known already: a server that is gone is not asked
	if err != nil || n == 0 {
		return nil
	}
	all := make([]unix.Statfs_t, n)
	if n, err = unix.Getfsstat(all, unix.MNT_NOWAIT); err != nil {
		return nil
	}
	below := map[string]string{}
	for i := range all[:min(n, len(all))] {
		at := unix.ByteSliceToString(all[i].Mntonname[:])
		if rel, err := filepath.Rel(dir, at); err == nil && rel != "." && filepath.IsLocal(rel) {
			below[at] = remote[strings.TrimRight(unix.ByteSliceToString(all[i].Fstypename[:]), "\x00")]
		}
	}
	return below
}
