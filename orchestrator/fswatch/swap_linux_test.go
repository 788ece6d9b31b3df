package fswatch

import "golang.org/x/sys/unix"

// swap exchanges two names in one step.
func swap(a, b string) error {
	return unix.Renameat2(unix.AT_FDCWD, a, unix.AT_FDCWD, b, unix.RENAME_EXCHANGE)
}

// replace is rename(2), which os.Rename does not let replace a directory.
func replace(from, to string) error { return unix.Rename(from, to) }
