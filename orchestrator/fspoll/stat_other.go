//go:build !(linux || darwin || freebsd || openbsd || netbsd || dragonfly)

package fspoll

import (
	"io/fs"
	"os"
)

func lstat(path string) (attributes, error) { return convert(os.Lstat(path)) }

func stat(path string) (attributes, error) { return convert(os.Stat(path)) }

// convert knows no inodes here: a link to a directory is still not followed within another one.
func convert(info fs.FileInfo, err error) (attributes, error) {
	if err != nil {
		return attributes{}, err
	}
	a := attributes{size: info.Size(), mtime: info.ModTime().UnixNano()}
	switch mode := info.Mode(); {
	case mode.IsRegular():
		a.kind = regular
	case mode.IsDir():
		a.kind = directory
	case mode&fs.ModeSymlink != 0:
		a.kind = symlink
	}
	if info.Mode()&0o111 != 0 {
		a.exec = 1
	}
	return a, nil
}
