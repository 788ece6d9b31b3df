package proxy

import (
	"io"
	"net"
	"strings"
	"testing"
)

// canned answers each connection with the same bytes, once.
func canned(t *testing.T, answer string) (addr string) {
	l := listen(t)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				conn.Read(make([]byte, 4096))
				io.WriteString(conn, answer)
				conn.(*net.TCPConn).CloseWrite()
				io.Copy(io.Discard, conn)
			}()
		}
	}()
	return l.Addr().String()
}

// TestAnswerToTheLetter: the status line, the headers and the body of an answer
// are the server's; nothing is guessed where it says nothing.
func TestAnswerToTheLetter(t *testing.T) {
	long := strings.Repeat("words ", 2000)
	for _, answer := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\nbody{color:red}",
		"HTTP/1.1 200 OK\r\nContent-Length: 52\r\n\r\n<html><meta charset=\"iso-8859-1\"><title>caf\xe9</title>",
		"HTTP/1.1 200 Gut so\r\nContent-Length: 2\r\nX-A: 1\r\nX-A: 2\r\n\r\nok",
		"HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok",
		"HTTP/1.1 299 Nobody knows\r\nContent-Length: 0\r\nDate: Mon, 01 Jan 2001 00:00:00 GMT\r\n\r\n",
		"HTTP/1.1 404 " + long + "\r\nContent-Length: 3\r\n\r\nno!",
		"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\nbody{color:red}",
		"HTTP/1.1 418 I'm a teapot\r\nContent-Length: 12000\r\n\r\n" + long,
	} {
		f, url := front(t, Options{HTTP: true})
		f.Serve(1, canned(t, answer))
		_, r := raw(t, url, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		b, err := io.ReadAll(r)
		if got := strings.Replace(string(b), "Connection: close\r\n", "", 1); err != nil || got != answer {
			t.Errorf("got %q, %v\nwant %q", b[:min(len(b), 300)], err, answer[:min(len(answer), 300)])
		}
	}
}

// TestInterimAnswerTo10: a client of HTTP/1.0 takes the first answer for the last one.
func TestInterimAnswerTo10(t *testing.T) {
	f, url := front(t, Options{HTTP: true})
	f.Serve(1, canned(t, "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
	_, r := raw(t, url, "GET / HTTP/1.0\r\n\r\n")
	b, err := io.ReadAll(r)
	if want := "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"; err != nil || string(b) != want {
		t.Errorf("got %q, %v, want %q", b, err, want)
	}
}

// TestAnswerThatEndsTooSoon: what has come of it is the client's, which sees that there
// should be more.
func TestAnswerThatEndsTooSoon(t *testing.T) {
	const answer = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"
	f, url := front(t, Options{HTTP: true})
	f.Serve(1, canned(t, answer))
	_, r := raw(t, url, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	if b, err := io.ReadAll(r); err != nil || string(b) != answer {
		t.Errorf("got %q, %v, want %q", b, err, answer)
	}
}

// TestReasonOfEach: each answer of a connection has its own phrase.
func TestReasonOfEach(t *testing.T) {
	f, url := front(t, Options{HTTP: true})
	conn, r := raw(t, url, "")
	for i, answer := range []string{"HTTP/1.1 200 Uno", "HTTP/1.1 200 OK", "HTTP/1.1 500 Tres"} {
		f.Serve(i, canned(t, answer+"\r\nContent-Length: 0\r\n\r\n"))
		io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		for first := true; ; first = false {
			line, err := r.ReadString('\n')
			if err != nil || first && line != answer+"\r\n" {
				t.Fatalf("got %q, %v", line, err)
			}
			if line == "\r\n" {
				break
			}
		}
	}
}
