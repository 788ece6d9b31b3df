//go:build unix

package shim

import (
	"os"
	"strconv"
	"syscall"
	"time"
)

// init is where the second start ends: only the shim runs in it.
func init() {
	if len(os.Args) < 3 || os.Args[1] != marker {
		return
	}
	err := Exec(os.Args[2:], os.Environ())
	_, _ = os.Stderr.WriteString("devloop: error: " + err.Error() + "\n") // there is no other place for it
	os.Exit(ExitCode(err))
}

// Exec replaces this process by the command argv, in the environment env with LISTEN_PID set to this
// process's pid; it returns only if that fails, with an *Error. A command without a slash is looked up in
// env's own PATH, as execvp(3) does. A program that is still open for writing (ETXTBSY) is tried again for a
// second: the build that wrote it has closed it, but a child that another thread forked meanwhile has its
// descriptors until it execs (golang.org/issue/22315).
//
// Descriptors, their modes, directory, limits and the signal mask are kept. Signals have their default action
// in the command; those that were ignored when this program was started are ignored again if they are SIGHUP,
// SIGINT or a stop signal (the Go runtime takes over the others).
func Exec(argv, env []string) error {
	if len(argv) == 0 {
		return &Error{Command: "nothing", Err: syscall.EINVAL}
	}
	env = withPID(env, os.Getpid())
	err := syscall.ENOENT
	paths := candidates(argv[0], env)
	for _, path := range paths {
		e := execWhenClosed(path, argv, env)
		switch {
		case len(paths) == 1:
			err = e
		case e == syscall.ENOENT, e == syscall.ENOTDIR:
		case e == syscall.EACCES:
			err = e // a later directory may have one that we may run
		default:
			return &Error{Command: argv[0], Err: e}
		}
	}
	return &Error{Command: argv[0], Err: err}
}

// ExitCode is what a shell ends with after such an error: 127 when there is no such command, 126 when it cannot be run.
func ExitCode(err error) int {
	if e, ok := err.(*Error); ok && (e.Err == syscall.ENOENT || e.Err == syscall.ENOTDIR) {
		return 127
	}
	return 126
}

// busyFor limits the wait for a program that is being written.
const busyFor = time.Second

func execWhenClosed(path string, argv, env []string) syscall.Errno {
	for waited, pause := time.Duration(0), time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		err, _ := syscall.Exec(path, argv, env).(syscall.Errno)
		if err == syscall.ENOEXEC {
			// A script without "#!": execvp(3) and every shell run it with sh.
			_ = syscall.Exec("/bin/sh", append([]string{"/bin/sh", path}, argv[1:]...), env)
		}
		if err != syscall.ETXTBSY || waited >= busyFor {
			return err
		}
		time.Sleep(pause) // the system does not report when the last writer closes
		waited += pause
	}
}

// defaultPath is searched where env has no PATH, as by execvp(3).
const defaultPath = "/usr/local/bin:/usr/bin:/bin"

func candidates(name string, env []string) []string {
	if name == "" {
		return nil
	}
	for i := range len(name) {
		if name[i] == '/' {
			return []string{name}
		}
	}
	path := defaultPath
	for _, entry := range env {
		if hasPrefix(entry, "PATH=") {
			path = entry[len("PATH="):] // the last one counts, as in os/exec
		}
	}
	var found []string
	for start, i := 0, 0; i <= len(path); i++ {
		if i < len(path) && path[i] != ':' {
			continue
		}
		dir := path[start:i]
		if dir == "" {
			dir = "." // an empty element is the current directory
		}
		found = append(found, dir+"/"+name)
		start = i + 1
	}
	return found
}

// withPID sets LISTEN_PID, and drops LISTEN_PIDFDID, which names a process too and would be wrong.
func withPID(env []string, pid int) []string {
	set := make([]string, 0, len(env)+1)
	for _, entry := range env {
		if !hasPrefix(entry, "LISTEN_PID=") && !hasPrefix(entry, "LISTEN_PIDFDID=") {
			set = append(set, entry)
		}
	}
	return append(set, "LISTEN_PID="+strconv.Itoa(pid))
}

// hasPrefix avoids package strings, which would move this package back in the order of initialisation:
// strings needs unicode, and by then all of crypto and compress would be initialised.
func hasPrefix(s, prefix string) bool { return len(s) >= len(prefix) && s[:len(prefix)] == prefix }
