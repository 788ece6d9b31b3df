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

// attributes are what one system call returns for a path. They must be comparable, and change when the content
// does.
type attributes struct {
	kind         kind
	exec         uint8
	dev, ino     uint64
	size         int64
	mtime, ctime int64 // nanoseconds since 1970; ctime is 0 where there is none
}

// isGone tells whether an error means that the path does not exist. Any other error (permission, a server that
// does not answer) says nothing about the file, so what is known of it stays.
func isGone(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}
