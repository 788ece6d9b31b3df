package inject

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"devloop/orchestrator/livereload"
	"devloop/orchestrator/proxy"
)

// backend is a server for a front.
func backend(t testing.TB, handler http.HandlerFunc) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	s := &http.Server{Handler: handler, Protocols: &protocols, ErrorLog: log.New(io.Discard, "", 0)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Serve(l)
	}()
	t.Cleanup(func() {
		_ = s.Close()
		<-done
	})
	return l.Addr().String()
}

// front is the real proxy, with pages and a hub; addr is its own.
func front(t *testing.T, hub *livereload.Hub) (f *proxy.Front, addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	in := injector(nil)
	in.opt.Mark = func(generation int) string { return fmt.Sprintf("b00t.%d.1", generation) }
	in.opt.Integrity = func() string { // of the script as it is served
		w := httptest.NewRecorder()
		hub.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://localhost/_devloop/live.js", nil))
		sum := sha256.Sum256(w.Body.Bytes())
		return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
	}
	opt := proxy.Options{Name: "web", HTTP: true, Pages: in.Request}
	if hub != nil {
		opt.Own = func(path string) http.Handler {
			if strings.HasPrefix(path, livereload.Prefix) {
				return hub
			}
			return nil
		}
	}
	f = proxy.New(l, opt)
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f, l.Addr().String()
}

// served is a front before one server.
func served(t *testing.T, handler http.HandlerFunc) (addr, direct string) {
	t.Helper()
	f, addr := front(t, nil)
	direct = backend(t, handler)
	f.Serve(3, direct)
	return addr, direct
}

// client's connections end with the test.
func client(t *testing.T, h2 bool) *http.Client {
	var protocols http.Protocols
	protocols.SetHTTP1(!h2)
	protocols.SetUnencryptedHTTP2(h2)
	tr := &http.Transport{DisableCompression: true, Protocols: &protocols}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, Timeout: 30 * time.Second}
}

// fetch asks for a page, or with other headers for something else.
func fetch(t *testing.T, c *http.Client, method, url, header string) (head, string, error) {
	t.Helper()
	req, err := http.NewRequest(method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header = headerOf(header)
	res, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return head{res.Status, res.Header, res.Trailer, res.ContentLength}, string(b), err
}

// A head is an answer without its body.
type head struct {
	Status          string
	Header, Trailer http.Header
	ContentLength   int64
}

const document = "Sec-Fetch-Dest: document"

// TestStreams: what the server has written of a page reaches the browser
// before the server writes more, the head of the answer first.
func TestStreams(t *testing.T) {
	pieces := []string{"<!doctype html>", "<html lang=en>", "<!-- half a", " comment --><he", "ad><title>x", "</title></head><bo", "dy>", "<p>x"}
	shown := []string{"<!doctype html>", "<html lang=en>", "<!-- half a", " comment -->", "<head>" + scriptTag + "<title>x", "</title></head><bo", "dy>", "<p>x"}
	next := make(chan struct{})
	addr, _ := served(t, func(w http.ResponseWriter, r *http.Request) {
		flush := func() { _ = http.NewResponseController(w).Flush() }
		h := w.Header()
		h.Set("Content-Type", "text/html")
		to, packed := io.Writer(w), (*gzip.Writer)(nil)
		switch r.URL.Path {
		case "/packed":
			h.Set("Content-Encoding", "gzip")
			packed = gzip.NewWriter(w)
			to = packed
		case "/known":
			h.Set("Content-Length", fmt.Sprint(len(strings.Join(pieces, ""))))
		}
		flush()
		for _, piece := range pieces {
			<-next
			_, _ = io.WriteString(to, piece)
			if packed != nil {
				_ = packed.Flush()
			}
			flush()
		}
		if packed != nil {
			_ = packed.Close()
		}
	})
	for _, h2 := range []bool{false, true} {
		c := client(t, h2)
		for _, path := range []string{"/", "/packed", "/known"} {
			req, err := http.NewRequest(http.MethodGet, "http://"+addr+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header = headerOf(document)
			res, err := c.Do(req) // before the body's first byte
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range shown {
				next <- struct{}{}
				b := make([]byte, len(want))
				if _, err := io.ReadFull(res.Body, b); err != nil || string(b) != want {
					t.Fatalf("%s: got %q, %v, want %q", path, b, err, want)
				}
			}
			if b, err := io.ReadAll(res.Body); err != nil || len(b) > 0 {
				t.Errorf("%s: got %q, %v", path, b, err)
			}
			res.Body.Close()
		}
	}
}

// TestUntouched: everything but a page is as it would be without devloop.
func TestUntouched(t *testing.T) {
	addr, direct := served(t, func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Date", "Mon, 30 Nov 2026 20:00:00 GMT")
		if r.URL.Path == "/trailers.txt" {
			h.Set("Trailer", "Sum")
			defer h.Set("Sum", "1")
			h.Set("Content-Type", "text/plain")
			_, _ = io.WriteString(w, "<head>")
			_ = http.NewResponseController(w).Flush()
			return
		}
		if strings.HasSuffix(r.URL.Path, ".br") {
			h.Set("Content-Encoding", "br")
			h.Set("Content-Type", "text/html")
		}
		h.Set("Etag", `"x"`)
		http.ServeContent(w, r, r.URL.Path, time.Unix(1_800_000_000, 0), strings.NewReader(strings.Repeat("<head>", 2000)))
	})
	for _, h2 := range []bool{false, true} {
		c := client(t, h2)
		for _, ask := range []struct{ method, path, header string }{
			{"HEAD", "/x.html", document},
			{"POST", "/x.html", document},
			{"GET", "/x.html", document + "\nRange: bytes=3-5"},
			{"GET", "/x.html", document + "\nRange: bytes=99999-"},
			{"GET", "/x.html", "Sec-Fetch-Dest: empty"},
			{"GET", "/x.html", "Sec-Fetch-Dest: empty\nIf-None-Match: \"x\""},
			{"GET", "/x.html", "Sec-Fetch-Dest: empty\nIf-Modified-Since: Mon, 30 Nov 2099 20:00:00 GMT"},
			{"GET", "/x.html", "Accept: */*"},
			{"GET", "/x.html?devloop-live=off", document},
			{"GET", "/x.css", document},
			{"GET", "/trailers.txt", document},
			{"GET", "/x.html.br", document},
		} {
			want, wantBody, err := fetch(t, c, ask.method, "http://"+direct+ask.path, ask.header)
			got, gotBody, err2 := fetch(t, c, ask.method, "http://"+addr+ask.path, ask.header)
			if err != nil || err2 != nil {
				t.Fatal(err, err2)
			}
			if strings.HasSuffix(ask.path, ".br") {
				if got.Header.Get(liveHeader) != "no; br" {
					t.Errorf("%v: got %v", ask, got.Header)
				}
				got.Header.Del(liveHeader)
			}
			if got.Status != want.Status || gotBody != wantBody || !reflect.DeepEqual(got.Header, want.Header) || !reflect.DeepEqual(got.Trailer, want.Trailer) || got.ContentLength != want.ContentLength {
				t.Errorf("%v:\ngot  %v %v %v %.100s\nwant %v %v %v %.100s", ask, got.Status, got.Header, got.Trailer, gotBody, want.Status, want.Header, want.Trailer, wantBody)
			}
		}
	}
}

// TestPageThrough: a page over each protocol, with trailers, large and small.
func TestPageThrough(t *testing.T) {
	large := strings.Repeat("<p>a paragraph", 100_000)
	addr, _ := served(t, func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Type", "text/html")
		page := "<!doctype html><head>"
		if r.URL.Path == "/large" {
			page += large
		}
		if r.URL.Query().Has("length") {
			h.Set("Content-Length", fmt.Sprint(len(page)))
		} else if r.ProtoAtLeast(1, 1) {
			h.Set("Trailer", "Sum")
			defer h.Set("Sum", "1")
		}
		_, _ = io.WriteString(w, page)
	})
	for _, path := range []string{"/", "/?length", "/large", "/large?length"} {
		want := "<!doctype html><head>" + scriptTag
		if strings.Contains(path, "large") {
			want += large
		}
		for _, h2 := range []bool{false, true} {
			res, body, err := fetch(t, client(t, h2), "GET", "http://"+addr+path, document)
			trailer := res.Trailer.Get("Sum")
			if err != nil || body != want || (trailer == "1") != !strings.Contains(path, "length") {
				t.Errorf("%s: got %.200q, %v, %v", path, body, res.Trailer, err)
			}
		}
		b, err := speak10(t, addr, "GET "+path+" HTTP/1.0\r\nHost: x\r\n"+document+"\r\n\r\n")
		if lines, body, _ := strings.Cut(b, "\r\n\r\n"); err != nil || body != want || strings.Contains(lines, "chunked") {
			t.Errorf("%s over HTTP/1.0: got %s, %.200q, %v", path, lines, body, err)
		}
	}
}

// speak10 reads an answer to the end of its connection.
func speak10(t *testing.T, addr, request string) (string, error) {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(conn)
	return string(b), err
}

// TestCutOff: a page that the server does not finish does not look whole.
func TestCutOff(t *testing.T) {
	packed := pack(t, [][]byte{bytes.Repeat([]byte("<p>a paragraph"), 10)})
	addr, _ := served(t, func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Type", "text/html")
		switch r.URL.Path {
		case "/length":
			h.Set("Content-Length", "1000")
			_, _ = io.WriteString(w, "<head>half")
		case "/packed":
			h.Set("Content-Encoding", "gzip")
			_, _ = w.Write(packed[:len(packed)-9])
		case "/not-packed":
			h.Set("Content-Encoding", "gzip")
			_, _ = io.WriteString(w, "<head>this is no gzip")
		case "/chunked":
			_, _ = io.WriteString(w, "<head>half")
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}
	})
	for _, path := range []string{"/length", "/packed", "/not-packed", "/chunked"} {
		for _, h2 := range []bool{false, true} {
			if res, body, err := fetch(t, client(t, h2), "GET", "http://"+addr+path, document); err == nil {
				t.Errorf("%s: got %v, %q", path, res.Status, body)
			}
		}
		b, err := speak10(t, addr, "GET "+path+" HTTP/1.0\r\nHost: x\r\n"+document+"\r\n\r\n")
		if err == nil {
			t.Errorf("%s over HTTP/1.0: got %q", path, b)
		}
	}
}

// TestGenerations: a page has the mark of the version that it is of, and a
// browser's copy of it is good for that version alone.
func TestGenerations(t *testing.T) {
	f, addr := front(t, nil)
	var asked atomic.Pointer[http.Header]
	begun, goOn := make(chan struct{}), make(chan struct{})
	handler := func(w http.ResponseWriter, r *http.Request) {
		asked.Store(&r.Header)
		if r.URL.Path == "/slow" {
			close(begun)
			<-goOn
		}
		w.Header().Set("Etag", `"x"`)
		http.ServeContent(w, r, "x.html", time.Unix(1_800_000_000, 0), strings.NewReader("<p>x"))
	}
	c := client(t, false)
	tagOf := func(generation int) string {
		return strings.Replace(scriptTag, mark, fmt.Sprintf("b00t.%d.1", generation), 1)
	}
	get := func(path, etag string) (head, string) {
		header := document
		if etag != "" {
			header += "\nIf-None-Match: " + etag + "\nIf-Modified-Since: Mon, 30 Nov 2099 20:00:00 GMT"
		}
		res, body, err := fetch(t, c, "GET", "http://"+addr+path, header)
		if err != nil {
			t.Fatal(err)
		}
		return res, body
	}
	f.Serve(1, backend(t, handler))
	slow := make(chan string)
	go func() {
		_, body := get("/slow", "")
		slow <- body
	}()
	<-begun
	res, body := get("/", "")
	first := res.Header.Get("Etag")
	if body != tagOf(1)+"<p>x" || first != `"x-devloop-b00t.1.1"` {
		t.Errorf("got %q, %v", body, first)
	}
	if res, _ := get("/", first); res.Status != "304 Not Modified" || res.Header.Get("Etag") != first || (*asked.Load()).Get("If-None-Match") != `"x"` {
		t.Errorf("got %v, %v, asked %v", res.Status, res.Header, *asked.Load())
	}
	f.Serve(2, backend(t, handler))
	if res, body := get("/", first); res.Status != "200 OK" || body != tagOf(2)+"<p>x" {
		t.Errorf("got %v, %q", res.Status, body)
	}
	close(goOn)
	if body := <-slow; body != tagOf(1)+"<p>x" {
		t.Errorf("got %q", body)
	}
}

// TestForeign: no page of another origin, and no name that somebody else's name
// server may point here, is answered on a path of devloop's own.
func TestForeign(t *testing.T) {
	hub := livereload.NewHub()
	defer hub.Close()
	f, addr := front(t, hub)
	f.Serve(1, backend(t, func(w http.ResponseWriter, r *http.Request) { t.Errorf("the server was asked for %s", r.URL) }))
	_, port, _ := net.SplitHostPort(addr)
	ask := func(method, path, host, header string) int {
		t.Helper()
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		text := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n%s\r\n", method, path, host, header)
		if _, err := io.WriteString(conn, text); err != nil {
			t.Fatal(err)
		}
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		res.Body.Close()
		return res.StatusCode
	}
	const upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	own := []string{"localhost:" + port, "127.0.0.1:" + port, "app.localhost:" + port, "[::1]:" + port, "192.168.1.7"}
	for _, path := range []string{"live.js", "live", "live?x", "", "x", "../", "live/", "%6cive", "live.js/../live"} {
		path = livereload.Prefix + path
		for _, method := range []string{"GET", "HEAD", "POST", "OPTIONS", "PUT"} {
			for _, extra := range []string{"", upgrade} {
				for _, host := range []string{"evil.example", "evil.example:" + port, "localhost.evil.example", "127.0.0.1.nip.io", "evillocalhost", "app-localhost:" + port, "0x7f.1.evil", ""} {
					if got := ask(method, path, host, extra); got != http.StatusForbidden && got != http.StatusBadRequest {
						t.Errorf("%s %s for %q: got %d", method, path, host, got)
					}
				}
				for _, origin := range []string{"http://evil.example", "null", "http://localhost", "http://localhost:1", "http://localhost:" + port + ".evil.example", "file://", "http://evil.example:" + port, "http://localhost:" + port + "@evil.example"} {
					if got := ask(method, path, own[0], extra+"Origin: "+origin+"\r\n"); got != http.StatusForbidden {
						t.Errorf("%s %s from %q: got %d", method, path, origin, got)
					}
				}
			}
		}
	}
	for _, host := range own {
		if got := ask("GET", "/_devloop/live.js", host, "Origin: http://"+host+"\r\n"); got != http.StatusOK {
			t.Errorf("for its own page at %s: got %d", host, got)
		}
		if got := ask("GET", "/_devloop/live", host, upgrade+"Origin: http://"+host+"\r\n"); got != http.StatusSwitchingProtocols {
			t.Errorf("for its own page at %s: got %d", host, got)
		}
	}
}

// TestCloseWithPages: a front that is closed does not wait for open pages.
func TestCloseWithPages(t *testing.T) {
	hub := livereload.NewHub()
	defer hub.Close()
	f, addr := front(t, hub)
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, "GET /_devloop/live HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil || res.StatusCode != http.StatusSwitchingProtocols {
		t.Fatal(res, err)
	}
	defer res.Body.Close()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	f.Finish(ctx)
}
