package listenfd

import (
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// replaceFD makes fd another name of fresh.
func replaceFD(fresh, fd int) error { return unix.Dup3(fresh, fd, unix.O_CLOEXEC) }

// forgetsPickedPort: a Linux TCP socket that was bound to port 0 loses the port that it got when it is shut down, and would
// listen on another one afterwards. One that was bound by number keeps it (SOCK_BINDPORT_LOCK in net/ipv4).
const forgetsPickedPort = true

// clearDeferAccept undoes an option by which a child delays connections until their first data.
func clearDeferAccept(fd int) {
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_DEFER_ACCEPT, 0)
}

const unprivilegedStart = "/proc/sys/net/ipv4/ip_unprivileged_port_start"

// privilegedBelow is the first port that needs no privilege.
func privilegedBelow() uint16 {
	text, err := os.ReadFile(unprivilegedStart)
	if err == nil {
		if n, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 16); err == nil {
			return uint16(n)
		}
	}
	return 1024
}

func privilegedHint() string {
	return "ports below " + strconv.Itoa(int(privilegedBelow())) +
		" are the system's; use a higher one, or allow it: sudo sysctl net.ipv4.ip_unprivileged_port_start=80"
}
