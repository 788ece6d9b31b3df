package procgroup

import (
	"bytes"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// process is a line of /proc/PID/stat, see proc_pid_stat(5).
type process struct {
	pid     int
	state   byte
	parent  int
	group   int
	session int
	threads int
	start   uint64 // clock ticks from boot to its start
}

// dead says that the process has ended and waits for its parent to notice. A
// first thread that has ended before the others looks like a zombie, while they
// run on, with all that the process has open.
func (p process) dead() bool { return (p.state == 'Z' || p.state == 'X') && p.threads <= 1 }

// readProcesses lists every process that can be seen, but not those of sessions
// that are older than born: nobody enters a session later than by birth, so
// what started after born has begun one, or is a child of such. On a desktop
// this leaves a tenth to be read. The sessions that are older are added to
// older, and those in it are not looked at again; nil means neither. Session 0
// is older than everybody, and never listed: it is that of the kernel's threads,
// of a process 1 that never began one, and of leaders outside a pid namespace.
func readProcesses(born uint64, older map[int]bool) ([]process, error) {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	procs := make([]process, 0, len(names))
	if older == nil {
		older = make(map[int]bool)
	}
	younger := make(map[int]bool) // sessions
	for _, name := range names {
		if name[0] < '1' || name[0] > '9' {
			continue
		}
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		session, err := unix.Getsid(pid)
		if err != nil || session == 0 { // gone, or nobody's whom this process has started
			continue
		}
		if !older[session] && !younger[session] {
			leader, ok := readProcess(session)
			if ok && leader.start < born {
				older[session] = true
			} else {
				younger[session] = true
			}
		}
		if older[session] {
			continue
		}
		if p, ok := readProcess(pid); ok {
			procs = append(procs, p)
		}
	}
	return procs, nil
}

// readProcess is false when there is no such process. It reads with bare system
// calls: an os.File for each of a thousand processes would triple the cost.
func readProcess(pid int) (process, bool) {
	fd, err := unix.Open("/proc/"+strconv.Itoa(pid)+"/stat", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return process{}, false
	}
	defer unix.Close(fd)
	var buf [1024]byte
	n, err := unix.Read(fd, buf[:])
	if err != nil {
		return process{}, false
	}
	return parseStat(buf[:n])
}

// parseStat reads "PID (NAME) STATE PPID PGRP SESSION …"; NAME is the process's
// own choice, and may hold spaces and parentheses.
func parseStat(line []byte) (process, bool) {
	open, end := bytes.IndexByte(line, '('), bytes.LastIndexByte(line, ')')
	if open < 2 || end < open {
		return process{}, false
	}
	fields := bytes.Fields(line[end+1:])
	if len(fields) < 20 || len(fields[0]) != 1 {
		return process{}, false
	}
	p := process{state: fields[0][0]}
	var errs [6]error
	p.pid, errs[0] = strconv.Atoi(string(line[:open-1]))
	p.parent, errs[1] = strconv.Atoi(string(fields[1]))
	p.group, errs[2] = strconv.Atoi(string(fields[2]))
	p.session, errs[3] = strconv.Atoi(string(fields[3]))
	p.threads, errs[4] = strconv.Atoi(string(fields[17]))
	p.start, errs[5] = strconv.ParseUint(string(fields[19]), 10, 64)
	for _, err := range errs {
		if err != nil {
			return process{}, false
		}
	}
	return p, true
}

// environPart is how much of an environment is read at once.
const environPart = 16 << 10

// readMark reads the mark that a process was started with. It is not sure of
// one that has no environment at all: exec looks like that for a moment.
func readMark(pid int) (mark string, sure bool) {
	fd, err := unix.Open("/proc/"+strconv.Itoa(pid)+"/environ", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return "", true // gone, or another user's
	}
	defer unix.Close(fd)
	const key = MarkName + "="
	buf := make([]byte, 1, environPart) // begins with the end of nothing
	for {
		n, err := ignoringEINTR(func() (int, error) { return unix.Read(fd, buf[len(buf):cap(buf)]) })
		if n <= 0 || err != nil {
			break
		}
		sure = true
		buf = buf[:len(buf)+n]
		if len(buf) == cap(buf) {
			buf = append(make([]byte, 0, 2*cap(buf)), buf...)
		}
	}
	if at := bytes.Index(buf, []byte("\x00"+key)); at >= 0 {
		value, _, _ := bytes.Cut(buf[at+1+len(key):], []byte{0})
		mark = string(value)
	}
	return mark, sure
}
