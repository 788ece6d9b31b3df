package listenfd

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"devloop/orchestrator/test/testenv"
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
		testenv.UntilTrue(t, fmt.Sprintf("%d connections wait", want), func() bool { n, _ := queue(t, s); return n == want })
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
	if err := unix.Shutdown(fdOf(s), unix.SHUT_RDWR); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Queue(); !errors.Is(err, errNotListening) {
		t.Errorf("shut down: %v, want errNotListening", err)
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
		n, _, err := tcpQueue(fdOf(s))
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
	testenv.UntilTrue(t, "three connections wait", func() bool { n, _ := queue(t, s); return n == 3 })
	done := waiting(t, context.Background(), s)
	fd, _, err := unix.Accept(fdOf(s))
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
	if err := unix.SetsockoptInt(fdOf(s), unix.IPPROTO_TCP, unix.TCP_DEFER_ACCEPT, 1); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.WaitAccept(context.Background()) }()
	testenv.UntilTrue(t, "the held-back connection in the queue", func() bool {
		select {
		case err := <-done:
			t.Fatalf("WaitAccept returned %v before anybody accepted", err)
		default:
		}
		n, _, err := tcpQueue(fdOf(s))
		if err != nil {
			t.Fatal(err)
		}
		return n > 0
	})
	fd, _, err := unix.Accept(fdOf(s))
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
