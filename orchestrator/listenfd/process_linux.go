package listenfd

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"devloop/orchestrator/proctable"
)

// socketInodes are the sockets that a process has open. The error is fs.ErrNotExist if it has ended or is a
// zombie, and fs.ErrPermission if it is another user's.
func socketInodes(pid int) (map[uint64]bool, error) {
	dir := procDir(pid) + "/fd"
	entries, err := os.ReadDir(dir)
	if err != nil {
		if errors.Is(err, fs.ErrPermission) && isZombie(pid) {
			return nil, fs.ErrNotExist
		}
		return nil, err
	}
	inodes := make(map[uint64]bool)
	for _, entry := range entries {
		target, err := os.Readlink(dir + "/" + entry.Name())
		if err != nil {
			continue // closed meanwhile
		}
		if text, ok := strings.CutPrefix(target, "socket:["); ok {
			if inode, err := strconv.ParseUint(strings.TrimSuffix(text, "]"), 10, 64); err == nil {
				inodes[inode] = true
			}
		}
	}
	return inodes, nil
}

// holderOf finds the process that has a socket open; of several, the one that started first, as the others
// are its children.
func holderOf(inode uint64, uid int) Holder {
	var oldest proctable.Process
	procs, _ := proctable.List(0, nil) // without /proc nobody is found
	for _, p := range procs {
		if inodes, err := socketInodes(p.PID); err == nil && inodes[inode] && (oldest.PID == 0 || p.Start < oldest.Start) {
			oldest = p
		}
	}
	if oldest.PID == 0 {
		return Holder{UID: uid}
	}
	h := describe(oldest.PID)
	h.UID = uid
	return h
}

// describe is what is known of a process.
func describe(pid int) Holder {
	h := Holder{PID: pid, UID: -1}
	if raw, err := os.ReadFile(procDir(pid) + "/cmdline"); err == nil && len(raw) > 0 {
		words := strings.Split(strings.TrimRight(string(raw), "\x00"), "\x00")
		h.Name = filepath.Base(strings.TrimPrefix(words[0], "-")) // a login shell's is "-bash"
		h.Command = strings.Join(words, " ")
	} else if comm, err := os.ReadFile(procDir(pid) + "/comm"); err == nil {
		h.Name = strings.TrimSpace(string(comm))
	}
	h.Dir, _ = os.Readlink(procDir(pid) + "/cwd")
	return h
}

func isZombie(pid int) bool {
	p, ok := proctable.Read(pid)
	return !ok || p.Dead
}

func procDir(pid int) string { return "/proc/" + strconv.Itoa(pid) }
