//go:build unix

package schema

import (
	"fmt"
	"io/fs"
	"os"
	"slices"
	"syscall"
)

// otherOwner returns the owner of the file at path, or "" if it is this user. A symbolic link must be
// this user's too: its owner chose the file.
func otherOwner(path string, info fs.FileInfo) string {
	return strangeOwner(path, info, os.Getuid())
}

// strangeOwner returns the owner of the file at path, or "" if it is one who may choose what runs here:
// this user, or one of the given ones.
func strangeOwner(path string, info fs.FileInfo, trusted ...int) string {
	owner := func(info fs.FileInfo) string {
		st, ok := info.Sys().(*syscall.Stat_t)
		if !ok || int(st.Uid) == os.Getuid() || slices.Contains(trusted, int(st.Uid)) {
			return ""
		}
		return fmt.Sprintf("user %d", st.Uid)
	}
	if o := owner(info); o != "" {
		return o
	}
	if link, err := os.Lstat(path); err == nil {
		return owner(link)
	}
	return ""
}

// trustedOwners are the users whose files a configuration may use: its owner, and root. With all, anybody
// may write the configuration, and so choose its files.
func trustedOwners(config string) (trusted []int, all bool) {
	trusted = []int{0}
	if info, err := os.Stat(config); err == nil {
		all = anybodyWrites(info)
		if st, ok := info.Sys().(*syscall.Stat_t); ok {
			trusted = append(trusted, int(st.Uid))
		}
	}
	return trusted, all
}

// anybodyWrites tells whether every user of the machine may write a file.
func anybodyWrites(info fs.FileInfo) bool {
	_, real := info.Sys().(*syscall.Stat_t) // what is no file of this system has no users
	return real && info.Mode().IsRegular() && info.Mode().Perm()&0o002 != 0
}
