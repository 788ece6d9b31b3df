package listenfd

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"runtime"
	"strings"
	"syscall"
)

// ErrUnsupported is returned where the system lacks what a function needs. It wraps [errors.ErrUnsupported].
var ErrUnsupported = fmt.Errorf("not available on %s: %w", runtime.GOOS, errors.ErrUnsupported)

// errLost: a unix socket cannot be reached any more, because a child removed or replaced the socket file, or
// called shutdown(2), after which the kernel does not let a unix socket listen again. [Socket.Reset] makes a
// new one.
var errLost = errors.New("the socket file is gone or dead")

// errNotListening: a child called shutdown(2) on the socket. [Socket.Refresh] makes it listen again.
var errNotListening = errors.New("the socket does not listen: a child called shutdown on it")

// Holder is the process that has an address, as far as the system tells; the zero Holder is unknown.
type Holder struct {
	PID     int    // 0 when unknown
	Name    string // base name of the program, "" when unknown
	Command string // the command line, blanks between the words
	Dir     string // its working directory
	UID     int    // owner of the socket, known on Linux even when PID is not; -1 when unknown
}

// HolderOf is the process that has a TCP port, at whatever address; unknown where none is found, or the system does not
// tell. It walks through all processes.
func HolderOf(port int) Holder {
	if port > 0 && port <= math.MaxUint16 {
		return inetHolder(TCP, netip.AddrPortFrom(netip.IPv4Unspecified(), uint16(port)))
	}
	return Holder{UID: -1}
}

// String is "`COMMAND` (pid 1, in DIR)", as far as that is known; "" if nothing is.
func (h Holder) String() string {
	switch {
	case h.PID > 0:
		name, dir := h.Name, ""
		if h.Command != "" {
			name = "`" + shortened(h.Command) + "`"
		}
		if h.Dir != "" {
			dir = ", in " + h.Dir
		}
		return fmt.Sprintf("%s (pid %d%s)", name, h.PID, dir)
	case h.UID == 0:
		return "a process of root"
	case h.UID > 0:
		return fmt.Sprintf("a process of uid %d", h.UID)
	}
	return ""
}

// longest is how much of a command line is shown, in characters: that of a JVM is longer than a screen.
const longest = 120

func shortened(command string) string {
	if runes := []rune(command); len(runes) > longest {
		return string(runes[:longest-1]) + "…"
	}
	return command
}

// InUseError says that another process has the address. It unwraps to EADDRINUSE.
type InUseError struct {
	Network Network
	Addr    string // "127.0.0.1:3000", or the path
	Holder  Holder

	// Reserve is true if the requested address was free, and the one that localhost reserves with it was not.
	Reserve bool
}

func (e *InUseError) Error() string {
	what := "port " + e.Addr
	switch e.Network {
	case UDP:
		what = "udp port " + e.Addr
	case Unix:
		what = "socket " + e.Addr
	}
	switch h := e.Holder; {
	case h.PID > 0 && h.Name != "":
		return fmt.Sprintf("%s is in use by %s (pid %d)", what, h.Name, h.PID)
	case h.PID > 0:
		return fmt.Sprintf("%s is in use by pid %d", what, h.PID)
	case h.UID == 0:
		return what + " is in use by a process of root"
	case h.UID > 0:
		return fmt.Sprintf("%s is in use by a process of uid %d", what, h.UID)
	}
	return what + " is in use"
}

func (e *InUseError) Unwrap() error { return syscall.EADDRINUSE }

// Hint says what to do about it: a sentence without a full stop.
func (e *InUseError) Hint() string {
	if e.Network == Unix {
		return e.Clear() + ", or use another path"
	}
	return e.Clear() + ", or use another port (0 picks a free one)"
}

// Clear says which program has the address and how to end it, without a full stop.
func (e *InUseError) Clear() string {
	var b strings.Builder
	if e.Reserve {
		b.WriteString("localhost needs the port on 127.0.0.1 and on ::1, for browsers try both; ")
	}
	switch h := e.Holder; {
	case h.PID > 0:
		if h.Command != "" {
			fmt.Fprintf(&b, "it runs `%s`", shortened(h.Command))
			if h.Dir != "" {
				fmt.Fprintf(&b, " in %s", h.Dir)
			}
			b.WriteString("; ")
		}
		fmt.Fprintf(&b, "stop it (kill %d)", h.PID)
	default:
		fmt.Fprintf(&b, "`%s` tells which process; stop it", whoCommand(runtime.GOOS, e.Network, e.Addr))
	}
	return b.String()
}

// whoCommand is the command that names the holder of an address. A holder that was not found belongs to
// another user, hence sudo.
func whoCommand(goos string, network Network, addr string) string {
	if network == Unix {
		if goos == "freebsd" {
			return "sudo fstat " + addr
		}
		return "sudo lsof " + addr
	}
	port := addr
	if ap, err := netip.ParseAddrPort(addr); err == nil {
		port = fmt.Sprint(ap.Port())
	}
	switch goos {
	case "linux":
		if network == UDP {
			return "sudo ss -lunp 'sport = :" + port + "'"
		}
		return "sudo ss -ltnp 'sport = :" + port + "'"
	case "freebsd":
		return "sudo sockstat -l -p " + port
	}
	if network == UDP {
		return "sudo lsof -nP -iUDP:" + port
	}
	return "sudo lsof -nP -iTCP:" + port + " -sTCP:LISTEN"
}

// bindError says why an address cannot be bound, other than for being in use.
type bindError struct {
	Addr string // as in InUseError
	Err  error
	hint string
}

func (e *bindError) Error() string { return "bind " + e.Addr + ": " + e.Err.Error() }

func (e *bindError) Unwrap() error { return e.Err }

// Hint says what to do about it, a sentence without a full stop, or is "".
func (e *bindError) Hint() string { return e.hint }
