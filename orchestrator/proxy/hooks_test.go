package proxy

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"devloop/orchestrator/test/testenv"
)

// TestOwn: devloop's own paths are answered by devloop, whether a server is
// ready or not, and never sent to it.
func TestOwn(t *testing.T) {
	own := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "ours "+r.URL.Path) })
	f, url := front(t, Options{HTTP: true, Own: func(path string) http.Handler {
		if strings.HasPrefix(path, "/_devloop/") {
			return own
		}
		return nil
	}})
	c := client(t)
	for range 2 {
		if _, body := get(t, c, url+"/_devloop/x"); body != "ours /_devloop/x" {
			t.Errorf("got %q", body)
		}
		if s := f.Stats(); s.Waiting != 0 || s.Answered != 0 {
			t.Errorf("got %+v", s)
		}
		f.Serve(1, serve(t, text("theirs")).addr)
	}
	if _, body := get(t, c, url+"/_devloop"); body != "theirs" {
		t.Errorf("got %q", body)
	}
}

// TestOwnEnds: Close ends what answers an own path, and waits for it.
func TestOwnEnds(t *testing.T) {
	begun, ended := make(chan struct{}), make(chan struct{})
	f, url := front(t, Options{HTTP: true, Own: func(string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			close(begun)
			<-r.Context().Done()
			close(ended)
		})
	}})
	raw(t, url, "GET /live HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
	<-begun
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	select {
	case <-ended:
	default:
		t.Error("it still runs")
	}
}

// TestPages: each try of a request is looked at, with the generation that it
// is sent to, and so is the answer.
func TestPages(t *testing.T) {
	f, url := front(t, Options{HTTP: true, Pages: func(req *http.Request, generation int) func(*http.Response) {
		if req.URL.Path == "/other" {
			return nil
		}
		req.Header = req.Header.Clone()
		req.Header.Add("Tried", fmt.Sprint(generation))
		return func(res *http.Response) {
			res.Header.Set("Generation", fmt.Sprint(generation))
			res.Body = struct {
				io.Reader
				io.Closer
			}{io.MultiReader(strings.NewReader("before "), res.Body), res.Body}
			delete(res.Header, "Content-Length")
		}
	}})
	dies := make(chan struct{})
	first := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(dies)
		<-r.Context().Done()
	}))
	f.Serve(1, first.addr)
	answers := make(chan string, 1)
	c := client(t)
	go func() {
		res, err := c.Get(url)
		if err != nil {
			answers <- err.Error()
			return
		}
		defer res.Body.Close()
		b, _ := io.ReadAll(res.Body)
		answers <- res.Header.Get("Generation") + " " + string(b)
	}()
	<-dies
	f.Hold()
	first.kill()
	f.Drop(1, false)
	testenv.UntilTrue(t, "it waits", func() bool { return f.Stats().Waiting == 1 })
	f.Serve(2, serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.Header.Values("Tried"))
	})).addr)
	if got := <-answers; got != "2 before [2]" {
		t.Errorf("got %q", got)
	}
	if _, body := get(t, c, url+"/other"); body != "[]" {
		t.Errorf("got %q", body)
	}
	if s := f.Stats(); s.Answered != 2 {
		t.Errorf("got %+v", s)
	}
}
