//go:build unix

package listenfd

import (
	"context"
	"errors"
	"net"
	"os"
	"runtime"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"devloop/orchestrator/test/testenv"
)

// askedContext says when somebody begins to wait for it.
type askedContext struct {
	context.Context
	once  *sync.Once
	asked chan struct{}
}

func (c askedContext) Done() <-chan struct{} {
	c.once.Do(func() { close(c.asked) })
	return c.Context.Done()
}

// waiting runs WaitAccept, and returns once it looks at the queue, with a connection in it.
func waiting(t *testing.T, ctx context.Context, s *Socket) <-chan error {
	t.Helper()
	asked := askedContext{ctx, new(sync.Once), make(chan struct{})}
	done := make(chan error, 1)
	go func() { done <- s.WaitAccept(asked) }()
	<-asked.asked
	testenv.UntilTrue(t, "a connection in the queue", func() bool {
		n, err := s.pending()
		if err != nil {
			t.Fatal(err)
		}
		return n > 0
	})
	select {
	case err := <-done:
		t.Fatalf("WaitAccept returned %v before anybody accepted", err)
	default:
	}
	return done
}

func bothStreams(t *testing.T, test func(t *testing.T, s *Socket)) {
	t.Run("tcp", func(t *testing.T) { test(t, mustOpen(t, Spec{Network: TCP, Host: "0.0.0.0"})) })
	t.Run("unix", func(t *testing.T) { test(t, mustOpen(t, Spec{Network: Unix, Path: sockPath(t)})) })
}

func TestWaitAcceptWithALateServer(t *testing.T) {
	bothStreams(t, func(t *testing.T, s *Socket) {
		c := startRole(t, "late", s)
		c.hears("waiting")
		done := waiting(t, context.Background(), s)
		c.tell()
		if err := <-done; err != nil {
			t.Error(err)
		}
		_ = c.cmd.Process.Kill() // it accepts, and does not listen to us
	})
}

func TestWaitAcceptWithAServerThatIsThere(t *testing.T) {
	bothStreams(t, func(t *testing.T, s *Socket) {
		startRole(t, "serve", s).hears("serving")
		for range 50 {
			if err := s.WaitAccept(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestWaitAcceptEndsWithItsContext(t *testing.T) {
	bothStreams(t, func(t *testing.T, s *Socket) {
		startRole(t, "hold", s).hears("holding")
		cause := errors.New("stopped")
		for range 3 {
			ctx, cancel := context.WithCancelCause(context.Background())
			done := waiting(t, ctx, s)
			cancel(cause)
			if err := <-done; err != cause {
				t.Errorf("%v, want the context's cause", err)
			}
		}
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if err := s.WaitAccept(ctx); err != context.Canceled {
			t.Errorf("with a context that is over: %v", err)
		}
	})
}

// Clients that already wait are as good a sign as a connection of our own, and the first of them that is accepted counts.
func TestWaitAcceptWithClientsWaiting(t *testing.T) {
	bothStreams(t, func(t *testing.T, s *Socket) {
		network := "tcp"
		if s.Network() == Unix {
			network = "unix"
		}
		const clients = 3
		for range clients {
			c, err := net.Dial(network, s.Addr())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
		}
		done := waiting(t, context.Background(), s)
		for i := range clients {
			fd, _, err := unix.Accept(fdOf(s))
			if err != nil {
				t.Fatal(err)
			}
			_ = unix.Close(fd)
			if n, _ := s.pending(); (n > 0) != (i < clients-1) {
				t.Errorf("%d wait after %d were accepted: WaitAccept queued too", n, i+1)
			}
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// A server that serves one connection at a time has taken ours, and waits for it to say something, before WaitAccept has
// looked; behind it a client has come into the queue, so that it is never seen empty.
func TestWaitAcceptBeforeAClient(t *testing.T) {
	bothStreams(t, func(t *testing.T, s *Socket) {
		if runtime.GOOS != "linux" && s.Network() == TCP {
			t.Skip("this system does not tell who has a connection")
		}
		p, err := s.park()
		if err != nil {
			t.Fatal(err)
		}
		defer p.leave()
		fd, _, err := unix.Accept(fdOf(s))
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(fd)
		network := "tcp"
		if s.Network() == Unix {
			network = "unix"
		}
		client, err := net.Dial(network, s.Addr())
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		if s.Network() == Unix {
			if n, err := unix.Read(fd, make([]byte, 1)); n != 0 || err != nil {
				t.Errorf("the server reads %d, %v from the connection; want its end", n, err)
			}
			return
		}
		if err := s.waitLeft(t.Context(), p, 0); err != nil {
			t.Error(err)
		}
	})
}

func TestWaitAcceptOfAShutDownSocket(t *testing.T) {
	bothStreams(t, func(t *testing.T, s *Socket) {
		done := waiting(t, context.Background(), s)
		if err := unix.Shutdown(fdOf(s), unix.SHUT_RDWR); err != nil {
			t.Fatal(err)
		}
		if err := <-done; !errors.Is(err, errNotListening) {
			t.Errorf("shut down meanwhile: %v, want errNotListening", err)
		}
		if err := s.WaitAccept(context.Background()); !errors.Is(err, errNotListening) {
			t.Errorf("shut down before: %v, want errNotListening", err)
		}
	})
}

func TestWaitAcceptEndsWithClose(t *testing.T) {
	bothStreams(t, func(t *testing.T, s *Socket) {
		done := waiting(t, context.Background(), s)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if err := <-done; !errors.Is(err, os.ErrClosed) {
			t.Errorf("%v, want os.ErrClosed", err)
		}
	})
}

func TestWaitAcceptNeedsAStream(t *testing.T) {
	s := mustOpen(t, Spec{Network: UDP})
	if err := s.WaitAccept(context.Background()); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("%v, want ErrUnsupported", err)
	}
}
