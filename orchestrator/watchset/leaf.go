package watchset

import (
	"os"
	"path/filepath"
	"strings"
)

// Leaf tells whether a real path lies where the system shows its own state as
// files: in /proc, /sys or /dev, but for /dev/shm, which is a place for files
// like any other. A link that leads there stands for itself; nothing behind it
// is watched, learned or told of.
func Leaf(real string) bool {
	real = filepath.ToSlash(real)
	for _, top := range []string{"/proc", "/sys", "/dev"} {
		if real == top || strings.HasPrefix(real, top+"/") {
			return real != "/dev/shm" && !strings.HasPrefix(real, "/dev/shm/")
		}
	}
	return false
}

// maxHops bounds how many symbolic links a path may go through, as the kernel does.
const maxHops = 40

// LeafLink tells whether the symbolic link leads to a leaf, through other links
// or not. It reads links, and never looks at what they lead to: in /proc there
// may be as many answers as there are processes. A path that is no link is none.
func LeafLink(link string) bool {
	for range maxHops {
		target, err := os.Readlink(link)
		if err != nil {
			return false // the link before has led here
		}
		if !filepath.IsAbs(target) {
			target = filepath.Join(filepath.Dir(link), target)
		}
		if link = filepath.Clean(target); Leaf(link) {
			return true
		}
		if dir, err := filepath.EvalSymlinks(filepath.Dir(link)); err == nil {
			if link = filepath.Join(dir, filepath.Base(link)); Leaf(link) {
				return true
			}
		}
	}
	return false
}

// Reaches tells whether the watching that begins at the roots comes to a path,
// and if not, what is in the way: a symbolic link that is not followed. It looks
// at the links on the disk alone, by the rules that fswatch and fspoll follow;
// whether the nodes want what is there is Judge's and JudgeBelow's question.
func (s *Set) Reaches(path string) (shut string, ok bool) {
	for _, root := range s.Roots() {
		rest, below := strings.CutPrefix(path, root)
		switch {
		case rest == "":
			return "", true
		case !below || !os.IsPathSeparator(rest[0]) && !os.IsPathSeparator(root[len(root)-1]):
			continue
		}
		at, within := root, false
		if LeafLink(root) {
			shut = root
			continue
		}
		blocked := ""
		for _, name := range strings.Split(strings.Trim(rest, string(filepath.Separator)), string(filepath.Separator)) {
			at = filepath.Join(at, name)
			isDir := isDirLink(at)
			if isDir && !enters(at, within) || !isDir && at != path && LeafLink(at) {
				blocked = at
				break
			}
			within = within || isDir
		}
		if blocked == "" {
			return "", true
		}
		shut = blocked
	}
	return shut, shut == ""
}

// isDirLink tells whether the path is a symbolic link that leads to a directory,
// and is no leaf.
func isDirLink(path string) bool {
	info, err := os.Lstat(path)
	if err != nil || info.Mode()&os.ModeSymlink == 0 || LeafLink(path) {
		return false
	}
	info, err = os.Stat(path)
	return err == nil && info.IsDir()
}

// enters tells whether a symbolic link to a directory is entered: not within
// another one, and not to a directory that it is in itself.
func enters(link string, within bool) bool {
	if within {
		return false
	}
	in, err := filepath.EvalSymlinks(filepath.Dir(link))
	if err != nil {
		return false
	}
	target, err := filepath.EvalSymlinks(link)
	return err == nil && in != target && !strings.HasPrefix(in+string(filepath.Separator), strings.TrimSuffix(target, string(filepath.Separator))+string(filepath.Separator))
}
