package fspoll

import (
	"errors"
	"hash/maphash"
	"io/fs"
	"syscall"
	"time"
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

// seen is what is at a path, links followed.
type seen struct {
	kind     kind
	link     bool // the path is a symbolic link
	dev, ino uint64
	mtime    int64
	ctime    int64  // or mtime where there is none
	stamp    uint64 // of all attributes, those of the link too; never 0
}

// probe looks at a path.
func (s *scanner) probe(path string) (seen, error) {
	a, err := lstat(path)
	if err != nil {
		return seen{}, err
	}
	link := a.kind == symlink
	var own attributes
	if link {
		own = a
		if !s.leaf(path) {
			a, err = stat(path)
		}
		if isGone(err) || errors.Is(err, syscall.ELOOP) {
			a = own
		} else if err != nil {
			return seen{}, err
		}
	}
	found := seen{kind: a.kind, link: link, dev: a.dev, ino: a.ino, mtime: a.mtime, ctime: a.ctime}
	if a.ctime == 0 {
		found.ctime = a.mtime
	}
	if a.kind == directory {
		a.size = 0 // some systems count entries or blocks, and change it late
	}
	found.stamp = maphash.Comparable(s.seed, [2]attributes{own, a})
	if found.stamp == 0 {
		found.stamp = 1
	}
	return found, nil
}

// isGone says whether an error means that nothing is there. Any other one (permission, a server that does not
// answer) says nothing about the file, so that what is known of it stays.
func isGone(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

// grain is the time within which two writes may leave the same modification time: 2 s on FAT, 1 s on some
// network file systems, and a second for clocks that disagree.
const grain = 3 * time.Second

// isFresh says whether a write made now could still leave this modification time.
func (s *scanner) isFresh(mtime int64) bool {
	age := s.time().UnixNano() - mtime
	return age < int64(grain) && age > -int64(grain)
}
