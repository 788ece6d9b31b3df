//go:build darwin || freebsd

package doctor

import (
	"fmt"
	"runtime"

	"golang.org/x/sys/unix"
)

// Limits tells whether the kernel's limits leave room for what is needed:
// kqueue(2) takes a descriptor for everything in a watched directory, and the
// watcher takes no more than half of the limit.
func (s System) Limits(need Need) []Finding {
	wanted := need.Entries
	var list []Finding
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		list = append(list, Finding{Mark: Note, About: "open files", Text: fmt.Sprintf("ask for the limit: %v", err)})
	} else {
		list = append(list, openFiles(uint64(limit.Cur), wanted))
	}
	const name = "kern.maxfilesperproc"
	each, err := unix.SysctlUint32(name)
	if err != nil {
		return append(list, Finding{Mark: Note, About: name, Text: fmt.Sprintf("read %s: %v", name, err)})
	}
	f := openFiles(uint64(each), wanted)
	f.About = name
	if f.Mark == Warn {
		f.Hint = fmt.Sprintf("sudo sysctl %s=%d", name, max(65536, 4*wanted))
	}
	return append(list, f)
}

// ListenQueue tells how many connections may wait in a listening socket.
func (s System) ListenQueue() Finding {
	name := "kern.ipc.somaxconn"
	if runtime.GOOS == "freebsd" {
		name = "kern.ipc.soacceptqueue"
	}
	limit, err := unix.SysctlUint32(name)
	if err != nil {
		return Finding{Mark: Note, About: "listen queue", Text: fmt.Sprintf("read %s: %v", name, err)}
	}
	return backlog(name, int(limit))
}
