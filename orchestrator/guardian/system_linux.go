package guardian

import (
	"os"
	"syscall"
)

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
	text, _ := os.ReadFile(path) // as good as empty
	line, _ := cut(string(text), '\n')
	line, _ = cut(line, ' ')
	if line == "" {
		return "-"
	}
	return line
}

const descriptors = "/proc/self/fd"

// setName sets what ps shows, which would be "exe", from /proc/self/exe. PR_SET_NAME is for the calling thread; the
// file is for the process.
func setName(name string) { _ = os.WriteFile("/proc/self/comm", []byte(name), 0) }

const fGetFD = syscall.F_GETFD

func descriptorFlags(fd int) (int, bool) {
	flags, _, err := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), fGetFD, 0)
	return int(flags), err == 0
}
