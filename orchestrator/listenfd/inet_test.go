//go:build unix

package listenfd

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestPortZeroPicksOnce(t *testing.T) {
	s := mustOpen(t, Spec{Network: TCP})
	if s.Port() == 0 || s.Addr() != "127.0.0.1:"+strconv.Itoa(s.Port()) {
		t.Fatalf("address %s, port %d", s.Addr(), s.Port())
	}
	at, err := boundTo(fdOf(s))
	if err != nil || at.String() != s.Addr() {
		t.Errorf("bound to %v (%v), want %s", at, err, s.Addr())
	}
}

func TestOptions(t *testing.T) {
	s := mustOpen(t, Spec{Network: TCP})
	if option(t, s, unix.SOL_SOCKET, unix.SO_REUSEADDR) == 0 {
		t.Error("SO_REUSEADDR is off")
	}
	if option(t, s, unix.SOL_SOCKET, unix.SO_REUSEPORT) != 0 {
		t.Error("SO_REUSEPORT is on")
	}
	if nonblocking(t, s) {
		t.Error("the descriptor is not blocking")
	}
	flags, err := unix.FcntlInt(uintptr(fdOf(s)), syscall.F_GETFD, 0)
	if err != nil || flags&syscall.FD_CLOEXEC == 0 {
		t.Errorf("the descriptor is not close-on-exec (%v)", err)
	}
	if s.File() != s.File() {
		t.Error("a second File")
	}
}

// A server that ignores what it was given, and binds the port itself, must be told, whatever options it uses.
func TestNobodyElseBindsTheAddress(t *testing.T) {
	for _, network := range []Network{TCP, UDP} {
		s := mustOpen(t, Spec{Network: network})
		for _, options := range thieves {
			if err := steal(t, s, netip.MustParseAddr("127.0.0.1"), options); !errors.Is(err, unix.EADDRINUSE) {
				t.Errorf("%s with options %v: %v, want EADDRINUSE", network, options, err)
			}
		}
	}
}

// thieves are the socket options with which somebody might try to get an address that is taken.
var thieves = [][]int{nil, {unix.SO_REUSEADDR}, {unix.SO_REUSEPORT}, {unix.SO_REUSEADDR, unix.SO_REUSEPORT}}

// steal binds the port of s on ip, and listens.
func steal(t *testing.T, s *Socket, ip netip.Addr, options []int) error {
	t.Helper()
	family, sockaddr, err := inetSockaddr(ip, s.Port())
	if err != nil {
		t.Fatal(err)
	}
	kind := unix.SOCK_STREAM
	if s.Network() == UDP {
		kind = unix.SOCK_DGRAM
	}
	fd, err := newSocket(family, kind)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	for _, option := range options {
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, option, 1); err != nil {
			t.Fatal(err)
		}
	}
	if err := unix.Bind(fd, sockaddr); err != nil {
		return err
	}
	if kind == unix.SOCK_DGRAM {
		return nil
	}
	return unix.Listen(fd, 1)
}

func TestIPv6IsOnlyIPv6(t *testing.T) {
	needIPv6(t)
	s := mustOpen(t, Spec{Network: TCP, Host: "::"})
	if option(t, s, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY) != 1 {
		t.Error("IPV6_V6ONLY is off")
	}
	four, err := Open(Spec{Name: "web", Network: TCP, Host: "0.0.0.0", Port: s.Port()})
	for range 9 { // a connection over IPv4 may have the number; with IPV6_V6ONLY off, each would be refused
		if !errors.Is(err, unix.EADDRINUSE) {
			break
		}
		s = mustOpen(t, Spec{Network: TCP, Host: "::"})
		four, err = Open(Spec{Name: "web", Network: TCP, Host: "0.0.0.0", Port: s.Port()})
	}
	if err != nil {
		t.Fatal(err)
	}
	defer four.Close()
	if want := "0.0.0.0:" + strconv.Itoa(s.Port()); four.Addr() != want {
		t.Errorf("bound %s, want %s", four.Addr(), want)
	}
	if want := "[::]:" + strconv.Itoa(s.Port()); s.Addr() != want {
		t.Errorf("bound %s, want %s", s.Addr(), want)
	}
}

func TestLocalhostReservesIPv6(t *testing.T) {
	needIPv6(t)
	for _, port := range []int{0, pickPort(t)} {
		s := mustOpen(t, Spec{Network: TCP, Host: "localhost", Port: port})
		if want := "127.0.0.1:" + strconv.Itoa(s.Port()); s.Addr() != want || port != 0 && s.Port() != port {
			t.Errorf("bound %s for port %d", s.Addr(), port)
		}
		for _, options := range thieves {
			if err := steal(t, s, netip.IPv6Loopback(), options); !errors.Is(err, unix.EADDRINUSE) {
				t.Errorf("with options %v [::1] can be taken: %v, want EADDRINUSE", options, err)
			}
		}
		if _, err := net.Dial("tcp", six(s)); !errors.Is(err, unix.ECONNREFUSED) {
			t.Errorf("connecting to [::1]: %v, want ECONNREFUSED", err)
		}
		startRole(t, "serve", s).hears("serving")
		c, err := net.Dial("tcp", "localhost:"+strconv.Itoa(s.Port()))
		if err != nil {
			t.Fatal(err)
		}
		if said, err := io.ReadAll(c); string(said) != "hello\n" {
			t.Errorf("localhost said %q (%v)", said, err)
		}
		_ = c.Close()
	}
}

func six(s *Socket) string { return net.JoinHostPort("::1", strconv.Itoa(s.Port())) }

// pickPort is a port that was free a moment ago.
func pickPort(t *testing.T) int {
	t.Helper()
	s, err := Open(Spec{Network: TCP, Host: "localhost"})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return s.Port()
}

func TestLocalhostNamesWhoHasIPv6(t *testing.T) {
	needIPv6(t)
	l, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := l.Addr().(*net.TCPAddr).Port
	_, err = Open(Spec{Network: TCP, Host: "localhost", Port: port})
	var inUse *InUseError
	if !errors.As(err, &inUse) || !inUse.Reserve || inUse.Addr != l.Addr().String() {
		t.Fatalf("%#v, want an InUseError for the reservation of %s", err, l.Addr())
	}
	if !strings.Contains(inUse.Hint(), "127.0.0.1 and on ::1") {
		t.Errorf("hint %q", inUse.Hint())
	}
}

// What waits in TIME_WAIT does not keep the next start from binding, on either address.
func TestBindsOverTimeWait(t *testing.T) {
	needIPv6(t)
	for _, host := range []string{"127.0.0.1", "::1"} {
		l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
		if err != nil {
			t.Fatal(err)
		}
		client, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		server, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		_ = server.Close() // who hangs up first keeps the port in TIME_WAIT
		if _, err := io.ReadAll(client); err != nil {
			t.Fatal(err)
		}
		_ = client.Close()
		_ = l.Close()
		mustOpen(t, Spec{Network: TCP, Host: "localhost", Port: l.Addr().(*net.TCPAddr).Port})
	}
}

// A datagram to the reserved address is not swallowed.
func TestLocalhostUDPRefusesIPv6(t *testing.T) {
	needIPv6(t)
	s := mustOpen(t, Spec{Network: UDP, Host: "localhost"})
	for _, options := range thieves {
		if err := steal(t, s, netip.IPv6Loopback(), options); !errors.Is(err, unix.EADDRINUSE) {
			t.Errorf("with options %v [::1] can be taken: %v, want EADDRINUSE", options, err)
		}
	}
	c, err := net.Dial("udp", six(s))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if err := c.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil { // else a failure would hang
		t.Fatal(err)
	}
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, unix.ECONNREFUSED) {
		t.Errorf("reading the answer: %v, want ECONNREFUSED", err)
	}
}

func TestCloseGivesTheAddressBack(t *testing.T) {
	s := mustOpen(t, Spec{Network: TCP, Host: "localhost"})
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	again := mustOpen(t, Spec{Network: TCP, Host: "localhost", Port: s.Port()})
	if again.Addr() != s.Addr() {
		t.Errorf("bound %s, want %s", again.Addr(), s.Addr())
	}
	if err := s.Refresh(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("refreshing a closed socket: %v", err)
	}
}

func TestMistakes(t *testing.T) {
	for _, test := range []struct {
		spec Spec
		text string
	}{
		{Spec{Network: TCP, Host: "example.org", Port: 80}, "bind example.org:80: the host is neither an IP address nor localhost"},
		{Spec{Network: TCP, Port: 65536}, "bind 127.0.0.1:65536: the port is not between 0 and 65535"},
		{Spec{Network: TCP, Host: "192.0.2.1", Port: 1}, "bind 192.0.2.1:1: cannot assign requested address"},
		{Spec{Network: "sctp", Port: 1}, `bind 127.0.0.1:1: unknown network "sctp"`},
	} {
		s, err := Open(test.spec)
		if err == nil {
			_ = s.Close()
		}
		if fmt.Sprint(err) != test.text {
			t.Errorf("%v: %v\nwant %s", test.spec, err, test.text)
		}
	}
}

func TestWhoCommand(t *testing.T) {
	for _, test := range []struct {
		goos    string
		network Network
		addr    string
		want    string
	}{
		{"linux", TCP, "127.0.0.1:3000", "sudo ss -ltnp 'sport = :3000'"},
		{"linux", UDP, "[::1]:53", "sudo ss -lunp 'sport = :53'"},
		{"linux", Unix, "/tmp/a", "sudo lsof /tmp/a"},
		{"darwin", TCP, "127.0.0.1:3000", "sudo lsof -nP -iTCP:3000 -sTCP:LISTEN"},
		{"freebsd", TCP, "127.0.0.1:3000", "sudo sockstat -l -p 3000"},
	} {
		if got := whoCommand(test.goos, test.network, test.addr); got != test.want {
			t.Errorf("%s %s: %s, want %s", test.goos, test.network, got, test.want)
		}
	}
}
