package proxy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// headTimeout is how long the head of a request may take, from its first byte on
// or, of a connection's first request, from the connection on.
const headTimeout = 30 * time.Second

// DefaultMaxWait is what a MaxWait of zero means.
const DefaultMaxWait = 60 * time.Second

// Options configure a Front. They do not change after New.
type Options struct {
	Name string // of the socket, for the pages
	// HTTP says that the clients speak HTTP: requests are held, sent again and answered with pages. Otherwise
	// whole connections are forwarded.
	HTTP bool
	// MaxWait is how long a request or a connection waits for a generation in total, before it is answered
	// with 503, or closed: 0 is DefaultMaxWait, and a negative value means no wait.
	MaxWait time.Duration
	// News says what is going on, for the pages. It is called from any goroutine, and must not block. Nil:
	// the pages only say that they wait.
	News func() News
	// Room limits the clients of this front and others; nil: there is no limit.
	Room *Room
	// Checking is true while an old version answers during checks. It is called once for each answer, from
	// any goroutine, and must not block. Nil: never.
	Checking func() bool
	// Own is who answers a path instead of the server, also while no generation is ready; nil: the server. The
	// handler returns when its request's context ends, which Close waits for. It is called from any goroutine,
	// and must not block. Nil: every path is the server's.
	Own func(path string) http.Handler
	// Waits is called, from any goroutine, when a request begins to wait while no other does. It must not block. Nil: nobody
	// wants to know.
	Waits func()
	// Pages is called, from any goroutine, each time that a request is sent to a generation. It may replace
	// req.Header, but not change it; answer, unless it is nil, may change the header and the body of what
	// that generation answers. Nil: nothing is changed.
	Pages func(req *http.Request, generation int) (answer func(*http.Response))
}

// Stats are counts, some of now and some since New.
type Stats struct {
	Waiting  int         // requests or connections that wait for a generation
	InFlight map[int]int // by generation: sent, and not answered in full; streams and raw connections count
	Answered int64       // requests that a server answered in full, connections that both sides ended
	Retried  int64       // times that a request was sent again, or dialled again
	Cut      int64       // requests and connections that a server, or Drop, ended midway
	TimedOut int64       // requests and connections that waited for longer than MaxWait
}

// A Front accepts on one listener and forwards to one generation of a server at a time. Its methods may be
// called from any goroutine; only Drain and Close block.
type Front struct {
	opt      Options
	listener net.Listener
	server   *http.Server // nil unless opt.HTTP
	base     context.Context
	cancel   context.CancelFunc
	joined   sync.WaitGroup // acceptors and connections
	handling sync.WaitGroup // requests; added to by connections only, which are joined first

	mu      sync.Mutex // guards all below, and the attempts and generations
	closed  bool
	pages   bool
	refuses bool
	left    bool
	current *generation // nil: held
	gens    map[int]*generation
	change  chan struct{} // closed and replaced when current or pages changes
	trying  *attempt      // the one that is being sent again, see newAttempt; nil: none
	turn    chan struct{} // closed and replaced when trying ends
	waiting map[*exchange]struct{}
	stats   Stats
	conns   map[net.Conn]struct{} // clients' raw connections
}

var (
	errClosed   = errors.New("the proxy is closed")
	errTimedOut = errors.New("the server was not ready in time")
	errDown     = errors.New("the server is not running")
)

// New takes over l, which it closes at the end, and accepts from it at once. It starts held. The caller ends
// it with Close.
func New(l net.Listener, opt Options) *Front {
	if opt.MaxWait == 0 {
		opt.MaxWait = DefaultMaxWait
	}
	f := &Front{
		opt:      opt,
		listener: l,
		gens:     map[int]*generation{},
		change:   make(chan struct{}),
		turn:     make(chan struct{}),
		waiting:  map[*exchange]struct{}{},
		conns:    map[net.Conn]struct{}{},
	}
	f.base, f.cancel = context.WithCancel(context.Background())
	if !opt.HTTP {
		f.joined.Go(f.acceptRaw)
		return f
	}
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	f.server = &http.Server{
		Handler:     f.handler(),
		Protocols:   &protocols,
		BaseContext: func(net.Listener) context.Context { return f.base },
		ConnContext: withConn,
		ConnState:   f.connState,
		// A body may take longer, and so may the next request; a head that has begun must come soon.
		ReadHeaderTimeout: headTimeout,
		// OPTIONS * is for the server to answer.
		DisableGeneralOptionsHandler: true,
		// Errors on a connection are the client's to see.
		ErrorLog: log.New(io.Discard, "", 0),
	}
	f.joined.Go(func() { _ = f.server.Serve(clients{l, f}) }) // ends with ErrServerClosed, or with the listener
	return f
}

// connState counts the connections of the HTTP server, so that Close can wait for them (http.Server.Close
// does not), and tells the Room which are idle.
func (f *Front) connState(conn net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		f.joined.Add(1) // from Serve, which is itself counted
	case http.StateClosed, http.StateHijacked:
		f.joined.Done()
	}
	if c, ok := conn.(*reasonConn); ok {
		switch state {
		case http.StateActive: // a byte has come; the handler comes with the whole head
			f.opt.Room.idles(c.Conn, graceOfHead, leastOfHead)
		case http.StateIdle:
			f.opt.Room.idles(c.Conn, 0, 0)
		}
	}
}

// Serve sends all new and waiting requests to a generation from now on; addr is what it listens on,
// "127.0.0.1:4000", "[::1]:4000" or the absolute path of a unix socket. What an earlier generation was sent
// stays there. A generation may be served again, also with another address.
func (f *Front) Serve(gen int, addr string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return
	}
	g := f.gens[gen]
	if g == nil || g.gone {
		g = newGeneration(f, gen)
		f.gens[gen] = g
	}
	g.addr.Store(&addr)
	g.replaced = false
	f.setCurrent(g)
}

// Hold lets new requests wait until the next Serve. Requests that were already sent to a generation stay
// there.
func (f *Front) Hold() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.setCurrent(nil)
}

// AnswerPages says whether a browser that opens a page while no generation is ready gets a page that says
// what is going on, and reloads itself later, instead of waiting; also those that already wait. Other
// requests always wait. It starts off, and matters only for HTTP.
func (f *Front) AnswerPages(on bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.pages = on
	f.changed()
}

// Refuse answers requests that wait, and new ones while there is no generation, with 503 at once; other
// connections are closed. It is for a socket that is being removed.
func (f *Front) Refuse() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.refuses = true
	f.changed()
}

// Leave stops accepting, and closes the listener. Accepted connections are served; each ends with the answer
// to its request.
func (f *Front) Leave() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.left {
		return
	}
	f.left = true
	_ = f.listener.Close() // a descriptor of our own
	if f.server != nil {
		f.server.SetKeepAlivesEnabled(false)
	}
}

// Finish leaves, waits until everything accepted has been served, or ctx ends, and closes the front.
func (f *Front) Finish(ctx context.Context) {
	f.Leave()
	if f.server != nil {
		_ = f.server.Shutdown(ctx) // Close ends what that did not wait for
	} else {
		served := make(chan struct{})
		go func() {
			f.joined.Wait()
			close(served)
		}()
		select {
		case <-served:
		case <-ctx.Done():
		}
	}
	_ = f.Close() // its listener is closed
}

// setCurrent is called with f.mu held.
func (f *Front) setCurrent(g *generation) {
	if f.current == g {
		return
	}
	if f.current != nil {
		f.current.replaced = !f.current.gone
		f.current.retire()
	}
	f.current = g
	f.changed()
}

// changed is called with f.mu held.
func (f *Front) changed() {
	close(f.change)
	f.change = make(chan struct{})
}

// Drain waits until nothing is in flight to a generation, or ctx ends, and returns how much is left. It does
// not wait for upgraded connections, event streams and raw connections, which have no end of their own, but
// counts them. A generation gets no new requests during the drain only if Hold, or Serve for another one, was
// called before.
func (f *Front) Drain(ctx context.Context, gen int) (left int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for {
		g := f.gens[gen]
		if g == nil {
			return 0
		}
		finite, streams := g.count()
		if finite == 0 || ctx.Err() != nil {
			if g != f.current {
				// Servers that drain also wait for idle connections.
				g.retire()
			}
			return finite + streams
		}
		if g.drained == nil {
			g.drained = make(chan struct{})
		}
		drained := g.drained
		f.mu.Unlock()
		select {
		case <-drained:
		case <-ctx.Done():
		}
		f.mu.Lock()
	}
}

// Drop says that a generation is gone, or must go: it gets nothing more, what it has written already is still
// delivered, and then its connections end, at the latest after a few seconds if it keeps writing. A request
// without a byte of an answer is sent again, now or at the next Serve, if that is safe; only once if the
// generation died while it was current, unless killed says that it was killed. cut is how many are in flight
// that are not sent again; Stats.Cut has the final number, since some may have been answered in full.
func (f *Front) Drop(gen int, killed bool) (cut int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	g := f.gens[gen]
	if g == nil || g.gone {
		return 0
	}
	g.gone, g.killed = true, killed
	if f.current == g {
		f.setCurrent(nil)
	}
	for try := range g.attempts {
		if !try.mayResend() {
			cut++
		}
	}
	g.drop()
	return cut
}

// Stats returns the counts; it costs a lock.
func (f *Front) Stats() Stats {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.stats
	s.Waiting = len(f.waiting)
	s.InFlight = map[int]int{}
	for id, g := range f.gens {
		if n := len(g.attempts); n > 0 {
			s.InFlight[id] = n
		}
	}
	return s
}

// Request is a request that waits for a generation.
type Request struct {
	Method string
	Path   string // without the query; of a long one, the beginning
	Since  time.Time
}

// Requests are those that wait, the oldest first, so many at most.
func (f *Front) Requests(most int) (list []Request) {
	const longest = 300
	f.mu.Lock()
	defer f.mu.Unlock()
	for ex := range f.waiting {
		if ex.req != nil {
			path := ex.req.URL.Path
			list = append(list, Request{ex.req.Method, path[:min(len(path), longest)], ex.since})
		}
	}
	slices.SortFunc(list, func(a, b Request) int { return a.Since.Compare(b.Since) })
	return list[:min(len(list), most)]
}

// Close ends every connection, waiting or not, closes the listener, and
// returns when all goroutines have ended. A second Close does nothing.
func (f *Front) Close() error {
	f.mu.Lock()
	if f.closed {
		f.mu.Unlock()
		f.joined.Wait()
		return nil
	}
	f.closed = true
	f.setCurrent(nil)
	f.changed()
	gens := slices.Collect(maps.Values(f.gens))
	for conn := range f.conns {
		_ = conn.Close() // its copier then fails
	}
	f.mu.Unlock()

	f.cancel()
	var err error
	if f.server != nil {
		err = f.server.Close()
	} else {
		err = f.listener.Close()
	}
	for _, g := range gens {
		g.close()
	}
	f.joined.Wait()
	f.handling.Wait()
	if err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("close socket %s: %w", f.opt.Name, err)
	}
	return nil
}
