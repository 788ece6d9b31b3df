package listenfd

import (
	"strconv"
	"strings"
)

// FirstFD is the descriptor of a child's first socket: SD_LISTEN_FDS_START of sd_listen_fds(3), and where the ExtraFiles
// of os/exec begin.
const FirstFD = 3

// Env is what tells a child about the sockets that stand, in the order of names, in its descriptors from FirstFD on:
//
//	LISTEN_FDS            how many; sd_listen_fds(3)
//	LISTEN_FDNAMES        their names, colon separated; libsystemd refuses all of them when the number is not the same
//	LISTEN_FDS_FIRST_FD   FirstFD; understood by the listenfd crate, ignored by the rest
//	DEVLOOP_FD_<NAME>     the number of each, for command lines; see Variable
//
// LISTEN_PID is not among them, for nobody knows it before the child lives: package shim sets it. No names, no variables.
func Env(names []string) []string {
	if len(names) == 0 {
		return nil
	}
	env := make([]string, 0, len(names)+3)
	env = append(env,
		"LISTEN_FDS="+strconv.Itoa(len(names)),
		"LISTEN_FDNAMES="+strings.Join(names, ":"),
		"LISTEN_FDS_FIRST_FD="+strconv.Itoa(FirstFD))
	for i, name := range names {
		env = append(env, Variable(name)+"="+strconv.Itoa(FirstFD+i))
	}
	return env
}

// variablePrefix begins the names of our own variables.
const variablePrefix = "DEVLOOP_FD_"

// Variable is the name of the environment variable with the descriptor number of the socket called name:
// upper case, and an underscore for each character that a variable's name cannot have. Two names can have the
// same variable ("a.b" and "a-b"); the caller refuses that.
func Variable(name string) string {
	return variablePrefix + strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return r
		}
		return '_'
	}, name)
}

// StripEnv returns env without what an outer socket holder or service manager set for this process:
// LISTEN_FDS, LISTEN_FDNAMES, LISTEN_FDS_FIRST_FD, LISTEN_PID, LISTEN_PIDFDID (a stale one makes libsystemd
// refuse the sockets), NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID and DEVLOOP_FD_*. Other variables that
// begin with LISTEN_ stay: LISTEN_ADDR and LISTEN_PORT are common names for an application's settings. env is
// not changed.
func StripEnv(env []string) []string {
	kept := make([]string, 0, len(env))
	for _, entry := range env {
		name, _, _ := strings.Cut(entry, "=")
		switch name {
		case "LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_FDS_FIRST_FD", "LISTEN_PID", "LISTEN_PIDFDID",
			"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID":
			continue
		}
		if strings.HasPrefix(name, variablePrefix) {
			continue
		}
		kept = append(kept, entry)
	}
	return kept
}
