package proxy

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"devloop/orchestrator/test/testenv"
)

// load is clients that never rest, and count.
type load struct {
	ok, failed atomic.Int64
	first      atomic.Pointer[string] // failure
	stop       chan struct{}
	joined     sync.WaitGroup
}

// startLoad lets n clients ask: GETs, and POSTs that cannot be sent again if
// posts; every second client over a new connection for each request.
func startLoad(t *testing.T, url string, n int, posts bool) *load {
	l := &load{stop: make(chan struct{})}
	for i := range n {
		c := client(t)
		c.Transport.(*http.Transport).DisableKeepAlives = i%2 == 0
		l.joined.Go(func() {
			for k := 0; ; k++ {
				select {
				case <-l.stop:
					return
				default:
				}
				if err := ask(c, url+"/?client="+strconv.Itoa(i), posts && (i/2+k)%2 == 0); err != nil {
					l.failed.Add(1)
					text := err.Error()
					l.first.CompareAndSwap(nil, &text)
				} else {
					l.ok.Add(1)
				}
			}
		})
	}
	return l
}

func ask(c *http.Client, url string, post bool) error {
	method, content := http.MethodGet, ""
	if post {
		method, content = http.MethodPost, strings.Repeat("once ", 20)
	}
	// A reader of no known type: the client cannot send it twice by itself.
	req, err := http.NewRequest(method, url, io.MultiReader(strings.NewReader(content)))
	if err != nil {
		return err
	}
	if !post {
		req.Body = nil
	}
	res, err := c.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if want := method + " " + content; res.StatusCode != http.StatusOK || string(b) != want {
		return fmt.Errorf("%s: got %d %q", method, res.StatusCode, b)
	}
	return nil
}

// end stops the clients and tells what they saw.
func (l *load) end(t *testing.T, f *Front) {
	close(l.stop)
	l.joined.Wait()
	s := f.Stats()
	t.Logf("%d answered, %d failed; %d sent or dialled again, %d cut, %d timed out", l.ok.Load(), l.failed.Load(), s.Retried, s.Cut, s.TimedOut)
	if n := l.failed.Load(); n != 0 {
		t.Errorf("%d failed, the first with %s", n, *l.first.Load())
	}
	if s.Cut != 0 || s.TimedOut != 0 || len(s.InFlight) != 0 || s.Waiting != 0 {
		t.Errorf("in the end: %+v", s)
	}
}

// switches is how often the server changes in a test.
func switches() int { return testenv.Either(20, 200) }

// echo answers with the method and the body.
var echo = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	b, _ := io.ReadAll(r.Body)
	fmt.Fprintf(w, "%s %s", r.Method, b)
})

func TestSwitchStopFirst(t *testing.T) {
	f, url := front(t, Options{HTTP: true})
	l := startLoad(t, url, 16, true)
	for gen := range switches() {
		s := serve(t, echo)
		f.Serve(gen, s.addr)
		answeredMore(t, l, 32)
		f.Hold()
		if left := f.Drain(context.Background(), gen); left != 0 {
			t.Errorf("generation %d: left %d", gen, left)
		}
		s.kill()
		if cut := f.Drop(gen, false); cut != 0 {
			t.Errorf("generation %d: cut %d", gen, cut)
		}
	}
	f.Serve(switches(), serve(t, echo).addr)
	l.end(t, f)
}

func TestSwitchStartFirst(t *testing.T) {
	f, url := front(t, Options{HTTP: true})
	l := startLoad(t, url, 16, true)
	old := serve(t, echo)
	f.Serve(0, old.addr)
	for gen := 1; gen <= switches(); gen++ {
		s := serve(t, echo)
		answeredMore(t, l, 32)
		f.Serve(gen, s.addr)
		if left := f.Drain(context.Background(), gen-1); left != 0 {
			t.Errorf("generation %d: left %d", gen-1, left)
		}
		old.kill()
		if cut := f.Drop(gen-1, false); cut != 0 {
			t.Errorf("generation %d: cut %d", gen-1, cut)
		}
		old = s
	}
	l.end(t, f)
}

func answeredMore(t *testing.T, l *load, n int64) {
	t.Helper()
	n += l.ok.Load() + l.failed.Load()
	testenv.UntilTrue(t, "more requests are answered", func() bool { return l.ok.Load()+l.failed.Load() >= n })
}

// TestSwitchKilled kills every server while all clients wait for its answer.
func TestSwitchKilled(t *testing.T) {
	const clients = 16
	f, url := front(t, Options{HTTP: true})
	l := startLoad(t, url, clients, false)
	for gen := range switches() {
		var asked atomic.Int64
		var met sync.Map
		gate := make(chan struct{})
		s := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			// The first request of each client is answered, the second is not.
			if _, again := met.LoadOrStore(r.URL.RawQuery, true); again {
				asked.Add(1)
				select {
				case <-gate:
				case <-r.Context().Done():
				}
				panic(http.ErrAbortHandler)
			}
			echo(w, r)
		}))
		f.Serve(gen, s.addr)
		testenv.UntilTrue(t, "every client waits for an answer", func() bool { return asked.Load() == clients })
		s.kill()
		close(gate)
		if gen%2 == 0 { // the loop is told of a death at once, or a little later
			f.Hold()
		}
		f.Drop(gen, gen%4 > 1) // some are said to have been killed by somebody
	}
	f.Serve(switches(), serve(t, echo).addr)
	l.end(t, f)
	if f.Stats().Retried < int64(switches()*clients) {
		t.Errorf("nothing was sent again")
	}
}
