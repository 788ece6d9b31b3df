//go:build unix

package schema

import (
	"fmt"
	"io/fs"
	"os"
	"slices"
	"syscall"
)

// foreignOwner returns whom the file at path belongs to, or "" if it is ours. A
// symbolic link must be ours too: whoever made it chose the file.
func foreignOwner(path string, info fs.FileInfo) string {
	return strangeOwner(path, info, os.Getuid())
}

// strangeOwner returns whom the file at path belongs to, or "" if it is one of
// those who may choose what runs here: us, or one of the given users.
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

// trustedOwners are the users whose files a configuration may lead to: the one
// whose the configuration is, and root, who can do anything anyway. With all,
// anybody may write the configuration, and so choose what it leads to.
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
