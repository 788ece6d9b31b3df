//go:build unix

package listenfd

import (
	"errors"
	"net"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// Starting the next generation with the standard library must not change the mode under the running one: an event loop
// that accepts until EAGAIN would hang in its next accept.
func TestOverlapLeavesTheModeAlone(t *testing.T) {
	s := mustOpen(t, Spec{Network: TCP})
	first := startRole(t, "serve", s)
	first.hears("serving")
	if !nonblocking(t, s) {
		t.Fatal("the first generation did not turn O_NONBLOCK on: this test proves nothing")
	}
	for range 3 {
		if err := s.Refresh(); err != nil {
			t.Fatal(err)
		}
		startRole(t, "hold", s).hears("holding")
		if _, err := s.File().SyscallConn(); err != nil {
			t.Fatal(err)
		}
		_ = s.File().Fd()
		if !nonblocking(t, s) {
			t.Fatal("O_NONBLOCK is off under the running generation")
		}
		if got := ask(t, s); got != "hello\n" {
			t.Fatalf("the running generation says %q", got)
		}
	}
	first.end()
	if err := s.Reset(); err != nil {
		t.Fatal(err)
	}
	if nonblocking(t, s) {
		t.Error("O_NONBLOCK is on for the next generation, with nobody else alive")
	}
}

func TestRefreshRevivesAShutDownSocket(t *testing.T) {
	for _, host := range []string{"127.0.0.1", "localhost"} {
		s := mustOpen(t, Spec{Network: TCP, Host: host}) // a picked port, which Linux forgets more easily
		c := startRole(t, "shutdown", s)
		c.hears("shut down")
		if conn, err := net.Dial("tcp", s.Addr()); !errors.Is(err, unix.ECONNREFUSED) {
			if err == nil {
				_ = conn.Close()
			}
			t.Fatalf("connecting after shutdown: %v, want ECONNREFUSED", err)
		}
		c.end()
		if err := s.Refresh(); err != nil {
			t.Fatal(err)
		}
		if at, err := boundTo(fdOf(s)); err != nil || at.String() != s.Addr() {
			t.Fatalf("now bound to %v (%v), was %s", at, err, s.Addr())
		}
		startRole(t, "serve", s).hears("serving")
		if got := ask(t, s); got != "hello\n" {
			t.Errorf("the next generation says %q", got)
		}
	}
}

// Nothing can make a unix socket listen again after shutdown, and nothing can bind it to its path again: Refresh says so,
// and Reset puts a new one in the place.
func TestResetReplacesALostPath(t *testing.T) {
	for name, lose := range map[string]func(t *testing.T, s *Socket){
		"shut down": func(t *testing.T, s *Socket) {
			c := startRole(t, "shutdown", s)
			c.hears("shut down")
			c.end()
		},
		"removed": func(t *testing.T, s *Socket) {
			if err := os.Remove(s.Addr()); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(strings.ReplaceAll(name, " ", "-"), func(t *testing.T) {
			s := mustOpen(t, Spec{Network: Unix, Path: sockPath(t), Mode: 0o660})
			file, fd := s.File(), fdOf(s)
			if err := s.Refresh(); err != nil {
				t.Fatal(err)
			}
			lose(t, s)
			if err := s.Refresh(); !errors.Is(err, errLost) {
				t.Fatalf("Refresh: %v, want errLost", err)
			}
			if err := s.Reset(); err != nil {
				t.Fatal(err)
			}
			if s.File() != file || fdOf(s) != fd {
				t.Error("the File changed")
			}
			if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 {
				t.Errorf("the descriptor is not close-on-exec (%v)", err)
			}
			if info, err := os.Stat(s.Addr()); err != nil || info.Mode().Perm() != 0o660 {
				t.Errorf("%v, %v, want the mode asked for", info, err)
			}
			startRole(t, "serve", s).hears("serving")
			if got := ask(t, s); got != "hello\n" {
				t.Errorf("the next generation says %q", got)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			if _, err := os.Lstat(s.Addr()); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("after Close: %v, want the new file gone", err)
			}
		})
	}
}

// What waits in the queue is not lost with the generation that did not accept it.
func TestQueueOutlivesAGeneration(t *testing.T) {
	s := mustOpen(t, Spec{Network: TCP})
	first := startRole(t, "hold", s)
	first.hears("holding")
	c, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	first.end()
	if err := s.Reset(); err != nil {
		t.Fatal(err)
	}
	startRole(t, "serve", s).hears("serving")
	said := make([]byte, 6)
	if _, err := c.Read(said); err != nil || string(said) != "hello\n" {
		t.Errorf("the waiting client reads %q (%v)", said, err)
	}
}

func TestUDPGenerations(t *testing.T) {
	s := mustOpen(t, Spec{Network: UDP})
	if err := s.Refresh(); err != nil {
		t.Error(err)
	}
	if err := unix.SetNonblock(fdOf(s), true); err != nil {
		t.Fatal(err)
	}
	if err := s.Reset(); err != nil {
		t.Error(err)
	}
	if nonblocking(t, s) {
		t.Error("still non-blocking after Reset")
	}
}
