package listenfd

import (
	"net"
	"testing"
)

// TestAccepted: what waits in the queue is not accepted, what was closed is not open.
func TestAccepted(t *testing.T) {
	s, err := Open(Spec{Name: "web", Network: TCP, Host: "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	server, err := net.FileListener(s.File())
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	expect := func(want int) {
		t.Helper()
		if got, err := s.Accepted(); err != nil || got != want {
			t.Errorf("%d connections, %v; want %d", got, err, want)
		}
	}
	expect(0)
	client, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	expect(0)
	conn, err := server.Accept()
	if err != nil {
		t.Fatal(err)
	}
	expect(1)
	conn.Close()
	expect(0)
}
