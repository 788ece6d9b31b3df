package proctable

import (
	"encoding/binary"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// List lists every process; both arguments are for systems where a look at all of them costs more.
func List(uint64, *Sessions) ([]Process, error) {
	infos, err := unix.SysctlKinfoProcSlice("kern.proc.all")
	if err != nil {
		return nil, err
	}
	procs := make([]Process, 0, len(infos))
	for i := range infos {
		if p, ok := fromKinfo(&infos[i]); ok {
			procs = append(procs, p)
		}
	}
	return procs, nil
}

// Read is false when there is no such process.
func Read(pid int) (Process, bool) {
	info, err := unix.SysctlKinfoProc("kern.proc.pid", pid)
	if err != nil {
		return Process{}, false
	}
	return fromKinfo(info)
}

// States of a process, SZOMB and SSTOP in sys/proc.h.
const (
	stateStopped = 4
	stateZombie  = 5
)

func fromKinfo(k *unix.KinfoProc) (Process, bool) {
	pid := int(k.Proc.P_pid)
	if pid <= 0 {
		return Process{}, false
	}
	p := Process{
		PID:        pid,
		Parent:     int(k.Eproc.Ppid),
		Group:      int(k.Eproc.Pgid),
		Foreground: int(k.Eproc.Tpgid),
		Start:      uint64(k.Proc.P_starttime.Sec)*1e6 + uint64(k.Proc.P_starttime.Usec),
		Dead:       k.Proc.P_stat == stateZombie,
		Stopped:    k.Proc.P_stat == stateStopped,
	}
	// The table holds the session as a kernel address. Of a zombie there is none.
	if sid, err := unix.Getsid(pid); err == nil {
		p.Session = sid
	}
	return p, true
}

// Environ is the environment that a process was started with: strings that end in a zero byte each. Apple's own
// protected programs do not show theirs, and are known to have none.
func Environ(pid int) ([]byte, bool) {
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

// Outputs is not known here: the system tells no pipe from another.
func Outputs(int) []string { return nil }

// Signal signals the process of this pid and start time. Its error is [os.ErrProcessDone] when there is no such process. The
// system has no handle of a process: between the look and the signal lie some microseconds, in which the number would have
// to be given back and reused; macOS goes through all others first.
func Signal(pid int, start uint64, sig syscall.Signal) error {
	if p, ok := Read(pid); !ok || p.Start != start || p.Dead {
		return os.ErrProcessDone
	}
	err := syscall.Kill(pid, sig)
	if err == syscall.ESRCH {
		return os.ErrProcessDone
	}
	return err
}

// Children are not told of here.
func Children(int) ([]int, error) { return nil, ErrUnsupported }
