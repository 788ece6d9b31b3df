package proxy

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"devloop/orchestrator/test/testenv"
)

// TestRoomForOthers: clients that say nothing, and clients that wait between two
// requests, make room for those who ask; the front never has more of them than it
// may.
func TestRoomForOthers(t *testing.T) {
	const most, idle = 8, 40
	var told atomic.Int64
	room := NewRoom(most, func() bool { return told.Add(1) > 1 })
	f, url := one(t, Options{Room: room}, text("ok"))
	for i := range idle {
		said := ""
		if i%2 == 0 {
			said = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
		}
		raw(t, url, said)
	}
	for range 5 {
		_, r := raw(t, url, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		b, err := io.ReadAll(r)
		if err != nil || !strings.HasSuffix(string(b), "ok") {
			t.Fatalf("got %q, %v", b, err)
		}
	}
	room.mu.Lock()
	used := room.used
	room.mu.Unlock()
	if used > most || told.Load() != 2 {
		t.Errorf("%d places of %d, told %d times", used, most, told.Load())
	}
	f.Close()
	room.mu.Lock()
	defer room.mu.Unlock()
	if room.used != 0 || room.idle.Len() != 0 {
		t.Errorf("in the end %d places, %d idle", room.used, room.idle.Len())
	}
}

// TestRoomBehindACrowd: who has come behind very many clients that say nothing is answered
// once they have been let in and sent away, by a front of either kind and by a placeholder.
func TestRoomBehindACrowd(t *testing.T) {
	const most, crowd = 4, 400
	asks := func(t *testing.T, url, said, want string) {
		for range crowd {
			raw(t, url, "")
		}
		conn, r := raw(t, url, said)
		_ = conn.SetReadDeadline(time.Now().Add(15 * time.Second)) // each of the crowd had 250 ms once
		if line, err := r.ReadString('\n'); err != nil || !strings.Contains(line, want) {
			t.Errorf("got %q, %v", line, err)
		}
	}
	t.Run("http", func(t *testing.T) {
		t.Parallel()
		_, url := one(t, Options{Room: NewRoom(most, nil)}, text("ok"))
		asks(t, url, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "200 OK")
	})
	t.Run("whole connections", func(t *testing.T) {
		t.Parallel()
		f, url := front(t, Options{Room: NewRoom(most, nil)})
		l := listen(t)
		var served sync.WaitGroup
		served.Go(func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				served.Go(func() { io.Copy(conn, conn); conn.Close() })
			}
		})
		f.Serve(1, l.Addr().String())
		asks(t, url, "ping\n", "ping")
		f.Close()
		l.Close()
		served.Wait()
	})
	t.Run("placeholder", func(t *testing.T) {
		t.Parallel()
		s := NewPlaceholder(Options{Room: NewRoom(most, nil)})
		defer s.Close()
		l := listen(t)
		s.Accept(l)
		asks(t, l.Addr().String(), "GET / HTTP/1.1\r\nHost: x\r\nAccept: text/html\r\n\r\n", "503")
	})
}

// TestRoomIsNotTakenFromWhoAsks: a request that is being answered keeps its place,
// however many come.
func TestRoomIsNotTakenFromWhoAsks(t *testing.T) {
	room := NewRoom(3, nil)
	gate := make(chan struct{})
	_, url := one(t, Options{Room: room}, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		<-gate
		io.WriteString(w, "ok")
	}))
	answers := make(chan string, 10)
	for range cap(answers) {
		_, r := raw(t, url, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		go func() {
			b, _ := io.ReadAll(r)
			answers <- string(b)
		}()
	}
	testenv.UntilTrue(t, "the Room is full", func() bool {
		room.mu.Lock()
		defer room.mu.Unlock()
		return room.used == 3
	})
	close(gate)
	for range cap(answers) {
		if s := <-answers; !strings.HasSuffix(s, "ok") {
			t.Errorf("got %q", s)
		}
	}
}

// TestRoomOfWholeConnections: they wait for a place, and a front that closes while
// they do ends.
func TestRoomOfWholeConnections(t *testing.T) {
	room := NewRoom(1, nil)
	f, url := front(t, Options{Room: room})
	l := listen(t)
	defer l.Close()
	f.Serve(1, l.Addr().String())
	first, _ := raw(t, url, "one")
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	_, second := raw(t, url, "two")
	conn.Close()
	first.Close()
	if conn, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	io.WriteString(conn, "welcome")
	conn.(*net.TCPConn).CloseWrite()
	if b, err := io.ReadAll(second); err != nil || string(b) != "welcome" {
		t.Errorf("got %q, %v", b, err)
	}
	raw(t, url, "three") // waits until the end
	conn.Close()
}

// TestWholeConnectionsTakeTwoFiles: where there are few of them, a connection takes no
// others beside itself and that to the server.
func TestWholeConnectionsTakeTwoFiles(t *testing.T) {
	if _, err := os.ReadDir("/dev/fd"); err != nil {
		t.Skip("nothing tells how many files are open")
	}
	const clients = 20
	f, url := front(t, Options{Room: NewRoom(2*clients, nil)})
	l := listen(t)
	defer l.Close()
	f.Serve(1, l.Addr().String())
	before := openFiles(t)
	for range clients {
		conn, r := raw(t, url, "ping\n")
		server, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer server.Close()
		for _, side := range []struct {
			to   io.Writer
			from *bufio.Reader
			word string
		}{{nil, bufio.NewReader(server), "ping\n"}, {server, r, "pong\n"}} {
			if side.to != nil {
				io.WriteString(side.to, side.word)
			}
			if s, err := side.from.ReadString('\n'); err != nil || s != side.word {
				t.Fatalf("got %q, %v", s, err)
			}
		}
		defer conn.Close()
	}
	// The client's and the server's ends are ours, too.
	if n := openFiles(t) - before; n > 4*clients {
		t.Errorf("%d connections have opened %d files", clients, n)
	}
}

func openFiles(t *testing.T) int {
	t.Helper()
	files, err := os.ReadDir("/dev/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(files)
}
