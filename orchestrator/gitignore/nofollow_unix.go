//go:build unix

package gitignore

import "syscall"

// openFlags: git does not read a .gitignore that is a symbolic link (since 2.32), and a pipe must not block us.
const openFlags = syscall.O_NOFOLLOW | syscall.O_NONBLOCK
