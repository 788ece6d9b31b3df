package procgroup

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Limits on the processes and descriptors to look at: speed matters more than completeness, since a writer
// may end a millisecond later.
const (
	mostWriters     = 256
	mostDescriptors = 1024
)

// Writes tells whether the command, or a child of it, has the file open for writing right now; path has no
// symbolic links in it. It is also false if the writer has ended already, or belongs to another user.
func (g *Group) Writes(path string) bool {
	pid := g.PID()
	if pid == 0 {
		return false
	}
	family := []int{pid}
	for i := 0; i < len(family) && i < mostWriters; i++ {
		if opensForWriting(family[i], path) {
			return true
		}
		family = append(family, childrenOf(family[i])...)
	}
	return false
}

// childrenOf lists the children of a process, as the kernel tells.
func childrenOf(pid int) (children []int) {
	tasks, err := filepath.Glob("/proc/" + strconv.Itoa(pid) + "/task/*/children")
	if err != nil {
		return nil
	}
	for _, task := range tasks {
		text, err := os.ReadFile(task)
		if err != nil {
			continue // the thread has ended
		}
		for field := range strings.FieldsSeq(string(text)) {
			if child, err := strconv.Atoi(field); err == nil {
				children = append(children, child)
			}
		}
	}
	return children
}

func opensForWriting(pid int, path string) bool {
	dir, err := os.Open("/proc/" + strconv.Itoa(pid) + "/fd")
	if err != nil {
		return false
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(mostDescriptors) // what was read counts
	for _, name := range names {
		link := dir.Name() + "/" + name
		if target, err := os.Readlink(link); err != nil || target != path {
			continue
		}
		// The link's own mode tells how the file was opened.
		if info, err := os.Lstat(link); err == nil && info.Mode().Perm()&0o200 != 0 {
			return true
		}
	}
	return false
}
