//go:build unix

package listenfd

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"devloop/orchestrator/test/testenv"

	"golang.org/x/sys/unix"
)

// The test binary is its own child: the variable says which of the roles below it plays.
const roleVar = "LISTENFD_TEST_ROLE"

func TestMain(m *testing.M) {
	if role := os.Getenv(roleVar); role != "" {
		play, ok := roles[role]
		if !ok {
			play = func() error { return fmt.Errorf("no role %q", role) }
		}
		if err := play(); err != nil {
			fmt.Println("error:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// child is a running process that says lines on its standard output, and that ends when its standard input does.
type child struct {
	t    *testing.T
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Reader
	done bool
}

// start runs argv with the sockets from descriptor 3 on, and what Env says of them.
func start(t *testing.T, argv, env []string, sockets ...*Socket) *child {
	t.Helper()
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Env = append(childEnv(), env...)
	var names []string
	for _, s := range sockets {
		cmd.ExtraFiles = append(cmd.ExtraFiles, s.File())
		names = append(names, s.Name())
	}
	cmd.Env = append(cmd.Env, Env(names)...)
	return run(t, cmd)
}

// childEnv also keeps the race detector from resting a second at each child's end.
func childEnv() []string { return append(StripEnv(os.Environ()), "GORACE=atexit_sleep_ms=0") }

// startRole runs the test binary itself.
func startRole(t *testing.T, role string, sockets ...*Socket) *child {
	t.Helper()
	return start(t, []string{self(t)}, []string{roleVar + "=" + role}, sockets...)
}

func run(t *testing.T, cmd *exec.Cmd) *child {
	t.Helper()
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c := &child{t: t, cmd: cmd, in: in, out: bufio.NewReader(out)}
	t.Cleanup(c.end)
	return c
}

func self(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// hears reads one line and wants it to be this.
func (c *child) hears(want string) {
	c.t.Helper()
	if got := c.line(); got != want {
		c.t.Fatalf("child said %q, want %q", got, want)
	}
}

func (c *child) line() string {
	c.t.Helper()
	line, err := c.out.ReadString('\n')
	if err != nil {
		c.t.Fatalf("child said %q, then: %v", line, err)
	}
	return strings.TrimSuffix(line, "\n")
}

// tell wakes a child that waits for a line.
func (c *child) tell() {
	c.t.Helper()
	if _, err := io.WriteString(c.in, "go\n"); err != nil {
		c.t.Fatal(err)
	}
}

func (c *child) pid() int { return c.cmd.Process.Pid }

// end lets the child go and waits for it. A child that does not leave is ended by the test's own time limit.
func (c *child) end() {
	if !c.done {
		c.done = true
		_ = c.in.Close()
		_, _ = io.Copy(io.Discard, c.out)
		_ = c.cmd.Wait()
	}
}

// roles are what children of these tests do.
var roles = map[string]func() error{
	// serve answers each connection with a word, through the standard library, which turns O_NONBLOCK on.
	"serve": func() error {
		l, err := net.FileListener(os.NewFile(FirstFD, "socket"))
		if err != nil {
			return err
		}
		go answer(l)
		return stay("serving")
	},
	// late serves when it is told to.
	"late": func() error {
		fmt.Println("waiting")
		if _, err := bufio.NewReader(os.Stdin).ReadString('\n'); err != nil {
			return nil
		}
		l, err := net.FileListener(os.NewFile(FirstFD, "socket"))
		if err != nil {
			return err
		}
		answer(l) // until it is ended
		return nil
	},
	"hold": func() error { return stay("holding") },
	// shorten does what asyncio does.
	"shorten": func() error {
		if err := unix.Listen(FirstFD, 100); err != nil {
			return err
		}
		return stay("shortened")
	},
	"shutdown": func() error {
		if err := unix.Shutdown(FirstFD, unix.SHUT_RDWR); err != nil {
			return err
		}
		return stay("shut down")
	},
	// elsewhere drops what it was given, as wrappers do, and binds its own.
	"elsewhere": func() error {
		if err := unix.Close(FirstFD); err != nil {
			return err
		}
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		p, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		return stay(l.Addr().String() + " " + p.LocalAddr().String())
	},
	// open tries to bind what the test holds, and says why it cannot.
	"open": func() error {
		var spec Spec
		if _, err := fmt.Sscan(os.Getenv("LISTENFD_TEST_SPEC"), &spec.Network, &spec.Host, &spec.Port); err != nil {
			return err
		}
		s, err := Open(spec)
		if err == nil {
			return stay("bound " + s.Addr())
		}
		hint := ""
		if h, ok := err.(interface{ Hint() string }); ok {
			hint = h.Hint()
		}
		return stay(err.Error() + " | " + hint)
	},
	"adopt": strictConsumer,
}

// stay says a line, and waits until the test closes the other end of standard input.
func stay(line string) error {
	fmt.Println(line)
	_, _ = io.Copy(io.Discard, os.Stdin)
	return nil
}

func answer(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		_, _ = io.WriteString(c, "hello\n")
		_ = c.Close()
	}
}

// mustOpen opens and closes with the test.
func mustOpen(t *testing.T, spec Spec) *Socket {
	t.Helper()
	if spec.Name == "" {
		spec.Name = "web"
	}
	s, err := Open(spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// ask connects to a server and reads all that it says.
func ask(t *testing.T, s *Socket) string {
	t.Helper()
	network := "tcp"
	if s.Network() == Unix {
		network = "unix"
	}
	c, err := net.Dial(network, s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	said, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	return string(said)
}

func nonblocking(t *testing.T, s *Socket) bool {
	t.Helper()
	flags, err := unix.FcntlInt(uintptr(fdOf(s)), syscall.F_GETFL, 0)
	if err != nil {
		t.Fatal(err)
	}
	return flags&syscall.O_NONBLOCK != 0
}

func option(t *testing.T, s *Socket, level, name int) int {
	t.Helper()
	v, err := unix.GetsockoptInt(fdOf(s), level, name)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func needIPv6(t *testing.T) {
	t.Helper()
	l, err := net.Listen("tcp6", "[::1]:0")
	testenv.Need(t, "ipv6", err == nil)
	_ = l.Close()
}

// fdOf is the descriptor's number in this process.
func fdOf(s *Socket) int { return int(s.File().Fd()) }
