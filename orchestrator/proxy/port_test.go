package proxy

import (
	"context"
	"net"
	"strconv"
	"testing"
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
