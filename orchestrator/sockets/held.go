package sockets

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync/atomic"
	"time"

	"devloop/orchestrator/proxy"
	"devloop/schema"
)

// Held is a socket of the configuration, bound by a Set.
//
// On one with `via: proxy` a front accepts, and forwards to the private port of
// the generation that serves. On an inherited one with `while_down: page` a
// placeholder answers while no process has it.
type Held struct {
	Bound
	set *Set
	cfg *schema.Socket

	front       *proxy.Front       // if it is proxied
	placeholder *proxy.Placeholder // if it is not, and browsers get pages while its server is down
	parting     []*proxy.Front     // fronts of before: who waits in one is answered by the next generation

	frontHTTP bool      // front speaks HTTP
	serving   int       // the serial number of the grant behind the front; 0: none
	cut       int       // requests that the last restart cut
	downSince time.Time // zero: its server is ready
	paging    bool      // browsers get pages

	// For the goroutines of front and placeholder.
	news     atomic.Pointer[proxy.News]
	checking atomic.Bool

	telling telling // open pages

	marked atomic.Bool // it was told that the server's own port is private: once is enough
}

// Name is what the configuration calls the socket now.
func (h *Held) Name() string { return h.cfg.Name }

// Via is how connections reach the process.
func (h *Held) Via() schema.Via { return h.cfg.Via }

// openFront begins to accept on a proxied socket, or prepares the pages of an
// inherited one.
func (h *Held) openFront() error {
	opt := proxy.Options{
		Name:     h.cfg.Name,
		HTTP:     h.cfg.Listen.Type == schema.HTTP,
		MaxWait:  h.cfg.MaxWait,
		News:     h.tellNews,
		Checking: h.checking.Load,
		Room:     h.set.room,
	}
	if h.cfg.Via != schema.ViaProxy {
		if h.cfg.WhileDown == schema.DownPage {
			h.placeholder = proxy.NewPlaceholder(opt)
		}
		return nil
	}
	ln, err := h.listener()
	if err != nil {
		return err
	}
	if opt.HTTP {
		opt.Own, opt.Pages = h.own, h.injector().Request
	}
	opt.Waits = h.clientWaits
	h.front, h.frontHTTP = proxy.New(ln, opt), opt.HTTP
	return nil
}

// listener makes a listener on a descriptor of its own, which the caller closes. It sets O_NONBLOCK for all
// who hold the socket, so no other process may be using it.
func (h *Held) listener() (net.Listener, error) {
	ln, err := net.FileListener(h.File())
	if err != nil {
		return nil, fmt.Errorf("accept on socket %s: %w", h.cfg.Name, err)
	}
	return ln, nil
}

// misfits tells whether the front that a socket has is not the one that the
// configuration asks for.
func (h *Held) misfits(cfg *schema.Socket) bool {
	proxied := cfg.Via == schema.ViaProxy
	return proxied != (h.front != nil) || proxied && h.frontHTTP != (cfg.Listen.Type == schema.HTTP)
}

// matchPlaceholder makes or ends the placeholder of a socket, as the configuration says. Where a front is to follow, it stays
// until that is opened: a generation that is told to end may have the socket until then, and would lose who waits.
func (h *Held) matchPlaceholder() {
	if h.cfg.Via == schema.ViaProxy || h.front != nil {
		return
	}
	wants := h.cfg.WhileDown == schema.DownPage
	switch {
	case wants && h.placeholder == nil:
		if err := h.openFront(); err != nil {
			h.set.opt.Notice(err.Error())
		}
	case !wants && h.placeholder != nil:
		h.partFront()
	}
}

// matchFront makes the front of a socket what the configuration says. Nobody
// else uses the socket now: its process is about to start.
func (h *Held) matchFront() error {
	if !h.misfits(h.cfg) {
		return nil
	}
	h.partFront()
	return h.openFront()
}

// partFront makes the front, or the placeholder, of a socket stop accepting, without replacing it. Clients
// that wait in it are answered by the next generation.
func (h *Held) partFront() {
	s := h.set
	if front := h.front; front != nil {
		front.Leave()
		h.parting = append(h.parting, front)
		s.joined.Go(func() {
			front.Finish(s.ctx)
			s.opt.Post(Event{func() {
				h.parting = slices.DeleteFunc(h.parting, func(f *proxy.Front) bool { return f == front })
			}})
		})
	}
	if placeholder := h.placeholder; placeholder != nil {
		placeholder.Leave()
		placeholder.Forward(h.dial)
		s.joined.Go(func() { placeholder.Finish(s.ctx) })
	}
	h.endHub() // its connections would keep the front
	h.front, h.placeholder, h.paging, h.serving = nil, nil, false, 0
}

// dismiss answers waiting clients of a removed socket with 503.
func (h *Held) dismiss() {
	h.endHub()
	for _, front := range h.fronts() {
		front.Refuse()
	}
	if h.front != nil {
		h.partFront()
	}
}

// fronts are the one that accepts, and those of before.
func (h *Held) fronts() []*proxy.Front {
	if h.front == nil {
		return h.parting
	}
	return append(slices.Clone(h.parting), h.front)
}

// dial connects to the socket itself: to whoever accepts on it, now or later.
func (h *Held) dial(ctx context.Context) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, string(h.Network()), h.Addr())
}

// close ends what openFront began, and lets the socket go. It may have to wait for a disk.
func (h *Held) close() error { return errors.Join(h.endFront(), h.Close()) }

// endFront ends what openFront began, and what open pages are told by.
func (h *Held) endFront() (err error) {
	if hub := h.telling.hub.Swap(nil); hub != nil {
		hub.Close()
	}
	if h.front != nil {
		err = h.front.Close()
	}
	if h.placeholder != nil {
		err = errors.Join(err, h.placeholder.Close())
	}
	return err
}

// granted tells whether a generation that runs was given the socket: also one
// that the configuration does not have any more.
func (h *Held) granted() bool {
	for g := range h.set.grants {
		if slices.Contains(g.sockets, h) {
			return true
		}
	}
	return false
}

// prepare returns what makes a socket ready for a next generation, which may have
// to wait for a disk. The one before may have shortened its queue and changed its
// flags; as long as another process holds it, the flags are that one's and are
// left alone.
func (h *Held) prepare() (fresh func() error) {
	if h.placeholder != nil {
		h.placeholder.Leave()
		h.paging = false
	}
	if h.granted() {
		return h.Refresh
	}
	return h.Reset
}
