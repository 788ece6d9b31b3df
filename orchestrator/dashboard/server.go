// Package dashboard answers browsers on a port of its own: the page, the control API behind a login, and one stream of
// what happens for each open tab. docs/control.md describes what it adds to the API, docs/security.md whom it lets in.
package dashboard

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"devloop/orchestrator/control"
	"devloop/orchestrator/dashboard/page"
)

// Options are what a Server needs of the loop. Its functions may be called by any goroutine.
type Options struct {
	API http.Handler // of the control socket

	// Graph is the graph of the nodes, and who has which socket.
	Graph func(context.Context) (Graph, error)

	// Live answers the pages of a socket that devloop is no proxy of, from the path /_devloop/ on; nil: there is
	// nothing for them.
	Live func(socket string) http.Handler

	Project string // names the project in the cookie: of two on one host, none takes the other's
	Key     string // the path of the file with the key; "": the key ends with the loop
	Host    string // by which browsers may call the dashboard, beside the loopback names; may be empty
}

// Server is a dashboard. Its owner calls Serve once, and Close.
type Server struct {
	opt    Options
	guard  guard
	assets assets
	ctx    context.Context // of all requests
	cancel context.CancelFunc
	http   http.Server
	served sync.WaitGroup
	conns  sync.WaitGroup
}

// mostConns is how many connections browsers may have open: more than they need, and less than would take the descriptors
// from the servers.
const mostConns = 256

// New makes a Server that nobody can reach yet.
func New(opt Options) *Server {
	s := &Server{opt: opt, guard: guard{key: key{path: opt.Key}, cookie: "devloop-" + opt.Project, host: opt.Host}, assets: assets{files: page.Files, made: map[string]*asset{}}}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.http = http.Server{
		Handler:           s.handler(),
		BaseContext:       func(net.Listener) context.Context { return s.ctx },
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          log.New(io.Discard, "", 0), // the terminal belongs to the loop
		ConnState: func(_ net.Conn, state http.ConnState) {
			switch state {
			case http.StateNew:
				s.conns.Add(1)
			case http.StateClosed, http.StateHijacked:
				s.conns.Done()
			}
		},
	}
	return s
}

// Serve begins to answer on a listener, which it closes in the end.
func (s *Server) Serve(ln net.Listener) {
	s.served.Go(func() { _ = s.http.Serve(&limited{ln, make(chan struct{}, mostConns), s.ctx.Done()}) }) // always ends with an error, of Close
}

// Close ends every answer and every stream, and returns when no goroutine is left. Handlers of Live that have taken
// their connection over are their owner's.
func (s *Server) Close() error {
	s.cancel()
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	err := s.http.Shutdown(ctx) // quick answers may finish
	if errors.Is(err, context.DeadlineExceeded) {
		err = s.http.Close()
	}
	s.served.Wait()
	s.conns.Wait()
	return err
}

// limited is a listener with so many connections at a time.
type limited struct {
	net.Listener
	places chan struct{}
	ended  <-chan struct{} // nobody is let in any more
}

// Accept waits for a place, and then for a browser.
func (l *limited) Accept() (net.Conn, error) {
	select {
	case l.places <- struct{}{}:
	case <-l.ended:
		return nil, net.ErrClosed
	}
	conn, err := l.Listener.Accept()
	if err != nil {
		<-l.places
		return nil, err
	}
	if tcp, ok := conn.(*net.TCPConn); ok && tcp.RemoteAddr().(*net.TCPAddr).IP.IsLoopback() {
		_ = tcp.SetKeepAlive(false) // who is on this machine does not go away silently
	}
	return &place{Conn: conn, leave: sync.OnceFunc(func() { <-l.places })}, nil
}

// place is a connection that has a place.
type place struct {
	net.Conn
	leave func()
}

// Close gives the place back.
func (p *place) Close() error {
	err := p.Conn.Close()
	p.leave()
	return err
}

// forwarded are the paths of the API that browsers may use: not the terminals, not the end, and no variables.
var forwarded = []string{
	"GET " + control.PathStatus, "GET " + control.PathWake, "GET " + control.PathDiagnostics, "GET " + control.PathEvents,
	"GET " + control.PathCycles, "GET " + control.PathWait, "GET " + control.PathLogs,
	"POST " + control.PathTrigger, "POST " + control.PathRestart, "POST " + control.PathStop, "POST " + control.PathStart,
}

// route is a path, as http.ServeMux takes it, and who may use it.
type route struct {
	pattern string
	who     audience
	answer  http.HandlerFunc
}

func (s *Server) routes() []route {
	all := []route{
		{"GET /{$}", linked, func(w http.ResponseWriter, r *http.Request) { s.assets.answer(w, r, "index.html") }},
		{"GET /login", anyone, s.guard.answerLogin},
		{"GET /assets/{name}", owners, func(w http.ResponseWriter, r *http.Request) { s.assets.answer(w, r, "assets/"+r.PathValue("name")) }},
		{"GET /layout", owners, s.answerLayout},
		{"GET /summary", owners, s.answerSummary},
		{"GET /stream", owners, func(w http.ResponseWriter, r *http.Request) { answerStream(s.opt.API, w, r) }},
		{"GET /live/{socket}/{path...}", apps, s.answerLive},
		{"/", owners, func(w http.ResponseWriter, _ *http.Request) {
			control.Refuse(w, http.StatusNotFound, "the dashboard has no such page", "")
		}},
	}
	for _, pattern := range forwarded {
		all = append(all, route{pattern, owners, s.opt.API.ServeHTTP})
	}
	return all
}

func (s *Server) handler() http.Handler {
	mux, who := http.NewServeMux(), map[string]audience{}
	for _, r := range s.routes() {
		mux.HandleFunc(r.pattern, r.answer)
		who[r.pattern] = r.who
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, pattern := mux.Handler(r)
		s.guard.only(who[pattern], mux, w, r)
	})
}

func (s *Server) answerLayout(w http.ResponseWriter, r *http.Request) {
	if g, known := s.graph(w, r); known {
		control.Reply(w, draw(g))
	}
}

// graph asks for the graph for a request, which is answered if there is none.
func (s *Server) graph(w http.ResponseWriter, r *http.Request) (g Graph, known bool) {
	g, err := s.opt.Graph(r.Context())
	if err != nil {
		control.Refuse(w, http.StatusServiceUnavailable, err.Error(), "")
	}
	return g, err == nil
}

func (s *Server) answerSummary(w http.ResponseWriter, r *http.Request) {
	g, known := s.graph(w, r)
	if !known {
		return
	}
	var cycles control.Cycles
	put := func(line []byte) error { return json.Unmarshal(line, &cycles) }
	ask(r.Context(), s.opt.API, &relay{put: put}, control.PathCycles, url.Values{"last": {"1000"}})
	control.Reply(w, summarize(cycles.Cycles, time.Now(), g.Nodes))
}

// Login are the ways to log in, each to be put after the dashboard's address and a slash: one that always works, and one
// that works once, within two minutes. They may have to wait for a disk.
func (s *Server) Login() (always, once string) {
	return "login?t=" + s.guard.key.token(), "login?t=" + s.guard.key.code(time.Now())
}

// answerLive lets the pages of a socket that devloop is no proxy of know what is live.
func (s *Server) answerLive(w http.ResponseWriter, r *http.Request) {
	var hub http.Handler
	if s.opt.Live != nil {
		hub = s.opt.Live(r.PathValue("socket"))
	}
	if hub == nil {
		http.NotFound(w, r)
		return
	}
	inner := r.Clone(r.Context())
	inner.URL.Path, inner.URL.RawPath = livePrefix+r.PathValue("path"), ""
	hub.ServeHTTP(w, inner)
}

// livePrefix is where the hub of a socket answers.
const livePrefix = "/_devloop/"
