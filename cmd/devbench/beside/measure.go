package beside

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"time"

	"devloop/cmd/devbench/harness"
)

// figures are what was measured of one tool.
type figures struct {
	first                     []time.Duration // from the tool's start to the page
	saves                     []time.Duration // from a save to the page that shows it
	requests, refused, failed int             // while the sources were good
	broken                    string          // what a browser gets while they are not
	mended                    string          // from the save that mends them to the page
}

// measure starts a tool so often, each time in a project that nobody has built,
// and saves and breaks its source in the last one.
func (b *bench) measure(k stack, t tool) (f figures, err error) {
	for i := range b.starts {
		dir, err := b.project(k, t)
		if err != nil {
			return f, err
		}
		if err := b.session(k, t, dir, i == b.starts-1, &f); err != nil {
			return f, err
		}
	}
	return f, nil
}

func (b *bench) session(k stack, t tool, dir string, whole bool, f *figures) error {
	s, err := b.start(k, t, dir)
	if err != nil {
		return err
	}
	defer s.stop()
	c := watch(b.Ctx, s.url)
	defer c.stop()
	at, err := s.shows(c, "version ONE")
	if err != nil {
		return err
	}
	f.first = append(f.first, at.Sub(s.Began))
	if !whole {
		return nil
	}
	if err := b.Pause(3 * time.Second); err != nil { // some begin to watch after the first page
		return err
	}
	c.reset()
	count := func() { f.requests, f.refused, f.failed = c.counts() }
	version := "ONE"
	for i := range b.saves {
		next := fmt.Sprintf("N%d", i)
		took, err := s.turn(c, strings.ReplaceAll(s.text, "version "+version, "version "+next), "version "+next)
		if err != nil {
			count()
			return err
		}
		f.saves = append(f.saves, took)
		version = next
		// Some look every second, or take a save soon after another for the same.
		if err := b.Pause(1200 * time.Millisecond); err != nil {
			return err
		}
	}
	count()
	good := s.text
	if _, err := s.save(strings.ReplaceAll(good, k.mistake[0], k.mistake[1])); err != nil {
		return err
	}
	if err := b.Pause(b.broken); err != nil {
		return err
	}
	f.broken = look(b.Ctx, s.url, "version "+version)
	took, err := s.turn(c, strings.ReplaceAll(good, "version "+version, "version MENDED"), "version MENDED")
	if err != nil {
		f.mended = "never: " + err.Error()
		return nil
	}
	f.mended = harness.Millis(took)
	return nil
}

// turn saves a text and returns how long it took until the page showed it.
func (s *session) turn(c *client, text, shows string) (time.Duration, error) {
	began, err := s.save(text)
	if err != nil {
		return 0, err
	}
	at, err := s.shows(c, shows)
	return at.Sub(began), err
}

// shows waits until the page has the text.
func (s *session) shows(c *client, text string) (time.Time, error) {
	came := c.await(text)
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case at := <-came:
		return at, nil
	case <-s.Gone:
		return time.Time{}, fmt.Errorf("it ended by itself: %s", s.OneLine())
	case <-timer.C:
		return time.Time{}, fmt.Errorf("the page never had %q: %s", text, s.OneLine())
	case <-s.bench.Ctx.Done():
		return time.Time{}, s.bench.Ctx.Err()
	}
}

// A client asks for the page again and again, on a new connection each time, as a
// script does.
type client struct {
	cancel context.CancelFunc
	ended  chan struct{}

	mu                        sync.Mutex // guards all below
	requests, refused, failed int
	wanted                    string
	came                      chan time.Time
}

func watch(ctx context.Context, url string) *client {
	ctx, cancel := context.WithCancel(ctx)
	c := &client{cancel: cancel, ended: make(chan struct{})}
	go func() {
		defer close(c.ended)
		h := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
		pause := time.NewTicker(20 * time.Millisecond)
		defer pause.Stop()
		for ctx.Err() == nil {
			body, _, err := get(ctx, h, url, "*/*")
			if ctx.Err() != nil {
				return
			}
			c.add(body, err)
			select {
			case <-pause.C:
			case <-ctx.Done():
			}
		}
	}()
	return c
}

func (c *client) stop() {
	c.cancel()
	<-c.ended
}

func (c *client) add(body string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests++
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		c.refused++
	case err != nil:
		c.failed++
	case c.wanted != "" && strings.Contains(body, c.wanted):
		c.came <- time.Now() // it has room for one, and is filled once
		c.wanted = ""
	}
}

// await tells when an answer has the text.
func (c *client) await(text string) <-chan time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wanted, c.came = text, make(chan time.Time, 1)
	return c.came
}

func (c *client) reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests, c.refused, c.failed = 0, 0, 0
}

func (c *client) counts() (requests, refused, failed int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.requests, c.refused, c.failed
}

// get asks once. What is not 200 is an error, beside the body and the head.
func get(ctx context.Context, h *http.Client, url, accept string) (body string, head http.Header, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return "", nil, err
	}
	r.Header.Set("Accept", accept)
	res, err := h.Do(r)
	if err != nil {
		return "", nil, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = errors.New(res.Status)
	}
	return string(text), res.Header, err
}

// look says what somebody with a browser gets.
func look(ctx context.Context, url, old string) string {
	h := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 5 * time.Second}
	body, head, err := get(ctx, h, url, "text/html")
	var timeout interface{ Timeout() bool }
	switch {
	case head.Get("Devloop-Page") != "":
		return "devloop's page with the error"
	case err == nil && strings.Contains(body, old):
		return "the page as it was"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "refused"
	case errors.As(err, &timeout) && timeout.Timeout():
		return "no answer"
	case head != nil && err != nil:
		return "its own page with the error, " + err.Error()
	case err != nil:
		return "no answer: " + errors.Unwrap(err).Error()
	}
	return "another page"
}
