package guardian

import (
	"os"
	"runtime"
	"strconv"
	"syscall"
)

// listProcesses lists every process that can be seen, kernel threads left out.
func listProcesses() ([]process, error) {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return nil, err
	}
	procs := make([]process, 0, len(names))
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil || name[0] < '1' || name[0] > '9' {
			continue
		}
		if p, ok := readProcess(pid); ok && !p.kernel {
			procs = append(procs, p)
		}
	}
	return procs, nil
}

// readProcess is false when there is no such process.
func readProcess(pid int) (process, bool) {
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

func closeDescriptor(fd int) { _ = syscall.Close(fd) } // only ever read from

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
func parseStat(line []byte) (process, bool) {
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
		return process{}, false
	}
	var fields [fieldEnd + 1]string // from STATE on
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
		fields[n] = string(line[from:i])
		n++
	}
	if n <= fieldStart || len(fields[0]) != 1 {
		return process{}, false
	}
	pid, err := strconv.Atoi(string(line[:open-1]))
	start, startErr := strconv.ParseUint(fields[fieldStart], 10, 64)
	if err != nil || startErr != nil || pid <= 0 {
		return process{}, false
	}
	p := process{pid: pid, start: start}
	for _, f := range []struct {
		into *int
		text string
	}{{&p.parent, fields[1]}, {&p.group, fields[2]}, {&p.session, fields[3]}, {&p.front, fields[5]}} {
		if *f.into, err = strconv.Atoi(f.text); err != nil {
			return process{}, false
		}
	}
	threads, err := strconv.Atoi(fields[fieldThreads])
	flags, flagsErr := strconv.ParseUint(fields[fieldFlags], 10, 64)
	if err != nil || flagsErr != nil {
		return process{}, false
	}
	// A first thread that has ended before the others looks like a zombie, while they run on.
	p.dead = (fields[0] == "Z" || fields[0] == "X") && threads <= 1
	p.stopped = fields[0] == "T"
	p.stuck = fields[0] == "D"
	p.kernel = flags&flagKernel != 0
	p.begun = fields[fieldEnd] != "" && fields[fieldEnd] != "0"
	return p, true
}

// readEnviron is the environment that a process was started with: strings that end in a zero byte each. It is empty when
// there is none, and when it belongs to another user. It is false in the middle of an exec: then it is not known yet. The
// start of a command returns before its exec is over, as that closes the descriptors first.
func readEnviron(pid int) ([]byte, bool) {
	for range 2 { // an exec may end between the look at the environment and the look at the process
		text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/environ")
		if err != nil || len(text) > 0 {
			return text, true
		}
		p, ok := readProcess(pid)
		if ok && !p.dead && !p.kernel && !p.begun {
			return nil, false
		}
	}
	return nil, true
}

// outputsOf are the inodes of the pipes that a process has as its standard output and error, see proc_pid_fd(5).
func outputsOf(pid int) (pipes []string) {
	for _, fd := range [...]string{"1", "2"} {
		var buf [64]byte
		n, err := syscall.Readlink("/proc/"+strconv.Itoa(pid)+"/fd/"+fd, buf[:])
		if err != nil {
			continue
		}
		if kind, rest := cut(string(buf[:n]), '['); kind == "pipe:" {
			pipe, _ := cut(rest, ']')
			pipes = append(pipes, pipe)
		}
	}
	return pipes
}

// System calls that package syscall does not name; the numbers are the same on all architectures but MIPS.
const (
	sysPidfdSendSignal = 424
	sysPidfdOpen       = 434
)

// signalProcess signals the process of this pid and start time and none other. It is false when there is no such process.
func signalProcess(pid int, start uint64, sig syscall.Signal) (bool, error) {
	fd, err := pidfdOpen(pid)
	// The descriptor first: what it stands for cannot become another process between the look and the signal.
	if err == 0 {
		defer closeDescriptor(int(fd))
	} else if err == syscall.ESRCH {
		return false, nil
	}
	if p, ok := readProcess(pid); !ok || p.start != start || p.dead {
		return false, nil
	}
	sent := error(nil)
	if err != 0 { // before Linux 5.3, or out of descriptors
		sent = syscall.Kill(pid, sig)
	} else if _, _, e := syscall.Syscall6(sysPidfdSendSignal, fd, uintptr(sig), 0, 0, 0, 0); e != 0 {
		sent = e
	}
	if sent == syscall.ESRCH {
		return false, nil
	}
	return true, sent
}

func pidfdOpen(pid int) (uintptr, syscall.Errno) {
	if len(runtime.GOARCH) >= 4 && runtime.GOARCH[:4] == "mips" {
		return 0, syscall.ENOSYS
	}
	fd, _, err := syscall.Syscall(sysPidfdOpen, uintptr(pid), 0, 0)
	return fd, err
}

// bootID changes with every start of the system.
func bootID() string { return firstLine("/proc/sys/kernel/random/boot_id") }

// pidSpace names the pid namespace: in another one the same numbers are other processes.
func pidSpace() string {
	name, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return "-"
	}
	return name
}

func firstLine(path string) string {
	var buf [128]byte
	n := readSome(path, buf[:])
	for i, c := range buf[:n] {
		if c == '\n' || c == ' ' {
			n = i
			break
		}
	}
	if n == 0 {
		return "-"
	}
	return string(buf[:n])
}

const descriptors = "/proc/self/fd"

// setName is what ps shows: without it "exe", from /proc/self/exe. PR_SET_NAME is for the calling thread; the file is for
// the process.
func setName(name string) { _ = os.WriteFile("/proc/self/comm", []byte(name), 0) }

const fGetFD = syscall.F_GETFD

func descriptorFlags(fd int) (int, bool) {
	flags, _, err := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), fGetFD, 0)
	return int(flags), err == 0
}
