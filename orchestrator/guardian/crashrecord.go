//go:build linux || darwin

package guardian

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"syscall"
	"time"

	"devloop/orchestrator/proctable"
)

// The crash record has a line for each fact, and ends with the line "end": what follows is left of a longer version. It
// is rewritten in place by one write, which kill -9 does not tear.
const (
	recordHead = "devloop crash record 1"
	recordSize = 1 << 20 // more is none of ours
)

// crashRecord is what the next start must know.
type crashRecord struct {
	mark  string
	owner int
	start uint64 // of the owner
	boot  string
	space string // the pid namespace
	grace time.Duration
	roots map[int]uint64
	dirs  map[string]bool // see Guardian.AddDirectory
}

func newCrashRecord(mark string, grace time.Duration) (*crashRecord, error) {
	self, ok := proctable.Read(os.Getpid())
	if !ok {
		return nil, errors.New("this process is not in the system's table")
	}
	return &crashRecord{mark: mark, owner: self.PID, start: self.Start, boot: bootID(), space: pidSpace(), grace: grace,
		roots: map[int]uint64{}, dirs: map[string]bool{}}, nil
}

func (l *crashRecord) text() []byte {
	t := []byte(recordHead + "\nmark " + l.mark + "\nowner " + pair(l.owner, l.start) + "\nboot " + l.boot + "\nspace " + l.space +
		"\ngrace " + strconv.FormatInt(l.grace.Milliseconds(), 10) + "\n")
	for _, pid := range l.pids() {
		t = append(t, "root "+pair(pid, l.roots[pid])+"\n"...)
	}
	for dir := range l.dirs {
		t = append(t, "dir "+dir+"\n"...)
	}
	return append(t, "end\n"...)
}

func (l *crashRecord) pids() []int {
	var pids []int
	for pid := range l.roots {
		pids = append(pids, pid)
	}
	slices.Sort(pids)
	return pids
}

func pair(pid int, start uint64) string {
	return strconv.Itoa(pid) + " " + strconv.FormatUint(start, 10)
}

// parsePair is false unless text is "PID START". It may be process 1: in a container that is the loop itself.
func parsePair(text string) (pid int, start uint64, ok bool) {
	first, second := cut(text, ' ')
	pid, err := strconv.Atoi(first)
	start, startErr := strconv.ParseUint(second, 10, 64)
	return pid, start, err == nil && startErr == nil && pid >= 1
}

// cut is strings.Cut without the package strings, see shim.
func cut(s string, sep byte) (before, after string) {
	for i := range len(s) {
		if s[i] == sep {
			return s[:i], s[i+1:]
		}
	}
	return s, ""
}

var errRecord = errors.New("it is not a crash record of devloop's")

// parseRecord reads what text wrote. It accepts only a whole crash record.
func parseRecord(text string) (*crashRecord, error) {
	head, rest := cut(text, '\n')
	if head != recordHead {
		return nil, errRecord
	}
	l := &crashRecord{roots: map[int]uint64{}, dirs: map[string]bool{}}
	seen := map[string]bool{}
	for rest != "" {
		var line string
		line, rest = cut(rest, '\n')
		key, value := cut(line, ' ')
		if seen[key] && key != "root" && key != "dir" {
			return nil, errRecord
		}
		seen[key] = true
		ok := value != ""
		switch key {
		case "mark":
			l.mark, ok = value, valid(value)
		case "owner":
			l.owner, l.start, ok = parsePair(value)
		case "boot":
			l.boot = value
		case "space":
			l.space = value
		case "grace":
			ms, err := strconv.ParseInt(value, 10, 64)
			ok = err == nil && ms >= 0 && ms <= MaxGrace.Milliseconds()
			l.grace = time.Duration(ms) * time.Millisecond
		case "root":
			var pid int
			var start uint64
			if pid, start, ok = parsePair(value); ok && pid > 1 {
				l.roots[pid] = start
			} else {
				ok = false // process 1 is never a child
			}
		case "dir":
			l.dirs[value], ok = true, ofALine(value)
		case "end":
			for _, needed := range []string{"mark", "owner", "boot", "space", "grace"} {
				if !seen[needed] {
					return nil, errRecord
				}
			}
			return l, nil
		}
		if !ok {
			return nil, errRecord
		}
	}
	return nil, errRecord
}

// create writes the crash record to path, replacing an older one, and leaves it open to be rewritten.
func (l *crashRecord) create(path string) (*os.File, error) {
	fresh := path + ".new"
	f, err := os.OpenFile(fresh, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	_, err = f.Write(l.text())
	if err == nil {
		err = f.Chmod(0o600) // an older file may have had another mode
	}
	if err == nil {
		err = os.Rename(fresh, path)
	}
	if err != nil {
		_ = f.Close() // nothing of it is used
		_ = os.Remove(fresh)
		return nil, err
	}
	return f, nil
}

// readRecord reads a crash record that only this user can have written: it names processes to kill.
func readRecord(path string) (*crashRecord, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	owner, ok := st.Sys().(*syscall.Stat_t)
	if !st.Mode().IsRegular() || st.Mode().Perm()&0o022 != 0 || !ok || int(owner.Uid) != os.Geteuid() || st.Size() > recordSize {
		return nil, errRecord
	}
	text := make([]byte, st.Size())
	for n := 0; n < len(text); {
		m, err := f.Read(text[n:])
		if err != nil {
			return nil, err
		}
		n += m
	}
	return parseRecord(string(text))
}

// ownerLives tells whether the process that made the crash record still runs, or may.
func (l *crashRecord) ownerLives() bool {
	if l.space != pidSpace() {
		return true // another pid namespace: its numbers mean nothing here
	}
	if l.boot != bootID() {
		return false
	}
	p, ok := proctable.Read(l.owner)
	return ok && p.Start == l.start && !p.Dead
}

// Sweep ends what is left of the loop that made the record, if that loop is dead, with the record's grace, and removes
// the loop's directories and the record. It returns the pids of the processes that it found, when they are gone.
// Without a record, or if the owner lives or is in another pid namespace, it does nothing. Its error is a
// [*survivorsError], with which the record stays for the next start, or that the file cannot be read or is not a crash
// record; then it has ended nothing.
//
// Call it before [Start] with the same path, with the lock of the configuration held.
func Sweep(path string) (ended []int, err error) {
	l, err := readRecord(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, &wrap{"read crash record " + path, err}
	case l.ownerLives():
		return nil, nil
	}
	removeDirectories(l.dirs)
	if l.boot == bootID() {
		ended, err = newKiller(l.mark, l.roots, l.start, false).run(l.grace, patience)
		if err != nil {
			return ended, &wrap{"sweep " + path, err}
		}
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return ended, &wrap{"remove crash record", err}
	}
	return ended, nil
}
