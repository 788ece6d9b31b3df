//go:build darwin || freebsd

package fspoll

import (
	"golang.org/x/sys/unix"
)

// mounts lists all mounts, kinds that need no polling as "".
func mounts() mountKinds {
	n, err := unix.Getfsstat(nil, unix.MNT_NOWAIT) // from the kernel's cache: a dead server is not asked
	if err != nil || n == 0 {
		return nil
	}
	table := make([]unix.Statfs_t, n)
	if n, err = unix.Getfsstat(table, unix.MNT_NOWAIT); err != nil {
		return nil
	}
	all := map[string]string{}
	for i := range table[:min(n, len(table))] {
		all[unix.ByteSliceToString(table[i].Mntonname[:])] = typeName(&table[i])
	}
	return all
}
