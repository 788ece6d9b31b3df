package swapping

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// answers is what clients saw.
type answers struct {
	refused, failed int
	took            []time.Duration // of the answers that came
	versions        map[int]int     // how many answers each version gave
	errors          map[string]int
}

func (a *answers) requests() int { return len(a.took) + a.refused + a.failed }

func (a *answers) add(b answers) {
	a.refused += b.refused
	a.failed += b.failed
	a.took = append(a.took, b.took...)
	if a.versions == nil {
		a.versions, a.errors = map[int]int{}, map[string]int{}
	}
	for v, n := range b.versions {
		a.versions[v] += n
	}
	for e, n := range b.errors {
		a.errors[e] += n
	}
}

// A load is clients that never rest: each sends its next request when it has
// the answer to the last.
type load struct {
	cancel  context.CancelFunc
	clients sync.WaitGroup
	mu      sync.Mutex // guards total
	total   answers
}

// clients starts them. Every other one makes a connection for each request.
func (b *bench) load(url, method string) *load {
	ctx, cancel := context.WithCancel(b.Ctx)
	l := &load{cancel: cancel}
	for i := range b.clients {
		l.clients.Go(func() {
			got := client(ctx, url, method, i%2 == 0)
			l.mu.Lock()
			defer l.mu.Unlock()
			l.total.add(got)
		})
	}
	return l
}

// stop ends the load and returns what the clients saw. What was under way is not counted.
func (l *load) stop() answers {
	l.cancel()
	l.clients.Wait()
	return l.total
}

// once hides a body's type from net/http, which could send it again otherwise.
type once struct{ io.Reader }

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// client asks until ctx ends. A POST's body can be read only once, so that
// neither net/http nor anybody on the way is able to send it again by itself.
func client(ctx context.Context, url, method string, fresh bool) (got answers) {
	got.versions, got.errors = map[int]int{}, map[string]int{}
	transport := &http.Transport{DisableKeepAlives: fresh, MaxIdleConnsPerHost: 1}
	defer transport.CloseIdleConnections()
	c := &http.Client{Transport: transport, Timeout: patience}
	for ctx.Err() == nil {
		began := time.Now()
		version, err := ask(ctx, c, url, method)
		took := time.Since(began)
		switch {
		case ctx.Err() != nil:
			return got
		case err == nil:
			got.took = append(got.took, took)
			got.versions[version]++
			continue
		case errors.Is(err, syscall.ECONNREFUSED):
			got.refused++
		default:
			got.failed++
		}
		got.errors[err.Error()]++
		// A person would not press reload faster than that, and a closed port
		// would be asked thousands of times.
		timer := time.NewTimer(5 * time.Millisecond)
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
	}
	return got
}

func ask(ctx context.Context, c *http.Client, url, method string) (version int, err error) {
	var body io.Reader
	if method == http.MethodPost {
		body = once{io.LimitReader(zeros{}, 256)}
	}
	r, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return 0, err
	}
	if method == http.MethodPost {
		r.ContentLength = 256
	}
	res, err := c.Do(r)
	if err != nil {
		return 0, trim(err)
	}
	defer res.Body.Close()
	n, err := io.Copy(io.Discard, res.Body)
	if err != nil {
		return 0, fmt.Errorf("read body after %d bytes: %w", n, err)
	}
	if res.StatusCode != http.StatusOK {
		return 0, errors.New(res.Status)
	}
	version, err = strconv.Atoi(res.Header.Get(versionHeader))
	if err != nil {
		version = -1 // a server that knows none
	}
	return version, nil
}

// trim takes addresses and ports out of an error, so that the same ones are counted as one.
func trim(err error) error {
	for next := errors.Unwrap(err); next != nil; next = errors.Unwrap(next) {
		if _, ok := next.(syscall.Errno); ok {
			return next
		}
		err = next
	}
	return err
}
