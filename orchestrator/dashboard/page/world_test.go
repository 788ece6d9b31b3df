package page_test

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"path"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"devloop/orchestrator/control"
	"devloop/orchestrator/dashboard"
)

// world is a loop that only says what a test has it say. The dashboard in front of it is the real one.
type world struct {
	URL   string // of the page, logged in
	Plain string // the same for who has not logged in

	mu          sync.Mutex // guards what follows
	status      control.Status
	cycles      []control.Cycle
	diagnostics control.Diagnostics
	edges       []dashboard.GraphEdge
	broke       map[string][]control.Broke // by node
	printed     []control.Line
	readers     map[chan any]string // of events and of lines, each with its path
	opened      int                 // streams of events so far
	asked       []string            // by hand: VERB NODE…
	questions   int                 // of all kinds
	refuse      string
	changed     chan struct{} // closed when a reader has come or gone, or something was asked
}

// now is the moment at which the world stands still: today, so that it counts as today.
func now() time.Time {
	t := time.Now().UTC()
	return time.Date(t.Year(), t.Month(), t.Day(), 10, 18, 26, 0, time.UTC)
}

// serve has the real dashboard answer for a world.
func serve(t testing.TB, w *world) *world {
	t.Helper()
	if w.diagnostics.Diagnostics == nil {
		w.diagnostics.Diagnostics = []control.Diagnostic{}
	}
	w.diagnostics.Unplaced = []control.Unplaced{}
	w.readers, w.changed = map[chan any]string{}, make(chan struct{})
	server := dashboard.New(dashboard.Options{API: w, Project: "test", Graph: func(context.Context) (dashboard.Graph, error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		g := dashboard.Graph{Edges: w.edges}
		for _, n := range w.status.Nodes {
			g.Nodes = append(g.Nodes, dashboard.GraphNode{Name: n.Name, Kind: n.Kind, Broke: w.broke[n.Name]})
		}
		for _, s := range w.status.Sockets {
			g.Sockets = append(g.Sockets, dashboard.GraphSocket{Name: s.Name, Address: s.Address, Nodes: s.Nodes})
		}
		return g, nil
	}})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server.Serve(ln)
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	w.Plain = "http://" + ln.Addr().String() + "/"
	always, _ := server.Login()
	w.URL = w.Plain + always
	return w
}

// ServeHTTP answers like the control socket.
func (w *world) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	w.questions++
	w.mu.Unlock()
	switch r.URL.Path {
	case control.PathStatus:
		w.reply(out, func() any { return w.status })
	case control.PathCycles:
		last, _ := strconv.Atoi(r.URL.Query().Get("last"))
		w.reply(out, func() any {
			return control.Cycles{Boot: w.status.Boot, Cycles: w.cycles[max(0, len(w.cycles)-last):]}
		})
	case control.PathDiagnostics:
		w.reply(out, func() any { return w.diagnostics })
	case control.PathEvents:
		w.mu.Lock()
		w.opened++
		seq := w.status.Seq
		w.mu.Unlock()
		first := []any{control.Event{V: 1, Kind: "subscribed", Time: now(), Position: control.Position{Seq: seq, Boot: w.status.Boot}}}
		if r.URL.Query().Get("since") != w.status.Boot+"."+strconv.FormatUint(seq, 10) {
			status := w.Status()
			first = append(first, control.Event{V: 1, Kind: "snapshot", Time: now(), Position: control.Position{Seq: seq, Boot: w.status.Boot, Status: &status}})
		}
		w.stream(out, r, first)
	case control.PathLogs:
		w.mu.Lock()
		var first []any
		for _, l := range w.printed {
			if slices.Contains(r.URL.Query()["node"], l.Node) {
				first = append(first, l)
			}
		}
		w.mu.Unlock()
		tail, _ := strconv.Atoi(r.URL.Query().Get("tail"))
		w.stream(out, r, first[max(0, len(first)-tail):])
	default:
		w.mu.Lock()
		text := path.Base(r.URL.Path)
		for _, node := range r.URL.Query()["node"] {
			text += " " + node
		}
		w.asked = append(w.asked, text)
		refuse := w.refuse
		w.told()
		w.mu.Unlock()
		if refuse != "" {
			control.Refuse(out, http.StatusNotFound, refuse, "")
			return
		}
		control.Reply(out, []control.Moved{})
	}
}

func (w *world) reply(out http.ResponseWriter, what func() any) {
	w.mu.Lock()
	body, err := json.Marshal(what())
	w.mu.Unlock()
	if err != nil {
		http.Error(out, err.Error(), http.StatusInternalServerError)
		return
	}
	out.Header().Set("Content-Type", "application/json")
	_, _ = out.Write(append(body, 0x0a))
}

func (w *world) stream(out http.ResponseWriter, r *http.Request, first []any) {
	feed := make(chan any, 4096)
	w.mu.Lock()
	w.readers[feed] = r.URL.Path
	w.told()
	w.mu.Unlock()
	defer func() {
		w.mu.Lock()
		delete(w.readers, feed)
		w.told()
		w.mu.Unlock()
	}()
	s := control.NewStream(out)
	for _, v := range first {
		if s.Put(v) != nil {
			return
		}
	}
	if s.Flush() != nil {
		return
	}
	for {
		select {
		case v := <-feed:
			if s.Put(v) != nil || len(feed) == 0 && s.Flush() != nil {
				return
			}
		case <-r.Context().Done():
			return
		}
	}
}

// told wakes who awaits. The caller holds mu.
func (w *world) told() {
	close(w.changed)
	w.changed = make(chan struct{})
}

// await waits until something is so of the world.
func (w *world) await(t testing.TB, what string, is func() bool) {
	t.Helper()
	timeout := time.NewTimer(time.Minute)
	defer timeout.Stop()
	for {
		w.mu.Lock()
		so, changed := is(), w.changed
		w.mu.Unlock()
		if so {
			return
		}
		select {
		case <-changed:
		case <-timeout.C:
			t.Fatalf("never: %s", what)
		}
	}
}

// streams is how many tabs have a stream. The caller holds mu.
func (w *world) streams() (n int) {
	for _, p := range w.readers {
		if p == control.PathEvents {
			n++
		}
	}
	return n
}

// Status is a copy of it.
func (w *world) Status() control.Status {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.status
	s.Nodes = slices.Clone(s.Nodes)
	return s
}

// change changes the world, and tells those who listen.
func (w *world) change(kind string, change func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change()
	w.status.Seq++
	live := w.status.Live
	for feed, p := range w.readers {
		if p == control.PathEvents {
			feed <- control.Event{V: 1, Kind: kind, Time: now(), Live: &live, Position: control.Position{Seq: w.status.Seq}}
		}
	}
}

// print has nodes print lines.
func (w *world) print(lines ...control.Line) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.printed = append(w.printed, lines...)
	for feed, p := range w.readers {
		if p == control.PathLogs {
			for _, l := range lines {
				feed <- l
			}
		}
	}
}

// node is the node of a name. The caller holds mu, or nobody else is there yet.
func (w *world) node(name string) *control.Node {
	for i := range w.status.Nodes {
		if w.status.Nodes[i].Name == name {
			return &w.status.Nodes[i]
		}
	}
	return nil
}
