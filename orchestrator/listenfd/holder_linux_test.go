package listenfd

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"devloop/orchestrator/test/testenv"
)

// startOpener runs a child that opens spec, "NETWORK HOST PORT", and first says "bound ADDR" or why not, with the hint.
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
	testenv.Need(t, "root", os.Geteuid() == 0)
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
	testenv.Need(t, "privileged ports", privilegedBelow() > 80)
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
