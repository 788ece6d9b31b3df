package proctable

import (
	"os"
	"runtime"
	"strconv"
	"syscall"
	"unsafe"
)

// List lists the processes that can be seen, kernel threads left out, and those of sessions that began before since: nobody
// enters a session later than by birth, so what started after that has begun a session, or is a child of such. On a desktop
// this leaves a tenth to be read. Session 0 is also that of process 1, where that one never began another, and of whatever
// it starts: it is always read. known may be nil.
func List(since uint64, known *Sessions) ([]Process, error) {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return nil, err
	}
	older := known.fresh()
	younger := map[int]bool{0: true} // sessions
	var procs []Process
	for _, name := range names {
		if name[0] < '1' || name[0] > '9' {
			continue
		}
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		if since > 0 {
			session, _, gone := syscall.RawSyscall(syscall.SYS_GETSID, uintptr(pid), 0, 0)
			if gone != 0 {
				continue
			}
			id := int(session)
			if !older[id] && !younger[id] {
				if leader, ok := Read(id); ok && leader.Start < since {
					older[id] = true
				} else {
					younger[id] = true
				}
			}
			if older[id] {
				continue
			}
		}
		if p, ok := Read(pid); ok && !p.Kernel {
			procs = append(procs, p)
		}
	}
	return procs, nil
}

// Read is false when there is no such process.
func Read(pid int) (Process, bool) {
	var buf [1024]byte
	n := readSome("/proc/"+strconv.Itoa(pid)+"/stat", buf[:])
	return parseStat(buf[:n])
}

// readSome reads the beginning of a file with bare system calls, which cost a third of what an os.File does.
func readSome(path string, buf []byte) int {
	fd, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return 0
	}
	defer closeDescriptor(fd)
	n, err := syscall.Read(fd, buf)
	if err != nil {
		return 0
	}
	return n
}

func closeDescriptor(fd int) { // only ever read from
	_, _, _ = syscall.RawSyscall(syscall.SYS_CLOSE, uintptr(fd), 0, 0)
}

// Fields of proc_pid_stat(5), counted from STATE, which is 0.
const (
	fieldFlags   = 6
	fieldThreads = 17
	fieldStart   = 19
	fieldEnd     = 48 // where in its memory its environment ends; for those who may read that

	// flagKernel marks a thread of the kernel's (PF_KTHREAD in linux/sched.h). Session 0 does not: it is also that of process
	// 1, where that one never began another, and of whatever it starts.
	flagKernel = 0x00200000
)

// parseStat reads "PID (NAME) STATE PPID PGRP SESSION …", see proc_pid_stat(5). NAME is the process's own choice, and may
// hold spaces and parentheses.
func parseStat(line []byte) (Process, bool) {
	open, end := -1, -1
	for i, c := range line {
		if c == '(' && open < 0 {
			open = i
		}
		if c == ')' {
			end = i
		}
	}
	if open < 2 || end < open {
		return Process{}, false
	}
	var fields [fieldEnd + 1][]byte // from STATE on
	n := 0
	for i := end + 1; i < len(line) && n < len(fields); {
		if line[i] == ' ' || line[i] == '\n' {
			i++
			continue
		}
		from := i
		for i < len(line) && line[i] != ' ' && line[i] != '\n' {
			i++
		}
		fields[n] = line[from:i]
		n++
	}
	if n <= fieldStart || len(fields[0]) != 1 {
		return Process{}, false
	}
	var p Process
	var threads, flags int
	whole := true
	for _, f := range []struct {
		into *int
		text []byte
	}{{&p.PID, line[:open-1]}, {&p.Parent, fields[1]}, {&p.Group, fields[2]}, {&p.Session, fields[3]}, {&p.Foreground, fields[5]},
		{&flags, fields[fieldFlags]}, {&threads, fields[fieldThreads]}} {
		var err error
		*f.into, err = strconv.Atoi(string(f.text))
		whole = whole && err == nil
	}
	start, err := strconv.ParseUint(string(fields[fieldStart]), 10, 64)
	if !whole || err != nil || p.PID <= 0 {
		return Process{}, false
	}
	state := fields[0][0]
	p.Start = start
	// A first thread that has ended before the others looks like a zombie, while they run on.
	p.Dead = (state == 'Z' || state == 'X') && threads <= 1
	p.Stopped = state == 'T'
	p.Stuck = state == 'D'
	p.Kernel = flags&flagKernel != 0
	p.Begun = len(fields[fieldEnd]) > 0 && string(fields[fieldEnd]) != "0"
	return p, true
}

// Children lists the children of a process's first thread. To it, as long as it lives, the kernel hands the orphans that
// come to the process (find_alive_thread in kernel/exit.c); what other threads have started may be missing. It costs a
// few system calls, however many processes there are. A child that is collected meanwhile can hide the one after it. It is
// an [ErrUnsupported] where the kernel was built without such lists (CONFIG_PROC_CHILDREN).
func Children(pid int) ([]int, error) {
	return childrenOf("/proc/"+strconv.Itoa(pid)+"/task/"+strconv.Itoa(pid)+"/children", nil)
}

// Descend adds to processes all who descend from them. It costs some system calls for each of their threads, however many
// other processes there are. Who is handed to another parent meanwhile may be missing.
func Descend(procs []Process) []Process {
	seen := map[int]bool{}
	for _, p := range procs {
		seen[p.PID] = true
	}
	var pids []int
	for i := 0; i < len(procs); i++ {
		if procs[i].Dead {
			continue
		}
		pids = allChildren(procs[i].PID, pids[:0])
		for _, pid := range pids {
			if p, ok := Read(pid); ok && !seen[pid] {
				seen[pid] = true
				procs = append(procs, p)
			}
		}
	}
	return procs
}

// allChildren adds the children of all threads of a process to pids; a process that is gone has none.
func allChildren(pid int, pids []int) []int {
	tasks := "/proc/" + strconv.Itoa(pid) + "/task/"
	dir, err := os.Open(tasks)
	if err != nil {
		return pids
	}
	defer dir.Close()
	threads, _ := dir.Readdirnames(-1) // what was read counts
	for _, thread := range threads {
		if more, err := childrenOf(tasks+thread+"/children", pids); err == nil { // else it has ended
			pids = more
		}
	}
	return pids
}

func childrenOf(path string, pids []int) ([]int, error) {
	fd, err := rawOpen(path)
	if err != nil {
		return pids, ErrUnsupported
	}
	defer closeDescriptor(fd)
	var buf [2048]byte
	pid := 0
	for {
		n := rawRead(fd, buf[:])
		if n <= 0 { // each number is followed by a space
			return pids, nil
		}
		for _, c := range buf[:n] {
			switch {
			case c >= '0' && c <= '9':
				pid = 10*pid + int(c-'0')
			case pid > 0:
				pids = append(pids, pid)
				pid = 0
			}
		}
		if n < len(buf)/2 { // all of it: the kernel fills the buffer, but for a last number
			return pids, nil
		}
	}
}

// rawOpen and rawRead do not tell Go's scheduler of the call, which would wake a thread that watches over it: for files that
// the kernel makes up at once, in a process that is otherwise idle.
func rawOpen(path string) (int, error) {
	name, err := syscall.BytePtrFromString(path)
	if err != nil {
		return 0, err
	}
	const here = -100 // AT_FDCWD in linux/fcntl.h
	dir := here
	//nolint:gosec // the system's call takes a pointer
	fd, _, e := syscall.RawSyscall6(syscall.SYS_OPENAT, uintptr(dir), uintptr(unsafe.Pointer(name)), syscall.O_RDONLY|syscall.O_CLOEXEC, 0, 0, 0)
	if e != 0 {
		return 0, e
	}
	return int(fd), nil
}

func rawRead(fd int, buf []byte) int {
	//nolint:gosec // the system's call takes a pointer
	n, _, e := syscall.RawSyscall(syscall.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(&buf[0])), uintptr(len(buf)))
	if e != 0 {
		return 0
	}
	return int(n)
}

// Environ is the environment that a process was started with: strings that end in a zero byte each. It is empty when
// there is none, and when it belongs to another user. It is false in the middle of an exec: then it is not known yet. The
// start of a command returns before its exec is over, as that closes the descriptors first.
func Environ(pid int) ([]byte, bool) {
	for range 2 { // an exec may end between the look at the environment and the look at the process
		text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/environ")
		if err != nil || len(text) > 0 {
			return text, true
		}
		p, ok := Read(pid)
		if ok && !p.Dead && !p.Kernel && !p.Begun {
			return nil, false
		}
	}
	return nil, true
}

// Outputs are the inodes of the pipes that a process has as its standard output and error, see proc_pid_fd(5).
func Outputs(pid int) (pipes []string) {
	for _, fd := range [...]string{"1", "2"} {
		var buf [64]byte
		n, err := syscall.Readlink("/proc/"+strconv.Itoa(pid)+"/fd/"+fd, buf[:])
		if err != nil {
			continue
		}
		const kind = "pipe:["
		if n > len(kind) && string(buf[:len(kind)]) == kind {
			pipes = append(pipes, string(buf[len(kind):n-1]))
		}
	}
	return pipes
}

// System calls that package syscall does not name; the numbers are the same on all architectures but MIPS.
const (
	sysPidfdSendSignal = 424
	sysPidfdOpen       = 434
)

// Signal signals the process of this pid and start time and none other. Its error is [os.ErrProcessDone] when there is no
// such process, or it has ended.
func Signal(pid int, start uint64, sig syscall.Signal) error {
	fd, err := pidfdOpen(pid)
	// The descriptor first: what it stands for cannot become another process between the look and the signal.
	if err == 0 {
		defer closeDescriptor(int(fd))
	} else if err == syscall.ESRCH {
		return os.ErrProcessDone
	}
	if p, ok := Read(pid); !ok || p.Start != start || p.Dead {
		return os.ErrProcessDone
	}
	sent := error(nil)
	if err != 0 { // before Linux 5.3, or out of descriptors
		sent = syscall.Kill(pid, sig)
	} else if _, _, e := syscall.Syscall6(sysPidfdSendSignal, fd, uintptr(sig), 0, 0, 0, 0); e != 0 {
		sent = e
	}
	if sent == syscall.ESRCH {
		return os.ErrProcessDone
	}
	return sent
}

func pidfdOpen(pid int) (uintptr, syscall.Errno) {
	switch runtime.GOARCH {
	case "mips", "mipsle", "mips64", "mips64le":
		return 0, syscall.ENOSYS
	}
	fd, _, err := syscall.Syscall(sysPidfdOpen, uintptr(pid), 0, 0)
	return fd, err
}
