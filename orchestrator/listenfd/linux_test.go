package listenfd

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

func somaxconn(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile("/proc/sys/net/core/somaxconn")
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func queue(t *testing.T, s *Socket) (waiting, limit int) {
	t.Helper()
	waiting, limit, err := s.Queue()
	if err != nil {
		t.Fatal(err)
	}
	return waiting, limit
}

func TestRefreshRestoresTheQueue(t *testing.T) {
	s := mustOpen(t, Spec{Network: TCP})
	if _, limit := queue(t, s); limit != somaxconn(t) {
		t.Errorf("the queue takes %d, want %d", limit, somaxconn(t))
	}
	startRole(t, "shorten", s).hears("shortened")
	if _, limit := queue(t, s); limit != 100 {
		t.Fatalf("the queue takes %d after the child's listen, want 100", limit)
	}
	if err := s.Refresh(); err != nil {
		t.Fatal(err)
	}
	if _, limit := queue(t, s); limit != somaxconn(t) {
		t.Errorf("the queue takes %d after Refresh, want %d", limit, somaxconn(t))
	}
	if _, limit := queue(t, mustOpen(t, Spec{Network: TCP, Backlog: 7})); limit != 7 {
		t.Errorf("the queue takes %d, want the 7 asked for", limit)
	}
}

func TestQueueCounts(t *testing.T) {
	s := mustOpen(t, Spec{Network: TCP})
	for want := range 5 {
		eventually(t, fmt.Sprintf("%d connections wait", want), func() bool { n, _ := queue(t, s); return n == want })
		c, err := net.Dial("tcp", s.Addr())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	for _, s := range []*Socket{mustOpen(t, Spec{Network: UDP}), mustOpen(t, Spec{Network: Unix, Path: sockPath(t)})} {
		if _, _, err := s.Queue(); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%s: %v, want ErrUnsupported", s.Network(), err)
		}
	}
	if err := unix.Shutdown(s.FD(), unix.SHUT_RDWR); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Queue(); !errors.Is(err, ErrNotListening) {
		t.Errorf("shut down: %v, want ErrNotListening", err)
	}
}

// People are not shown the connection that we park, and a wait that was given up does not leave one more behind each time.
func TestParkedConnectionIsNotAClient(t *testing.T) {
	s := mustOpen(t, Spec{Network: TCP})
	for range 3 {
		ctx, cancel := context.WithCancel(context.Background())
		done := waiting(t, ctx, s)
		cancel()
		<-done
		n, _, err := tcpQueue(s.FD())
		if err != nil || n != 1 {
			t.Errorf("%d in the queue (%v), want the first one only", n, err)
		}
	}
	fresh := mustOpen(t, Spec{Network: TCP})
	ctx, cancel := context.WithCancel(context.Background())
	done := waiting(t, ctx, fresh)
	if n, _ := queue(t, fresh); n != 0 {
		t.Errorf("Queue counts %d while WaitAccept waits, want 0", n)
	}
	cancel()
	<-done
	if n, _ := queue(t, fresh); n != 1 {
		t.Errorf("Queue counts %d, want the one that was given up and nobody has accepted", n)
	}
}

// The first accept counts, though the queue is not empty after it.
func TestWaitAcceptWithAQueueThatStaysFull(t *testing.T) {
	s := mustOpen(t, Spec{Network: TCP})
	for range 3 {
		c, err := net.Dial("tcp", s.Addr())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	eventually(t, "three connections wait", func() bool { n, _ := queue(t, s); return n == 3 })
	done := waiting(t, context.Background(), s)
	fd, _, err := unix.Accept(s.FD())
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// A child may ask the kernel to hold back connections until they say something, which ours never does: the next generation
// starts without that, and a wait under it is late rather than wrong.
func TestDeferredAccept(t *testing.T) {
	s := mustOpen(t, Spec{Network: TCP})
	if err := unix.SetsockoptInt(s.FD(), unix.IPPROTO_TCP, unix.TCP_DEFER_ACCEPT, 1); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.WaitAccept(context.Background()) }()
	eventually(t, "the held-back connection in the queue", func() bool {
		select {
		case err := <-done:
			t.Fatalf("WaitAccept returned %v before anybody accepted", err)
		default:
		}
		n, _, err := tcpQueue(s.FD())
		if err != nil {
			t.Fatal(err)
		}
		return n > 0
	})
	fd, _, err := unix.Accept(s.FD())
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err := s.Reset(); err != nil {
		t.Fatal(err)
	}
	if v := option(t, s, unix.IPPROTO_TCP, unix.TCP_DEFER_ACCEPT); v != 0 {
		t.Errorf("TCP_DEFER_ACCEPT is %d after Reset", v)
	}
}

// openFiles are our descriptors, but for the one that lists them.
func openFiles(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	for _, e := range entries {
		if target, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil {
			files = append(files, e.Name()+" "+target)
		}
	}
	return files
}

func TestNoDescriptorIsLeft(t *testing.T) {
	// The runtime's own descriptors, the poller's, come with the first use.
	pickPort(t)
	before := openFiles(t)
	port := pickPort(t)
	path := sockPath(t)
	for range 3 {
		for _, spec := range []Spec{{Network: TCP, Host: "localhost", Port: port}, {Network: UDP, Host: "localhost"}, {Network: Unix, Path: path}} {
			s, err := Open(spec)
			if err != nil {
				t.Fatal(err)
			}
			if spec.Port != 0 || spec.Path != "" {
				if _, err := Open(spec); err == nil {
					t.Error("bound twice")
				}
				ctx, cancel := context.WithCancel(context.Background())
				done := waiting(t, ctx, s)
				cancel()
				<-done
			}
			if spec.Path != "" {
				if err := os.Remove(path); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.Reset(); err != nil {
				t.Error(err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	if after := openFiles(t); !slices.Equal(before, after) {
		t.Errorf("descriptors before %q\nand after %q", before, after)
	}
}

// role of a child that has an address: "bound ADDR" is its first line.
func startOpener(t *testing.T, spec string, attr *syscall.SysProcAttr) *child {
	t.Helper()
	cmd := exec.Command(self(t))
	cmd.Env = append(childEnv(), roleVar+"=open", "LISTENFD_TEST_SPEC="+spec)
	cmd.SysProcAttr = attr
	if attr != nil {
		cmd.Path, cmd.Dir = "/proc/self/exe", "/" // the binary's directory is ours alone
	}
	return run(t, cmd)
}

func TestInUseNamesTheHolder(t *testing.T) {
	program := filepath.Base(self(t))
	for _, network := range []Network{TCP, UDP} {
		c := startOpener(t, string(network)+" 127.0.0.1 0", nil)
		addr, ok := strings.CutPrefix(c.line(), "bound ")
		if !ok {
			t.Fatal(addr)
		}
		port := int(netip.MustParseAddrPort(addr).Port())
		// A wildcard is in the way of a single address, and the other way round.
		for _, host := range []string{"127.0.0.1", "0.0.0.0"} {
			_, err := Open(Spec{Network: network, Host: host, Port: port})
			what := "port "
			if network == UDP {
				what = "udp port "
			}
			want := fmt.Sprintf("%s%s:%d is in use by %s (pid %d)", what, host, port, program, c.pid())
			if fmt.Sprint(err) != want {
				t.Errorf("got  %v\nwant %s", err, want)
			}
			var inUse *InUseError
			if errors.As(err, &inUse) {
				wd, _ := os.Getwd()
				want := fmt.Sprintf("it runs `%s` in %s; stop it (kill %d), or use another port (0 picks a free one)", self(t), wd, c.pid())
				if inUse.Hint() != want {
					t.Errorf("hint %s\nwant %s", inUse.Hint(), want)
				}
			}
		}
	}
}

// Of several that hold the socket, the one that was there first is named: the others are its children.
func TestInUseNamesTheOldestHolder(t *testing.T) {
	s := mustOpen(t, Spec{Network: TCP})
	startRole(t, "hold", s).hears("holding")
	_, err := Open(Spec{Network: TCP, Port: s.Port()})
	if want := fmt.Sprintf("in use by %s (pid %d)", filepath.Base(self(t)), os.Getpid()); !strings.HasSuffix(fmt.Sprint(err), want) {
		t.Errorf("%v, want %s", err, want)
	}
}

func TestLivePathNamesTheHolder(t *testing.T) {
	path := sockPath(t)
	mustOpen(t, Spec{Network: Unix, Path: path})
	_, err := Open(Spec{Network: Unix, Path: path})
	want := fmt.Sprintf("socket %s is in use by %s (pid %d)", path, filepath.Base(self(t)), os.Getpid())
	if fmt.Sprint(err) != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	if h := pathHolder(path); h.PID != os.Getpid() {
		t.Errorf("by the table the holder is %+v", h)
	}
}

// ordinary makes a child one of a user without privileges.
func ordinary(t *testing.T) *syscall.SysProcAttr {
	t.Helper()
	need(t, "root", os.Geteuid() == 0)
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
}

func TestInUseByAnotherUser(t *testing.T) {
	attr := ordinary(t)
	s := mustOpen(t, Spec{Network: TCP})
	c := startOpener(t, fmt.Sprintf("tcp 127.0.0.1 %d", s.Port()), attr)
	c.hears(fmt.Sprintf("port %s is in use by a process of root | `sudo ss -ltnp 'sport = :%d'` tells which process; "+
		"stop it, or use another port (0 picks a free one)", s.Addr(), s.Port()))
}

func TestPrivilegedPort(t *testing.T) {
	attr := ordinary(t)
	need(t, "privileged ports", privilegedBelow() > 80)
	startOpener(t, "tcp 127.0.0.1 80", attr).hears(fmt.Sprintf("bind 127.0.0.1:80: permission denied | ports below %d are "+
		"the system's; use a higher one, or allow it: sudo sysctl net.ipv4.ip_unprivileged_port_start=80", privilegedBelow()))
}

func TestHeldBy(t *testing.T) {
	s := mustOpen(t, Spec{Network: TCP})
	holds, strays := startRole(t, "hold", s), startRole(t, "elsewhere", s)
	holds.hears("holding")
	strays.line()
	gone := startRole(t, "hold", s)
	gone.hears("holding")
	gone.end()
	got, err := s.HeldBy([]int{strays.pid(), holds.pid(), gone.pid()})
	if err != nil || !slices.Equal(got, []int{holds.pid()}) {
		t.Errorf("held by %v (%v), want %d", got, err, holds.pid())
	}
}

func TestListenersOf(t *testing.T) {
	s := mustOpen(t, Spec{Network: TCP})
	holds, strays := startRole(t, "hold", s), startRole(t, "elsewhere", s)
	holds.hears("holding")
	tcp, udp, _ := strings.Cut(strays.line(), " ")
	got, err := ListenersOf([]int{holds.pid(), strays.pid()})
	want := []Listener{{strays.pid(), TCP, tcp}, {strays.pid(), UDP, udp}}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v (%v), want %v", got, err, want)
	}
	if got, err := ListenersOf([]int{holds.pid()}); err != nil || len(got) != 0 {
		t.Errorf("of one that only has ours: %v (%v)", got, err)
	}
}

func TestTables(t *testing.T) {
	for text, want := range map[string]string{
		"0100007F:0BB8":                         "127.0.0.1:3000",
		"00000000:0050":                         "0.0.0.0:80",
		"00000000000000000000000001000000:1F90": "[::1]:8080",
	} {
		if got, err := hexAddrPort(text); err != nil || got.String() != want {
			t.Errorf("%s: %v (%v), want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"", "0100007F", "01:1", "0100007F:x", "0100007F00:1"} {
		if got, err := hexAddrPort(text); err == nil {
			t.Errorf("%q: %v, want an error", text, got)
		}
	}
}
