package fspoll

import (
	"errors"
	"io/fs"
	"syscall"
)

// kind sorts what a path may lead to.
type kind uint8

const (
	other kind = iota // pipes, sockets, devices: never looked at
	regular
	directory
	symlink // one that leads nowhere
)

// attributes are what one system call tells of a path. They must be comparable, and change when the content does.
type attributes struct {
	kind         kind
	exec         uint8
	dev, ino     uint64
	size         int64
	mtime, ctime int64 // nanoseconds since 1970; ctime is 0 where there is none
}

// isGone says whether an error means that nothing is there. Any other one (permission, a server that does not
// answer) says nothing about the file, so that what is known of it stays.
func isGone(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}
