package proxy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"devloop/orchestrator/test/testenv"
)

// dying is a server that reads requests and hangs up on each, until it has
// done so often enough; what it read is told.
func dying(t *testing.T, times int, then http.Handler) (addr string, asked *atomic.Int64) {
	asked = new(atomic.Int64)
	s := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) > int64(times) {
			then.ServeHTTP(w, r)
			return
		}
		io.Copy(io.Discard, r.Body)
		panic(http.ErrAbortHandler)
	}))
	return s.addr, asked
}

// TestSentAgain: what is safe is, and nothing else.
func TestSentAgain(t *testing.T) {
	small, large := strings.Repeat("x", 60<<10), strings.Repeat("x", 300<<10)
	for _, c := range []struct {
		method, body string
		header       string
		times        int // that the server hangs up
		asked        int64
		code         int
	}{
		{"GET", "", "", 1, 2, 200},
		{"HEAD", "", "", 1, 2, 200},
		{"OPTIONS", "", "", 1, 2, 200},
		{"DELETE", "", "", 1, 2, 200},
		{"PUT", small, "", 1, 2, 200},
		{"DELETE", small, "", 1, 2, 200},
		{"GET", "", "", 2, 2, 502}, // it hangs up on this
		{"HEAD", "", "", 99, 2, 502},
		{"PUT", small, "", 99, 2, 502},
		{"PUT", large, "", 1, 1, 502},
		{"POST", "", "", 1, 1, 502},
		{"POST", small, "", 1, 1, 502},
		{"POST", large, "", 1, 1, 502},
		{"PATCH", "", "", 1, 1, 502},
		{"POST", "", "Idempotency-Key", 1, 1, 502},
		{"POST", small, "Idempotency-Key", 1, 1, 502},
	} {
		f, url := front(t, Options{HTTP: true})
		addr, asked := dying(t, c.times, echo)
		f.Serve(1, addr)
		req, _ := http.NewRequest(c.method, url, io.MultiReader(strings.NewReader(c.body)))
		if c.body == "" {
			req.Body = nil
		}
		if c.header != "" {
			req.Header.Set(c.header, "1")
		}
		res, err := client(t).Do(req)
		if err != nil {
			t.Errorf("%s %d: %v", c.method, len(c.body), err)
			continue
		}
		b, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if res.StatusCode != c.code || asked.Load() != c.asked {
			t.Errorf("%s %d bytes, the server hangs up %d times: it was asked %d times, and the answer is %d", c.method, len(c.body), c.times, asked.Load(), res.StatusCode)
		}
		if c.code == 200 && c.method != "HEAD" && string(b) != c.method+" "+c.body {
			t.Errorf("%s %d: got %d bytes", c.method, len(c.body), len(b))
		}
		if c.code == 502 && res.Header.Get(pageHeader) != "failed" {
			t.Errorf("%s: got %v", c.method, res.Header)
		}
		wantCut := int64(0)
		if c.code == 502 {
			wantCut = 1
		}
		if s := f.Stats(); s.Cut != wantCut || len(s.InFlight) != 0 {
			t.Errorf("%s: got %+v", c.method, s)
		}
	}
}

// TestRequestThatKills: a request that a server dies of takes two generations
// with it at most, and no other request with them, though others are in flight
// to both, and http.Transport has connections on which it could ask once more.
func TestRequestThatKills(t *testing.T) {
	const others = 8
	f, url := front(t, Options{HTTP: true})
	var deaths atomic.Int64
	var restarts sync.WaitGroup
	var start func(gen int)
	start = func(gen int) {
		var s *server
		born := make(chan struct{})
		s = serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			<-born
			switch {
			case r.URL.Path == "/crash":
				deaths.Add(1)
				restarts.Go(func() {
					s.kill()
					f.Drop(gen, false)
					start(gen + 1)
				})
				<-r.Context().Done()
				panic(http.ErrAbortHandler)
			case r.URL.Path == "/quick":
			case gen == 1:
				<-r.Context().Done()
				panic(http.ErrAbortHandler)
			default: // long enough for who dies meanwhile to be noticed
				select {
				case <-r.Context().Done():
					panic(http.ErrAbortHandler)
				case <-time.After(20 * time.Millisecond):
				}
			}
			fmt.Fprint(w, gen)
		}))
		close(born)
		f.Serve(gen, s.addr)
	}
	start(1)

	c := client(t)
	ask := func(path string, codes chan<- int) {
		res, err := c.Get(url + path)
		if err != nil {
			t.Error(err)
			codes <- 0
			return
		}
		res.Body.Close()
		codes <- res.StatusCode
	}
	codes := make(chan int, others)
	for range others {
		go ask("/slow", codes)
	}
	testenv.UntilTrue(t, "they are in flight", func() bool { return f.Stats().InFlight[1] == others })
	quick := make(chan int, 1)
	ask("/quick", quick) // leaves a connection to be used again
	crash := make(chan int, 1)
	ask("/crash", crash)
	if code := <-crash; code != http.StatusBadGateway || deaths.Load() != 2 {
		t.Errorf("it was answered with %d after %d deaths", code, deaths.Load())
	}
	restarts.Wait() // or the last one begins when the test has ended
	for range others {
		if code := <-codes; code != http.StatusOK {
			t.Errorf("another one was answered with %d", code)
		}
	}
	if s := f.Stats(); s.Cut != 1 || len(s.InFlight) != 0 {
		t.Errorf("got %+v", s)
	}
}

// TestReplacedAgainAndAgain: a generation that is replaced says nothing against
// the request that it did not answer. All the waiting comes out of one MaxWait.
func TestReplacedAgainAndAgain(t *testing.T) {
	const replaced = 5
	f, url := front(t, Options{HTTP: true, MaxWait: 500 * time.Millisecond})
	answered := make(chan int, 1)
	c := client(t)
	go func() {
		code, _ := get(t, c, url)
		answered <- code
	}()
	for gen := range replaced {
		testenv.UntilTrue(t, "it waits", func() bool { return f.Stats().Waiting == 1 })
		s := serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
			panic(http.ErrAbortHandler)
		}))
		f.Serve(gen, s.addr)
		testenv.UntilTrue(t, "it is in flight", func() bool { return f.Stats().InFlight[gen] == 1 })
		f.Hold()
		s.kill()
		f.Drop(gen, false)
	}
	if code := <-answered; code != http.StatusServiceUnavailable {
		t.Errorf("got %d", code)
	}
	if s := f.Stats(); s.Retried != replaced || s.TimedOut != 1 {
		t.Errorf("got %+v", s)
	}
}

// TestPooledConnectionClosed: a server that closes a connection just when the
// next request is written to it, which every server with an idle timeout does.
func TestPooledConnectionClosed(t *testing.T) {
	f, url := front(t, Options{HTTP: true})
	l := listen(t)
	defer l.Close()
	f.Serve(1, l.Addr().String())
	c := client(t)
	for range 20 {
		done := make(chan int, 1)
		ask := func() {
			code, _ := get(t, c, url)
			done <- code
		}
		go ask()
		conn, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 4096)
		conn.Read(buf)
		io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		<-done
		go ask()
		conn.Read(buf) // the second request, on the same connection
		reset(conn)
		conn, err = l.Accept() // and here it is again
		if err != nil {
			t.Fatal(err)
		}
		conn.Read(buf)
		io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
		if code := <-done; code != 200 {
			t.Errorf("got %d", code)
		}
		conn.Close()
	}
}

// TestDialledAgain: nothing was sent to who does not accept yet, so even a POST
// waits for it; it is dialled until it accepts, and told of nobody else.
func TestDialledAgain(t *testing.T) {
	f, url := front(t, Options{HTTP: true})
	l := listen(t)
	addr := l.Addr().String()
	l.Close()
	f.Serve(1, addr)
	done := make(chan error, 1)
	go func() { done <- ask(client(t), url, true) }()
	testenv.UntilTrue(t, "it is dialled again", func() bool { return f.Stats().Retried >= 3 })
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Skip(err) // somebody else has the port by now
	}
	serveOn(t, l, echo)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestDialledInVain(t *testing.T) {
	f, url := front(t, Options{HTTP: true, MaxWait: 20 * time.Millisecond})
	l := listen(t)
	l.Close()
	f.Serve(1, l.Addr().String())
	res, err := client(t).Post(url, "", strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if s := f.Stats(); res.StatusCode != 503 || s.TimedOut != 1 || s.Cut != 0 {
		t.Errorf("got %d, %+v", res.StatusCode, s)
	}
}

// TestBodyHalfRead: the server dies while the client still sends; what it has
// sent is sent again, the rest follows.
func TestBodyHalfRead(t *testing.T) {
	f, url := front(t, Options{HTTP: true})
	l := listen(t)
	defer l.Close()
	f.Serve(1, l.Addr().String())
	r, w := io.Pipe()
	done := make(chan string, 1)
	go func() {
		req, _ := http.NewRequest(http.MethodPut, url, r)
		res, err := client(t).Do(req)
		if err != nil {
			done <- err.Error()
			return
		}
		defer res.Body.Close()
		b, _ := io.ReadAll(res.Body)
		done <- string(b)
	}()
	io.WriteString(w, "one ")
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	var got []byte
	for buf := make([]byte, 512); !bytes.Contains(got, []byte("one ")); {
		n, err := conn.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, buf[:n]...)
	}
	f.Hold()
	reset(conn)
	io.WriteString(w, "two ") // http.Transport looks up when it has something to send
	testenv.UntilTrue(t, "it waits again", func() bool { return f.Stats().Waiting == 1 })
	f.Drop(1, false)
	f.Serve(2, serve(t, echo).addr)
	io.WriteString(w, "three")
	w.Close()
	if s := <-done; s != "PUT one two three" {
		t.Errorf("got %q", s)
	}
}

// TestDropAlive: a server that hangs is dropped while it lives. What it has
// not answered goes to the next one, if that is safe; what it has begun ends.
func TestDropAlive(t *testing.T) {
	begun := make(chan struct{}, 3)
	gate := make(chan struct{})
	f, url := front(t, Options{HTTP: true})
	f.Serve(1, serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/begun" {
			w.Header().Set("Content-Length", "9")
			io.WriteString(w, "begun")
			w.(http.Flusher).Flush()
		}
		begun <- struct{}{}
		<-gate
	})).addr)
	defer close(gate)
	type answer struct {
		code int
		body string
		err  error
	}
	c := client(t)
	ask := func(method, path string) chan answer {
		done := make(chan answer, 1)
		go func() {
			req, _ := http.NewRequest(method, url+path, nil)
			res, err := c.Do(req)
			if err != nil {
				done <- answer{err: err}
				return
			}
			defer res.Body.Close()
			b, err := io.ReadAll(res.Body)
			done <- answer{res.StatusCode, string(b), err}
		}()
		<-begun
		return done
	}
	safe, post := ask("GET", "/"), ask("POST", "/")
	_, half := raw(t, url, "GET /begun HTTP/1.1\r\nHost: x\r\n\r\n")
	<-begun
	for line := ""; line != "\r\n"; { // the head has come
		line, _ = half.ReadString('\n')
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if left := f.Drain(ctx, 1); left != 3 {
		t.Errorf("left %d", left)
	}
	if cut := f.Drop(1, false); cut != 2 {
		t.Errorf("cut %d", cut)
	}
	f.Serve(2, serve(t, echo).addr)
	if a := <-safe; a.code != 200 || a.body != "GET " {
		t.Errorf("GET: got %+v", a)
	}
	if a := <-post; a.code != 502 {
		t.Errorf("POST: got %+v", a)
	}
	if b, _ := io.ReadAll(half); string(b) != "begun" {
		t.Errorf("half an answer: got %q", b)
	}
	testenv.UntilTrue(t, "nothing is in flight", func() bool { return len(f.Stats().InFlight) == 0 })
	if s := f.Stats(); s.Cut != 2 || s.Retried != 1 {
		t.Errorf("got %+v", s)
	}
}

// TestDeadMensWords: what a server had written before it died is delivered,
// however slowly the client reads.
func TestDeadMensWords(t *testing.T) {
	for _, http1 := range []bool{true, false} {
		f, url := front(t, Options{HTTP: http1})
		l := listen(t)
		f.Serve(1, l.Addr().String())
		_, r := raw(t, url, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		conn, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		conn.Read(make([]byte, 4096))
		io.WriteString(conn, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
		size := 0
		conn.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
		for err = nil; err == nil && size < 64<<20; { // until all buffers are full
			var n int
			n, err = conn.Write(make([]byte, 64<<10))
			size += n
		}
		if !errors.Is(err, context.DeadlineExceeded) && err == nil {
			t.Skipf("buffers of more than %d bytes", size)
		}
		conn.Close()
		l.Close()
		f.Drop(1, false)
		b, err := io.ReadAll(r)
		if got := len(b) - bytes.Index(b, []byte("\r\n\r\n")) - 4; err != nil || http1 && !strings.Contains(string(b[:200]), "chunked") && got != size || !http1 && got != size {
			t.Errorf("http %v: got %d of %d bytes, %v", http1, got, size, err)
		}
	}
}

// TestMalformedBody: it is the client's mistake, is told so, and no server is asked
// twice.
func TestMalformedBody(t *testing.T) {
	for _, method := range []string{"POST", "PUT"} {
		for _, size := range []int{1, 2 * keepBody} {
			var asked atomic.Int64
			_, url := one(t, Options{}, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				asked.Add(1)
				io.Copy(io.Discard, r.Body)
			}))
			conn, r := raw(t, url, fmt.Sprintf("%s / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\nZZ\r\n",
				method, size, strings.Repeat("x", size)))
			if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
				t.Fatal(err)
			}
			b, err := io.ReadAll(r)
			if err != nil || !strings.HasPrefix(string(b), "HTTP/1.1 400 ") || !strings.Contains(string(b), "the body of the request cannot be read: ") {
				t.Errorf("%s %d: got %q, %v", method, size, b, err)
			}
			if n := asked.Load(); n > 1 {
				t.Errorf("%s %d: asked %d times", method, size, n)
			}
		}
	}
}
