package sockets

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"devloop/orchestrator/livereload"
	"devloop/orchestrator/livereload/inject"
	"devloop/orchestrator/proxy"
	"devloop/schema"
)

// pageAfter is how long a server must be down before a browser gets a page in
// its place, if nothing has failed: a restart should not flash one.
const pageAfter = time.Second

// Answers tells whether devloop itself answers clients of the socket, at least
// while its server is down.
func (h *Held) Answers() bool { return h.front != nil || h.placeholder != nil }

// Served tells whether a generation is behind the front of the socket.
func (h *Held) Served() bool { return h.front != nil && h.serving != 0 }

// Up says that the server is ready. checking is whether what it serves may be
// about to be replaced.
func (h *Held) Up(checking bool) {
	h.checking.Store(checking)
	h.downSince = time.Time{}
	h.news.Store(nil)
	h.setPages(false)
}

// Down says what the server waits for that is not ready. Who opens the socket in
// a browser is told, at once if something has failed.
func (h *Held) Down(news *proxy.News) {
	h.checking.Store(false)
	if h.downSince.IsZero() {
		h.downSince = time.Now()
	}
	h.news.Store(news)
	h.setPages(h.cfg.WhileDown == schema.DownPage && (news.Failed || time.Since(h.downSince) >= pageAfter))
}

// clientWaits tells the owner that a client waits, if the server is down. It is called by any goroutine.
func (h *Held) clientWaits() {
	if h.set.opt.Waits == nil || h.news.Load() == nil || !h.telling.waits.CompareAndSwap(false, true) {
		return
	}
	h.set.opt.Post(Event{func() {
		h.telling.waits.Store(false)
		if time.Since(h.telling.waited) >= time.Second {
			h.telling.waited = time.Now()
			h.set.opt.Waits(h)
		}
	}})
}

func (h *Held) tellNews() proxy.News {
	if n := h.news.Load(); n != nil {
		return *n
	}
	return proxy.News{}
}

// pageDue is when a page takes the place of the wait, if nothing else happens.
func (h *Held) pageDue() (time.Time, bool) {
	if h.downSince.IsZero() || h.paging || h.cfg.WhileDown != schema.DownPage {
		return time.Time{}, false
	}
	due := h.downSince.Add(pageAfter)
	return due, due.After(time.Now())
}

// setPages begins or ends to answer browsers with pages. An inherited socket is
// left alone while any process holds it.
func (h *Held) setPages(on bool) {
	if h.placeholder != nil && h.granted() {
		on = false
	}
	if h.paging == on {
		return
	}
	h.paging = on
	switch {
	case h.front != nil:
		h.front.AnswerPages(on)
	case !on:
		h.placeholder.Leave()
	default:
		ln, err := h.listener()
		if err != nil {
			h.paging = false
			h.set.opt.Notice(err.Error())
			return
		}
		h.placeholder.Accept(ln)
	}
}

// telling is what open pages of a socket are told by, and which version they may be of.
type telling struct {
	hub    atomic.Pointer[livereload.Hub] // nil: no page is told anything
	mark   atomic.Pointer[mark]
	serves atomic.Pointer[version] // what serves, or served last; nil: nothing has yet
	since  time.Time               // an answer that began before is of an older one
	waits  atomic.Bool             // the owner is about to hear that a client waits
	waited time.Time               // when it last did
}

// version is a generation that serves. Those of a socket are counted from 1 on, without any that never serves, so that pages
// can see whether they have missed one.
type version struct{ serial, number int }

// mark is what pages of a generation say of themselves, with its number.
type mark struct {
	boot    string
	content int
}

// Live is what pages of the socket are told.
func (h *Held) Live() schema.Live { return h.cfg.Live }

// Generation is the one that serves, or served last, as marks in its pages have it; 0: none has yet. What an older one
// answers has begun before since.
func (h *Held) Generation() (number int, since time.Time) {
	if v := h.telling.serves.Load(); v != nil {
		number = v.number
	}
	return number, h.telling.since
}

// Report gives the open pages of the socket, and those that come later, a new state.
func (h *Held) Report(s livereload.State) {
	if h.cfg.Live == schema.LiveOff {
		return
	}
	if m := h.telling.mark.Load(); m == nil || m.content != s.Content {
		h.telling.mark.Store(&mark{s.Boot, s.Content})
	}
	hub := h.telling.hub.Load()
	if hub == nil {
		hub = livereload.NewHub()
		h.telling.hub.Store(hub)
	}
	hub.Report(s)
}

// Hub is what pages of the socket are told by; nil if they are told nothing. It may be called by any goroutine.
func (h *Held) Hub() *livereload.Hub { return h.telling.hub.Load() }

// own answers the paths on a proxied socket that are devloop's. It is called by any goroutine.
func (h *Held) own(path string) http.Handler {
	if strings.HasPrefix(path, livereload.Prefix) {
		if hub := h.Hub(); hub != nil {
			return hub
		}
	}
	return nil
}

// injector puts the script into pages of a proxied socket, while they are told something.
func (h *Held) injector() *inject.Injector {
	name := h.cfg.Name
	return inject.New(inject.Options{
		Script: livereload.Prefix + "live.js", Socket: livereload.Prefix + "live", Integrity: livereload.Integrity,
		Mark: func(generation int) string {
			m, v := h.telling.mark.Load(), h.telling.serves.Load()
			if m == nil || v == nil || h.Hub() == nil {
				return ""
			}
			number := v.number
			if generation != v.serial {
				number-- // an older one
			}
			return fmt.Sprintf("%s.%d.%d", m.boot, number, m.content)
		},
		Serves: func(host string) bool { return h.Hub() != nil && livereload.Serves(host) },
		Note: func(why string) {
			h.set.opt.Full(fmt.Sprintf("socket %s: pages do not reload themselves: %s (`live: off` turns this off)", name, why))
		},
	})
}

// endHub ends the connections of open pages, which is waited for at the end of the Set. Pages ask again, and are told by
// the next hub, if there is to be one.
func (h *Held) endHub() {
	if hub := h.telling.hub.Swap(nil); hub != nil {
		h.set.joined.Go(hub.Close)
	}
}

// serves notes that the generation serves, from now on. On an inherited socket it may have answered since it began.
func (h *Held) serves(g *Grant) {
	at := g.began
	if h.front != nil {
		at = time.Now()
	}
	h.telling.since = at
	switch v := h.telling.serves.Load(); {
	case v == nil:
		h.telling.serves.Store(&version{g.serial, 1})
	case v.serial != g.serial:
		h.telling.serves.Store(&version{g.serial, v.number + 1})
	}
}

// leaves notes that a generation is gone. If it was replaced on an inherited socket, it may have answered until now.
func (h *Held) leaves(g *Grant, end End) {
	if v := h.telling.serves.Load(); h.front == nil && end.Asked && v != nil && g.serial < v.serial {
		h.telling.since = time.Now()
	}
}
