package guardian

import (
	"encoding/binary"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// listProcesses lists every process.
func listProcesses() ([]process, error) {
	infos, err := unix.SysctlKinfoProcSlice("kern.proc.all")
	if err != nil {
		return nil, err
	}
	procs := make([]process, 0, len(infos))
	for i := range infos {
		if p, ok := fromKinfo(&infos[i]); ok {
			procs = append(procs, p)
		}
	}
	return procs, nil
}

// readProcess is false when there is no such process.
func readProcess(pid int) (process, bool) {
	info, err := unix.SysctlKinfoProc("kern.proc.pid", pid)
	if err != nil {
		return process{}, false
	}
	return fromKinfo(info)
}

// States of a process, SZOMB and SSTOP in sys/proc.h.
const (
	stateStopped = 4
	stateZombie  = 5
)

func fromKinfo(k *unix.KinfoProc) (process, bool) {
	pid := int(k.Proc.P_pid)
	if pid <= 0 {
		return process{}, false
	}
	p := process{
		pid:     pid,
		parent:  int(k.Eproc.Ppid),
		group:   int(k.Eproc.Pgid),
		front:   int(k.Eproc.Tpgid),
		start:   uint64(k.Proc.P_starttime.Sec)*1e6 + uint64(k.Proc.P_starttime.Usec),
		dead:    k.Proc.P_stat == stateZombie,
		stopped: k.Proc.P_stat == stateStopped,
	}
	// The table holds the session as a kernel address. Of a zombie there is none.
	if sid, err := unix.Getsid(pid); err == nil {
		p.session = sid
	}
	return p, true
}

// readEnviron is the environment that a process was started with: strings that end in a zero byte each. Apple's own
// protected programs do not show theirs, and are known to have none.
func readEnviron(pid int) ([]byte, bool) {
	// An int: how many arguments; the program's path, padded with zero bytes; the arguments; the environment.
	raw, err := unix.SysctlRaw("kern.procargs2", pid)
	if err != nil || len(raw) < 4 {
		return nil, true
	}
	args := int(binary.NativeEndian.Uint32(raw))
	text := string(raw[4:])
	_, text, _ = strings.Cut(text, "\x00")
	text = strings.TrimLeft(text, "\x00")
	for range args {
		if _, rest, ok := strings.Cut(text, "\x00"); ok {
			text = rest
		} else {
			return nil, true
		}
	}
	return []byte(text), true
}

// outputsOf is not known here: the system tells no pipe from another.
func outputsOf(int) []string { return nil }

// signalProcess signals the process of this pid and start time. It is false when there is no such process. The system has
// no handle of a process: between the look and the signal lie some microseconds, in which the number would have to be
// given back and reused; macOS goes through all others first.
func signalProcess(pid int, start uint64, sig syscall.Signal) (bool, error) {
	if p, ok := readProcess(pid); !ok || p.start != start || p.dead {
		return false, nil
	}
	err := syscall.Kill(pid, sig)
	if err == syscall.ESRCH {
		return false, nil
	}
	return true, err
}

// bootID changes with every start of the system.
func bootID() string {
	id, err := unix.Sysctl("kern.bootsessionuuid")
	if err != nil || id == "" {
		return "-"
	}
	return id
}

// pidSpace is the same everywhere: the system has one.
func pidSpace() string { return "-" }

const descriptors = "/dev/fd"

func setName(string) {} // the system takes it from the program

func descriptorFlags(fd int) (int, bool) {
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	return flags, err == nil
}
