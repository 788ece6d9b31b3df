//go:build linux || darwin || freebsd

package sockets

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"devloop/orchestrator/livereload"
	"devloop/orchestrator/proxy"
	"devloop/orchestrator/test/testenv"
	"devloop/schema"
)

// newSet is a Set with these sockets.
func newSet(t *testing.T, want ...*schema.Socket) *Set {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	s := New(ctx, Options{Post: func(Event) bool { return true }, OnDisk: func(do func()) { go do() }, Notice: func(text string) { t.Error(text) }, Full: func(string) bool { return true }})
	t.Cleanup(func() {
		cancel()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	opened, err := s.Open(want)
	if err != nil {
		t.Fatal(err)
	}
	s.Adopt(want, opened)
	return s
}

func local(name string) schema.Listen {
	return schema.Listen{Type: schema.HTTP, Host: "127.0.0.1", Text: name}
}

// TestNoPageWhileAProcessHoldsTheSocket: not even while one does that has been
// taken out of the configuration, and takes its time to end.
func TestNoPageWhileAProcessHoldsTheSocket(t *testing.T) {
	s := newSet(t, &schema.Socket{Name: "web", Listen: local("web"), WhileDown: schema.DownPage})
	old, err := s.Grant([]schema.SocketRef{{Name: "web", Short: "web"}})
	if err != nil {
		t.Fatal(err)
	}
	web := s.Named("web")
	web.Down(&proxy.News{Failed: true})
	if web.paging {
		t.Error("pages are served on a socket that a process holds")
	}
	old.Return(End{})
	web.Down(&proxy.News{Failed: true})
	if !web.paging {
		t.Error("no pages are served although nobody holds the socket")
	}
}

// TestWhoWaitsIsLeftToTheFrontThatFollows: and not to a generation that has the socket until then, as that one is about to
// end.
func TestWhoWaitsIsLeftToTheFrontThatFollows(t *testing.T) {
	web := &schema.Socket{Name: "web", Listen: local("web"), WhileDown: schema.DownPage}
	refs := []schema.SocketRef{{Name: "web", Short: "web"}}
	s := newSet(t, web)
	held := s.Named("web")
	held.Down(&proxy.News{Failed: true})
	client, err := net.Dial("tcp", held.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, err := io.WriteString(client, "POST / HTTP/1.1\r\nHost: web\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	placeholder := held.placeholder
	testenv.UntilTrue(t, "it is taken", func() bool { return placeholder.Stats().Waiting == 1 })
	old, err := s.Grant(refs)
	if err != nil {
		t.Fatal(err)
	}
	proxied := *web
	proxied.Via = schema.ViaProxy
	s.Adopt([]*schema.Socket{&proxied}, nil)
	if stats := placeholder.Stats(); stats.Waiting != 1 {
		t.Errorf("who waits was sent to a generation that ends: %+v", stats)
	}
	old.Return(End{})
	if _, err := s.Grant(refs); err != nil {
		t.Fatal(err)
	}
	testenv.UntilTrue(t, "it waits in the front", func() bool { return held.front.Stats().Waiting == 1 })
}

// TestSocketIsLetGoWhenItsUserHasEnded: what the configuration does not have any
// more stays with the generation that was given it.
func TestSocketIsLetGoWhenItsUserHasEnded(t *testing.T) {
	s := newSet(t, &schema.Socket{Name: "web", Listen: local("web")}, &schema.Socket{Name: "api", Listen: local("api"), Via: schema.ViaProxy})
	grant, err := s.Grant([]schema.SocketRef{{Name: "web", Short: "web"}, {Name: "api", Short: "api"}})
	if err != nil {
		t.Fatal(err)
	}
	if got := len(grant.Files()); got != 1 {
		t.Errorf("%d sockets are inherited", got)
	}
	for _, variable := range []string{"PORT=", "DEVLOOP_PORT_API=", "LISTEN_FDS=1"} {
		if !slices.ContainsFunc(grant.Env(), func(kv string) bool { return strings.HasPrefix(kv, variable) }) {
			t.Errorf("%s is not in %v", variable, grant.Env())
		}
	}
	s.Adopt(nil, nil)
	if released := s.Release(); len(released) != 0 {
		t.Error("a socket was let go that a process has")
	}
	grant.Return(End{})
	if released := s.Release(); len(released) != 2 || len(s.All()) != 0 {
		t.Errorf("%v were let go", released)
	}
}

// TestOpenAllOrNone: of sockets that cannot all be bound none is.
func TestOpenAllOrNone(t *testing.T) {
	s := newSet(t, &schema.Socket{Name: "web", Listen: local("web")})
	taken := local("other")
	taken.Port, taken.Host = s.Named("web").Port(), "localhost"
	opened, err := s.Open([]*schema.Socket{{Name: "free", Listen: local("free")}, {Name: "other", Listen: taken}})
	var overlap *overlapError
	if err == nil || len(opened) != 0 {
		t.Fatalf("%v: %v", opened, err)
	}
	if errors.As(err, &overlap) && !strings.Contains(err.Error(), "for socket web") {
		t.Error(err)
	}
}

// TestWhatAnOlderOneAnswers: on an inherited socket it begins before the new one did, or, if both had it, before the old one was
// gone; on a proxied one before the new one took over.
func TestWhatAnOlderOneAnswers(t *testing.T) {
	refs := func(name string) []schema.SocketRef { return []schema.SocketRef{{Name: name, Short: name}} }
	s := newSet(t, &schema.Socket{Name: "web", Listen: local("web")}, &schema.Socket{Name: "api", Listen: local("api"), Via: schema.ViaProxy})
	grant := func(name string) *Grant {
		g, err := s.Grant(refs(name))
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
	web := s.Named("web")
	if n, _ := web.Generation(); n != 0 {
		t.Errorf("generation %d serves", n)
	}
	first := grant("web")
	first.Serve()
	n, since := web.Generation()
	if n != 1 || !since.Equal(first.began) {
		t.Errorf("generation %d since %v", n, since)
	}
	second := grant("web")
	second.Serve()
	before := time.Now()
	first.Return(End{Asked: true})
	if n, since := web.Generation(); n != 2 || since.Before(before) {
		t.Errorf("generation %d since %v, and the old one was gone at %v", n, since, before)
	}
	second.Return(End{Code: 1})
	if n, _ := web.Generation(); n != 2 {
		t.Errorf("generation %d served last", n)
	}
	api, third := s.Named("api"), grant("api")
	before = time.Now()
	third.Ready(Addrs{api: "127.0.0.1:1"})
	third.Serve()
	if n, since := api.Generation(); n != 1 || since.Before(before) {
		t.Errorf("generation %d since %v", n, since)
	}
}

// TestPagesAreToldWhileTheFileSaysSo: what is turned off ends what pages hear, and leaves the front as it is.
func TestPagesAreToldWhileTheFileSaysSo(t *testing.T) {
	api := &schema.Socket{Name: "api", Listen: local("api"), Via: schema.ViaProxy, Live: schema.LiveReload}
	s := newSet(t, api)
	held := s.Named("api")
	if held.own("/_devloop/live") != nil {
		t.Error("pages are told something before there is anything")
	}
	held.Report(livereload.State{Boot: "b", Content: 2})
	if held.own("/_devloop/live") == nil || held.own("/other") != nil {
		t.Error("its own paths are not answered, or others are")
	}
	front, off := held.front, *api
	off.Live = schema.LiveOff
	s.Adopt([]*schema.Socket{&off}, nil)
	held.Report(livereload.State{Boot: "b"})
	if held.own("/_devloop/live") != nil || held.front != front {
		t.Error("pages are told something although they are to be left alone, or the front is another")
	}
	s.Adopt([]*schema.Socket{api}, nil)
	held.Report(livereload.State{Boot: "b"})
	if held.own("/_devloop/live") == nil {
		t.Error("pages are told nothing")
	}
}

// TestOrigins are those of pages that are loaded from a socket.
func TestOrigins(t *testing.T) {
	s := newSet(t, &schema.Socket{Name: "web", Listen: local("web")}, &schema.Socket{Name: "raw", Listen: schema.Listen{Type: schema.TCP, Host: "127.0.0.1"}})
	web := s.Named("web")
	port := fmt.Sprint(web.Port())
	for _, origin := range []string{"http://127.0.0.1:" + port, "http://localhost:" + port, "http://[::1]:" + port} {
		if !slices.Contains(web.Origins(), origin) {
			t.Errorf("%s is not in %v", origin, web.Origins())
		}
	}
	if all := s.Named("raw").Origins(); len(all) != 0 {
		t.Errorf("%v", all)
	}
}
