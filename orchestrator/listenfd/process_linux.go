package listenfd

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// socketInodes are the sockets that a process has open. The error is fs.ErrNotExist when it is gone or a zombie, and
// fs.ErrPermission when it is another user's.
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

// holderOf finds the process that has a socket open; of several, the one that started first, the others being its
// children.
func holderOf(inode uint64, uid int) Holder {
	oldest, found := uint64(math.MaxUint64), 0
	entries, _ := os.ReadDir("/proc")
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		if inodes, err := socketInodes(pid); err == nil && inodes[inode] {
			if started := startTime(pid); started < oldest {
				oldest, found = started, pid
			}
		}
	}
	if found == 0 {
		return Holder{UID: uid}
	}
	h := describe(found)
	h.UID = uid
	return h
}

// describe says what is known of a process.
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

// statFields are the fields of /proc/PID/stat from the third on; the second, the name, may contain anything.
func statFields(pid int) []string {
	raw, err := os.ReadFile(procDir(pid) + "/stat")
	if err != nil {
		return nil
	}
	text := string(raw)
	return strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
}

// startTime is field 22 of proc_pid_stat(5), in ticks since boot.
func startTime(pid int) uint64 {
	if f := statFields(pid); len(f) > 19 {
		if t, err := strconv.ParseUint(f[19], 10, 64); err == nil {
			return t
		}
	}
	return math.MaxUint64 - 1
}

func isZombie(pid int) bool {
	f := statFields(pid)
	return len(f) == 0 || f[0] == "Z" || f[0] == "X"
}

func procDir(pid int) string { return "/proc/" + strconv.Itoa(pid) }
