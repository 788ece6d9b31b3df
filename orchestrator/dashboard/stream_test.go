package dashboard

import (
	"bufio"
	"context"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"devloop/orchestrator/control"
	"devloop/orchestrator/test/testenv"
)

// contextThatEnds is one for a request that a test ends.
func contextThatEnds(t testing.TB) (context.Context, context.CancelFunc) {
	return context.WithCancel(t.Context())
}

// tab is an open stream.
type tab struct {
	t    testing.TB
	body *bufio.Reader
	end  context.CancelFunc
}

// message is one event of a stream.
type message struct{ event, id, data string }

func openTab(t testing.TB, c *http.Client, url string, header ...string) *tab {
	t.Helper()
	ctx, end := context.WithCancel(t.Context())
	t.Cleanup(end)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { res.Body.Close() })
	if kind := res.Header.Get("Content-Type"); res.StatusCode != http.StatusOK || kind != "text/event-stream" {
		t.Fatalf("%d %s", res.StatusCode, kind)
	}
	return &tab{t, bufio.NewReader(res.Body), end}
}

// next is the next event; the zero one at the end.
func (tb *tab) next() (m message) {
	tb.t.Helper()
	for {
		line, err := tb.body.ReadString('\n')
		if err != nil {
			return message{}
		}
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		switch name {
		case "event":
			m.event = value
		case "id":
			m.id = value
		case "data":
			m.data = value
		case "":
			return m
		default:
			tb.t.Fatalf("line %q", line)
		}
	}
}

func TestStream(t *testing.T) {
	t.Parallel()
	loop := newFakeLoop(t)
	s, url := start(t, Options{API: loop})
	c := loggedIn(t, s, url)
	tb := openTab(t, c, url+"/stream?node=app&node=check&tail=7")
	if m := tb.next(); m.event != "event" || m.id != "BOOT.7" || decode[control.Event](t, m.data).Kind != "snapshot" {
		t.Fatalf("%+v", m)
	}
	loop.lines <- control.Line{Node: "app", Text: "a\nb\r,\"missed\":3 <b>"}
	if m := tb.next(); m.event != "line" || m.id != "" || decode[control.Line](t, m.data).Text != "a\nb\r,\"missed\":3 <b>" {
		t.Fatalf("%+v", m)
	}
	loop.lines <- control.Line{Node: "app", Missed: 3}
	if m := tb.next(); m.event != "missed" || decode[control.Line](t, m.data).Missed != 3 {
		t.Fatalf("%+v", m)
	}
	loop.events <- control.Event{Kind: "run started", Node: "check", Position: control.Position{Seq: 8}}
	if m := tb.next(); m.event != "event" || m.id != "BOOT.8" {
		t.Fatalf("%+v", m)
	}
	loop.events <- control.Event{Kind: "missed", Position: control.Position{Seq: 8, Missed: 5}}
	if m := tb.next(); m.event != "missed" || decode[control.Event](t, m.data).Missed != 5 {
		t.Fatalf("%+v", m)
	}
	tb.end()
	testenv.UntilTrue(t, "the tab is gone", func() bool { return loop.readers.Load() == 0 })
	// What a browser sends by itself after a lost connection counts more than the address.
	tb = openTab(t, c, url+"/stream?since=OTHER.1", "Last-Event-ID", "BOOT.7")
	loop.events <- control.Event{Kind: "ready", Position: control.Position{Seq: 8}}
	if m := tb.next(); m.event != "event" || m.id != "BOOT.8" {
		t.Fatalf("%+v", m)
	}
	loop.mu.Lock()
	asked := strings.Join(loop.asked, "\n")
	loop.mu.Unlock()
	for _, want := range []string{"GET /v1/events?since=&snapshot=true", "GET /v1/logs?follow=true&node=app&node=check&tail=7", "GET /v1/events?since=BOOT.7&snapshot=true"} {
		if !strings.Contains(asked, want) {
			t.Errorf("not asked: %s\n%s", want, asked)
		}
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if m := tb.next(); m != (message{}) {
		t.Errorf("after the end: %+v", m)
	}
}

// A stream goes on without the lines that cannot be had.
func TestStreamOfUnknownNodes(t *testing.T) {
	t.Parallel()
	loop := newFakeLoop(t)
	loop.refuse = true
	s, url := start(t, Options{API: loop})
	tb := openTab(t, loggedIn(t, s, url), url+"/stream?node=ap")
	tb.next()
	if m := tb.next(); m.event != "refused" || decode[map[string]string](t, m.data)["hint"] != "did you mean app?" {
		t.Fatalf("%+v", m)
	}
	loop.events <- control.Event{Kind: "ready", Position: control.Position{Seq: 8}}
	if m := tb.next(); m.id != "BOOT.8" {
		t.Fatalf("%+v", m)
	}
}

// A hundred tabs that come and go, some without a word, leave nothing behind; a dashboard can be closed under a tab that
// does not read.
func TestTabsLeaveNothingBehind(t *testing.T) {
	loop := newFakeLoop(t)
	s, url := start(t, Options{API: loop})
	c := loggedIn(t, s, url)
	before := holdings(t, c)
	for round := range 5 {
		var tabs []*tab
		for i := range 20 {
			tb := openTab(t, c, url+"/stream?node=app")
			if i%2 == 0 {
				tb.next()
			}
			tabs = append(tabs, tb)
		}
		for range 20 {
			loop.lines <- control.Line{Node: "app", Text: strconv.Itoa(round)}
		}
		for _, tb := range tabs {
			tb.end()
		}
	}
	testenv.UntilTrue(t, "as much as before", func() bool { return holdings(t, c) <= before })
	unread := openTab(t, c, url+"/stream?node=app")
	unread.next()
	long := strings.Repeat("x", 1<<16)
	stuck := make(chan struct{})
	go func() {
		defer close(stuck)
		for range 1000 { // far more than fits into the buffers
			select {
			case loop.lines <- control.Line{Node: "app", Text: long}:
			case <-s.ctx.Done():
				return
			}
		}
	}()
	testenv.UntilTrue(t, "the tab is full", func() bool { return s.ctx.Err() == nil && stalled(t) })
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	<-stuck
}

// stalled tells whether a goroutine is writing to a browser that does not read.
func stalled(t testing.TB) bool {
	t.Helper()
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	return strings.Contains(string(stacks), "[IO wait]") && strings.Contains(string(stacks), "dashboard.(*stream).send") || strings.Contains(string(stacks), "dashboard.(*relay).FlushError")
}

// holdings are the goroutines and descriptors of this process, without idle connections.
func holdings(t testing.TB, c *http.Client) int {
	t.Helper()
	c.CloseIdleConnections()
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		files = nil // no Linux: the goroutines tell
	}
	return runtime.NumGoroutine() + len(files)
}

// The pages of an inherited socket get what its hub says, whoever has logged in.
func TestLive(t *testing.T) {
	t.Parallel()
	_, url := start(t, Options{Live: func(socket string) http.Handler {
		if socket != "web" {
			return nil
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write([]byte(r.URL.Path)) })
	}})
	c := browser(t)
	for path, want := range map[string]string{"/live/web/live.js": "200 /_devloop/live.js", "/live/web/live": "200 /_devloop/live", "/live/api/live": "404 404 page not found\n"} {
		if code, body := get(t, c, url+path); strconv.Itoa(code)+" "+body != want {
			t.Errorf("%s: %d %s", path, code, body)
		}
	}
}
