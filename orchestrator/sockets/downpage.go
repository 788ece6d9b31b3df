package sockets

import (
	"time"

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

// News is what Down was told last; nil if it was never called.
func (h *Held) News() *proxy.News { return h.news.Load() }

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
