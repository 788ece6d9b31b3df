package proxy

import (
	"context"
	"net"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"testing"

	"devloop/orchestrator/test/testenv"
)

func TestFreePort(t *testing.T) {
	seen := map[int]bool{}
	for range 50 {
		port, err := FreePort()
		if err != nil {
			t.Fatal(err)
		}
		if seen[port] {
			t.Errorf("port %d twice", port)
		}
		seen[port] = true
	}
}

func TestPortInUse(t *testing.T) {
	for _, host := range []string{"127.0.0.1", "::1"} {
		l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
		if err != nil {
			t.Logf("%s: %v", host, err)
			continue
		}
		port := l.Addr().(*net.TCPAddr).Port
		if portFree(port) == nil {
			t.Errorf("port %d is used on %s, and told to be free", port, host)
		}
		addr, err := Accepting(context.Background(), port)
		if want := net.JoinHostPort(host, strconv.Itoa(port)); err != nil || addr != want {
			t.Errorf("got %s, %v; want %s", addr, err, want)
		}
		l.Close()
		if addr, err := Accepting(context.Background(), port); err == nil {
			t.Errorf("nobody accepts any more, and %s is told to", addr)
		}
	}
}

// A program that is being started must not inherit what asks for the port: until it has its own descriptors, it would
// seem to accept there, and so would the server that has not even begun.
func TestFreePortWhileProgramsStart(t *testing.T) {
	var programs sync.WaitGroup
	ctx, cancel := context.WithCancel(t.Context())
	defer programs.Wait()
	defer cancel()
	for range 4 {
		programs.Go(func() {
			for ctx.Err() == nil {
				if err := exec.CommandContext(ctx, os.Args[0], "-test.run=^$").Run(); err != nil && ctx.Err() == nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for range testenv.Count(t, "DEVLOOP_PORTS", 300, 5000) {
		port, err := FreePort()
		if err != nil {
			t.Fatal(err)
		}
		if addr, err := Accepting(t.Context(), port); err == nil {
			t.Fatalf("%s accepts, and nobody listens there", addr)
		}
	}
}
