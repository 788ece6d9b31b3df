//go:build linux || darwin

package guardian

import (
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"devloop/orchestrator/memrelease/pages"
	"devloop/orchestrator/proctable"
)

// marker as the first argument makes this program a guardian.
const marker = "--devloop-internal-guardian"

// persistence is how long a guardian tries to kill. It cannot report survivors.
const persistence = 10 * time.Minute

// init is where the second start ends: only the guardian runs in it.
func init() {
	if len(os.Args) < 2 || os.Args[1] != marker {
		return
	}
	signal.Ignore(syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGPIPE, syscall.SIGALRM,
		syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGTSTP, syscall.SIGTTIN, syscall.SIGTTOU)
	closeInherited()
	setName("devloop-guard")
	guard()
	os.Exit(0) //nolint:forbidigo // this program ends here
}

// closeInherited closes descriptors that the loop has inherited without close-on-exec: a pipe that another program
// reads to its end, a socket. Descriptors of this process's own runtime have the flag.
func closeInherited() {
	dir, err := os.Open(descriptors)
	if err != nil {
		return
	}
	names, _ := dir.Readdirnames(-1) // as many as there are
	_ = dir.Close()                  // only read from
	for _, name := range names {
		fd, err := strconv.Atoi(name)
		if err != nil || fd <= 2 {
			continue
		}
		if flags, ok := descriptorFlags(fd); ok && flags&syscall.FD_CLOEXEC == 0 {
			_ = syscall.Close(fd) // it was never used
		}
	}
}

// guard reads the owner's messages until "end", or until the owner is gone.
func guard() {
	owner, _ := proctable.Read(syscall.Getppid()) // it may be gone already
	_ = syscall.SetNonblock(0, false)             // the runtime's poller would cost memory
	orders := orders{roots: map[int]uint64{}, dirs: map[string]bool{}, expected: map[string]bool{}}
	var buf [4096]byte
	var rest []byte
	pages.Release() // it waits from here on, usually for hours
	for {
		n, err := syscall.Read(0, buf[:])
		if err == syscall.EINTR || err == syscall.EAGAIN {
			continue
		}
		if err != nil || n <= 0 {
			break
		}
		rest = append(rest, buf[:n]...)
		for {
			line, after := cut(string(rest), '\n')
			if len(line) == len(rest) {
				break // incomplete
			}
			rest = append(rest[:0], after...)
			if orders.take(line) {
				return
			}
		}
	}
	wrote := orders.terminal.putBack(owner)
	defer func() {
		select {
		case <-wrote:
		case <-time.After(writes):
		}
	}()
	if !valid(orders.mark) {
		return // the owner was gone before it had started anything
	}
	k := newKiller(orders.mark, orders.roots, orders.born, true)
	k.expected = orders.expected
	_, _ = k.run(orders.grace, persistence) // nothing can be reported
	removeDirectories(orders.dirs)
}

// orders are what the owner has sent.
type orders struct {
	mark  string
	grace time.Duration
	born  uint64 // when the owner started
	roots map[int]uint64
	dirs  map[string]bool

	expected map[string]bool // pipes, by their inodes
	terminal terminal
}

// take parses one line. It is true when the owner ends normally.
func (o *orders) take(line string) bool {
	key, value := cut(line, ' ')
	switch key {
	case "mark":
		o.mark = value
	case "grace":
		ms, _ := strconv.ParseInt(value, 10, 64) // both ends are this program
		o.grace = time.Duration(ms) * time.Millisecond
	case "born":
		o.born, _ = strconv.ParseUint(value, 10, 64)
	case "add":
		if pid, start, ok := parsePair(value); ok {
			o.roots[pid] = start
		}
	case "remove":
		pid, _ := strconv.Atoi(value)
		delete(o.roots, pid)
	case "dir":
		o.dirs[value] = true
	case "undir":
		delete(o.dirs, value)
	case "expect":
		o.expected[value] = true
	case "forgo":
		delete(o.expected, value)
	case "terminal":
		before, after := cut(value, ' ')
		during, reset := cut(after, ' ')
		o.terminal = terminal{unhex(before), unhex(during), unhex(reset)}
	case "end":
		return true
	}
	return false
}
