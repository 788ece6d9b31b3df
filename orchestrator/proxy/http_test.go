package proxy

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"devloop/orchestrator/test/testenv"
)

// raw sends text on a connection of its own.
func raw(t testing.TB, url, text string) (net.Conn, *bufio.Reader) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	return conn, bufio.NewReader(conn)
}

// one is a front before one server.
func one(t testing.TB, opt Options, handler http.Handler) (*Front, string) {
	t.Helper()
	opt.HTTP = true
	f, url := front(t, opt)
	f.Serve(1, serve(t, handler).addr)
	return f, url
}

func TestRequestToTheLetter(t *testing.T) {
	_, url := one(t, Options{}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s %s %s\n", r.Method, r.RequestURI, r.Host)
		r.Header.Write(w)
	}))
	for _, c := range []struct{ what, request, want string }{
		{
			"a request as browsers send it",
			"GET /a%2Fb/ü|x//?q=1;2&%zz HTTP/1.1\r\nHost: app.localhost:3000\r\nAccept-Encoding: br\r\nCookie: a=b\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\n\r\n",
			"GET /a%2Fb/ü|x//?q=1;2&%zz app.localhost:3000\nAccept-Encoding: br\r\nCookie: a=b\r\nX-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Host: app.localhost:3000\r\nX-Forwarded-Proto: http\r\n",
		},
		{
			"from another proxy",
			"DELETE //x HTTP/1.1\r\nHost: x\r\nForwarded: for=1.2.3.4\r\nX-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Host: shop.example\r\nX-Forwarded-Proto: https\r\nConnection: close\r\n\r\n",
			"DELETE //x x\nForwarded: for=1.2.3.4\r\nX-Forwarded-For: 1.2.3.4, 127.0.0.1\r\nX-Forwarded-Host: shop.example\r\nX-Forwarded-Proto: https\r\n",
		},
		{
			"nothing is asked for that the client did not",
			"POST / HTTP/1.0\r\nHost: x\r\n\r\n",
			"POST / x\nContent-Length: 0\r\nX-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Host: x\r\nX-Forwarded-Proto: http\r\n",
		},
		{
			"the server itself",
			"OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
			"OPTIONS * x\nX-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Host: x\r\nX-Forwarded-Proto: http\r\n",
		},
	} {
		_, r := raw(t, url, c.request)
		res, err := http.ReadResponse(r, nil)
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if c.request[0] == 'O' && res.StatusCode == 200 && len(b) == 0 {
			continue // the server's net/http answers it itself
		}
		if string(b) != c.want {
			t.Errorf("%s: got\n%s\nwant\n%s", c.what, b, c.want)
		}
	}
}

func TestAnswers(t *testing.T) {
	checking := true
	_, url := one(t, Options{Checking: func() bool { return checking }}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Set-Cookie", "a=b")
		switch r.URL.Path {
		case "/known":
			w.Header().Set("Content-Length", "5")
			io.WriteString(w, "known")
		case "/chunked":
			io.WriteString(w, "chunk")
			w.(http.Flusher).Flush()
			io.WriteString(w, "ed")
		case "/trailer":
			w.Header().Set("Trailer", "X-Sum")
			io.WriteString(w, "body")
			w.Header().Set("X-Sum", "4")
		case "/hint":
			w.Header().Set("Link", "</a.css>")
			w.WriteHeader(http.StatusEarlyHints)
			w.WriteHeader(http.StatusNoContent)
		case "/gone":
			w.WriteHeader(http.StatusGone)
		}
	}))
	c := client(t)
	for _, a := range []struct {
		method, path string
		code         int
		length       int64
		body         string
	}{
		{"GET", "/known", 200, 5, "known"},
		{"HEAD", "/known", 200, 5, ""},
		{"GET", "/chunked", 200, -1, "chunked"},
		{"HEAD", "/chunked", 200, -1, ""},
		{"GET", "/trailer", 200, -1, "body"},
		{"GET", "/hint", 204, 0, ""},
		{"GET", "/gone", 410, 0, ""},
	} {
		req, _ := http.NewRequest(a.method, url+a.path, nil)
		res, err := c.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || res.StatusCode != a.code || res.ContentLength != a.length || string(b) != a.body {
			t.Errorf("%s %s: got %d, length %d, %q, %v", a.method, a.path, res.StatusCode, res.ContentLength, b, err)
		}
		if a.path == "/trailer" && res.Trailer.Get("X-Sum") != "4" {
			t.Errorf("got trailer %v", res.Trailer)
		}
		if got := res.Header.Get(checkingHeader); (got == "1") != checking || res.Header.Get("Set-Cookie") != "a=b" {
			t.Errorf("%s: got %v", a.path, res.Header)
		}
		checking = !checking
	}
}

// TestStreams: what the server writes arrives before it writes more.
func TestStreams(t *testing.T) {
	for _, kind := range []string{"text/event-stream", "application/x-ndjson", "known length"} {
		next := make(chan struct{})
		f, url := one(t, Options{}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", kind)
			if kind == "known length" {
				w.Header().Set("Content-Length", "15")
			}
			for i := range 3 {
				w.(http.Flusher).Flush() // the first has the header alone
				<-next
				fmt.Fprintf(w, "data%d", i)
			}
		}))
		res, err := client(t).Get(url)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 3 {
			next <- struct{}{}
			b := make([]byte, 5)
			if _, err := io.ReadFull(res.Body, b); err != nil || string(b) != fmt.Sprintf("data%d", i) {
				t.Errorf("%s: got %q, %v", kind, b, err)
			}
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			if left := f.Drain(ctx, 1); i < 2 && left != 1 {
				t.Errorf("%s: left %d", kind, left)
			}
		}
		res.Body.Close()
	}
}

// TestBothWays: answers may begin before the request has ended.
func TestBothWays(t *testing.T) {
	for _, h2 := range []bool{false, true} {
		_, url := one(t, Options{}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.NewResponseController(w).EnableFullDuplex()
			w.(http.Flusher).Flush()
			buf := make([]byte, 16)
			for {
				n, err := r.Body.Read(buf)
				w.Write(bytes.ToUpper(buf[:n]))
				w.(http.Flusher).Flush()
				if err != nil {
					return
				}
			}
		}))
		c := client(t)
		if h2 {
			speakH2(c)
		}
		r, w := io.Pipe()
		req, _ := http.NewRequest(http.MethodPost, url, r)
		res, err := c.Do(req) // returns with the header, before anything was sent
		if err != nil {
			t.Fatal(err)
		}
		for _, word := range []string{"one", "two", "three"} {
			io.WriteString(w, word)
			b := make([]byte, len(word))
			if _, err := io.ReadFull(res.Body, b); err != nil || string(b) != strings.ToUpper(word) {
				t.Errorf("h2 %v: got %q, %v", h2, b, err)
			}
		}
		w.Close()
		if b, err := io.ReadAll(res.Body); err != nil || len(b) != 0 {
			t.Errorf("h2 %v: got %q, %v", h2, b, err)
		}
		res.Body.Close()
	}
}

func speakH2(c *http.Client) {
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	c.Transport.(*http.Transport).Protocols = &protocols
}

// TestGRPC: HTTP/2 in clear text, with the trailers that a call's status is in.
func TestGRPC(t *testing.T) {
	f, url := front(t, Options{HTTP: true})
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "application/grpc")
		if r.ProtoMajor != 2 || r.Header.Get("Te") != "trailers" {
			http.Error(w, r.Proto, http.StatusHTTPVersionNotSupported)
			return
		}
		w.Write(b)
		w.Header().Set(http.TrailerPrefix+"Grpc-Status", "0")
		w.Header().Set(http.TrailerPrefix+"Grpc-Message", "fine")
	})
	c := client(t)
	speakH2(c)
	call := func() error {
		req, _ := http.NewRequest(http.MethodPost, url+"/shop.Cart/Add", strings.NewReader("\x00\x00\x00\x00\x02hi"))
		req.Header.Set("Te", "trailers")
		req.Header.Set("Content-Type", "application/grpc")
		res, err := c.Do(req)
		if err != nil {
			return err
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		if err != nil || res.ProtoMajor != 2 || string(b) != "\x00\x00\x00\x00\x02hi" || res.Trailer.Get("Grpc-Status") != "0" || res.Trailer.Get("Grpc-Message") != "fine" {
			return fmt.Errorf("got %s %q %v, %v", res.Status, b, res.Trailer, err)
		}
		return nil
	}
	held := make(chan error, 1)
	go func() { held <- call() }()
	testenv.UntilTrue(t, "the call waits", func() bool { return f.Stats().Waiting == 1 })
	for gen := range 5 {
		s := serve(t, handler)
		f.Serve(gen, s.addr)
		if gen == 0 {
			if err := <-held; err != nil {
				t.Error(err)
			}
		}
		for range 3 {
			if err := call(); err != nil {
				t.Error(err)
			}
		}
		f.Hold()
		f.Drain(context.Background(), gen)
		s.kill()
		f.Drop(gen, false)
	}
}

func TestBigUpload(t *testing.T) {
	_, url := one(t, Options{}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sum := sha256.New()
		io.Copy(sum, r.Body)
		fmt.Fprintf(w, "%x", sum.Sum(nil))
	}))
	content := make([]byte, 20<<20)
	rand.Read(content)
	for _, method := range []string{http.MethodPost, http.MethodPut} {
		for _, chunked := range []bool{false, true} {
			var body io.Reader = bytes.NewReader(content)
			if chunked {
				body = io.MultiReader(body)
			}
			req, _ := http.NewRequest(method, url, body)
			res, err := client(t).Do(req)
			if err != nil {
				t.Fatal(err)
			}
			b, _ := io.ReadAll(res.Body)
			res.Body.Close()
			if want := fmt.Sprintf("%x", sha256.Sum256(content)); string(b) != want {
				t.Errorf("%s, chunked %v: got %q", method, chunked, b)
			}
		}
	}
}

// TestNoBody: a POST without a body says so, or some servers wait for one.
func TestNoBody(t *testing.T) {
	f, url := front(t, Options{HTTP: true})
	l := listen(t)
	defer l.Close()
	f.Serve(1, l.Addr().String())
	for _, method := range []string{"POST", "PATCH", "PUT", "DELETE", "GET"} {
		client, r := raw(t, url, method+" / HTTP/1.1\r\nHost: x\r\n\r\n")
		conn, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		var head strings.Builder
		for lines := bufio.NewReader(conn); !strings.HasSuffix(head.String(), "\r\n\r\n"); {
			line, err := lines.ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			head.WriteString(line)
		}
		said := strings.Contains(head.String(), "Content-Length: 0\r\n")
		if want := strings.HasPrefix(method, "P"); said != want || strings.Contains(head.String(), "Transfer-Encoding") {
			t.Errorf("got %q", head.String())
		}
		io.WriteString(conn, "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
		conn.Close()
		if line, err := r.ReadString('\n'); err != nil || line != "HTTP/1.1 204 No Content\r\n" {
			t.Errorf("got %q, %v", line, err)
		}
		client.Close()
	}
}

// TestExpectContinue: nobody asks the client for a body before the server does.
func TestExpectContinue(t *testing.T) {
	f, url := front(t, Options{HTTP: true})
	asked := make(chan struct{})
	goOn := make(chan struct{})
	conn, r := raw(t, url, "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\nConnection: close\r\n\r\n")
	testenv.UntilTrue(t, "it waits", func() bool { return f.Stats().Waiting == 1 })
	f.Serve(1, serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(asked)
		<-goOn
		b, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "got %s", b)
	})).addr)
	<-asked
	if r.Buffered() != 0 {
		t.Error("something came before the server had asked")
	}
	close(goOn)
	line, err := r.ReadString('\n')
	if err != nil || line != "HTTP/1.1 100 Continue\r\n" {
		t.Fatalf("got %q, %v", line, err)
	}
	r.ReadString('\n')
	io.WriteString(conn, "body")
	b, err := io.ReadAll(r)
	if err != nil || !bytes.HasPrefix(b, []byte("HTTP/1.1 200 OK")) || !bytes.HasSuffix(b, []byte("got body")) {
		t.Errorf("got %q, %v", b, err)
	}
}

func TestClientLeaves(t *testing.T) {
	begun, ended := make(chan struct{}, 1), make(chan struct{}, 1)
	f, url := front(t, Options{HTTP: true})
	c := client(t)
	get := func() (leave func(), done chan error) {
		ctx, cancel := context.WithCancel(context.Background())
		req, _ := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		done = make(chan error, 1)
		go func() {
			res, err := c.Do(req)
			if err == nil {
				res.Body.Close()
			}
			done <- err
		}()
		return cancel, done
	}
	leave, done := get()
	testenv.UntilTrue(t, "it waits", func() bool { return f.Stats().Waiting == 1 })
	leave()
	<-done
	testenv.UntilTrue(t, "it is forgotten", func() bool { return f.Stats().Waiting == 0 })

	f.Serve(1, serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun <- struct{}{}
		<-r.Context().Done()
		ended <- struct{}{}
	})).addr)
	leave, done = get()
	<-begun
	leave()
	<-done
	<-ended
	testenv.UntilTrue(t, "nothing is in flight", func() bool { return len(f.Stats().InFlight) == 0 })
	if s := f.Stats(); s.Cut != 0 || s.Retried != 0 {
		t.Errorf("got %+v", s)
	}
}

// TestWebSocket: a connection that was upgraded stays with its generation, and
// does not hold up who drains it, until it is dropped.
func TestWebSocket(t *testing.T) {
	upgrade := func(name string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Upgrade") != "websocket" {
				io.WriteString(w, name)
				return
			}
			conn, rw, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello")
			for {
				line, err := rw.ReadString('\n')
				if err != nil {
					return
				}
				io.WriteString(conn, name+" "+line)
			}
		})
	}
	f, url := front(t, Options{HTTP: true})
	conn, r := raw(t, url, "GET /hmr HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
	testenv.UntilTrue(t, "it waits", func() bool { return f.Stats().Waiting == 1 })
	f.Serve(1, serve(t, upgrade("one")).addr)
	res, err := http.ReadResponse(r, nil)
	if err != nil || res.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("got %v, %v", res, err)
	}
	defer res.Body.Close()
	say := func(want string) {
		t.Helper()
		b := make([]byte, len(want))
		if _, err := io.ReadFull(r, b); err != nil || string(b) != want {
			t.Errorf("got %q, %v", b, err)
		}
	}
	say("hello")
	io.WriteString(conn, "ping\n")
	say("one ping\n")

	f.Serve(2, serve(t, upgrade("two")).addr)
	if _, body := get(t, client(t), url); body != "two" {
		t.Errorf("got %q", body)
	}
	if left := f.Drain(context.Background(), 1); left != 1 {
		t.Errorf("left %d", left)
	}
	io.WriteString(conn, "still there?\n")
	say("one still there?\n")
	if cut := f.Drop(1, false); cut != 1 {
		t.Errorf("cut %d", cut)
	}
	if b, err := io.ReadAll(r); len(b) != 0 {
		t.Errorf("got %q, %v", b, err)
	}
	testenv.UntilTrue(t, "it is counted", func() bool { return f.Stats().Cut == 1 })
}

// TestOneServerManyProtocols: one front, one server, both protocols at once.
func TestManyProtocols(t *testing.T) {
	_, url := one(t, Options{}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Proto) }))
	h1, h2 := client(t), client(t)
	speakH2(h2)
	for range 3 {
		if _, body := get(t, h1, url); body != "HTTP/1.1" {
			t.Errorf("got %q", body)
		}
		if _, body := get(t, h2, url); body != "HTTP/2.0" {
			t.Errorf("got %q", body)
		}
	}
}

func TestCloseEndsEverything(t *testing.T) {
	begun := make(chan struct{}, 2)
	f, url := one(t, Options{}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun <- struct{}{}
		if r.Header.Get("Upgrade") != "" {
			conn, _, _ := http.NewResponseController(w).Hijack()
			defer conn.Close()
			io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
			io.Copy(io.Discard, conn)
			return
		}
		<-r.Context().Done()
	}))
	_, r1 := raw(t, url, "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
	_, r2 := raw(t, url, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	<-begun
	<-begun
	f.Hold()
	_, r3 := raw(t, url, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	testenv.UntilTrue(t, "one waits", func() bool { return f.Stats().Waiting == 1 })
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	for _, r := range []*bufio.Reader{r1, r2, r3} {
		io.ReadAll(r) // ends
	}
	if s := f.Stats(); s.Waiting != 0 || len(s.InFlight) != 0 {
		t.Errorf("got %+v", s)
	}
	if _, err := net.DialTimeout("tcp", strings.TrimPrefix(url, "http://"), time.Second); err == nil {
		t.Error("it still listens")
	}
	f.Serve(9, "127.0.0.1:1") // nothing happens
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}
