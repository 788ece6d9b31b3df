package dashboard

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"sync"

	"devloop/orchestrator/control"
)

// stream is the answer of one open tab: server-sent events, made of what the API streams.
type stream struct {
	out  http.ResponseWriter
	http *http.ResponseController
	mu   sync.Mutex // held while something is written to out
	boot string     // of the loop; known by the events alone
}

// answerStream sends the events of the loop and, of the nodes that are named, the output. Nothing is sent while nothing
// happens.
func answerStream(api http.Handler, w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	since := r.Header.Get("Last-Event-ID")
	if since == "" {
		since = q.Get("since")
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.WriteHeader(http.StatusOK)
	st := &stream{out: w, http: http.NewResponseController(w)}
	ctx, cancel := context.WithCancel(r.Context())
	var lines sync.WaitGroup
	defer lines.Wait()
	defer cancel()
	begun := make(chan struct{})
	if nodes := q["node"]; len(nodes) > 0 {
		tail := q.Get("tail")
		if tail == "" {
			tail = "200"
		}
		lines.Go(func() {
			select {
			case <-begun: // the first event is the state
			case <-ctx.Done():
				return
			}
			ask(ctx, api, &relay{stream: st, put: st.line}, control.PathLogs, url.Values{"node": nodes, "tail": {tail}, "follow": {"true"}})
		})
	}
	ask(ctx, api, &relay{stream: st, put: st.event, begun: sync.OnceFunc(func() { close(begun) })}, control.PathEvents, url.Values{"since": {since}, "snapshot": {"true"}})
}

// ask has the API answer a request, until it ends or ctx does.
func ask(ctx context.Context, api http.Handler, to *relay, path string, query url.Values) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, path+"?"+query.Encode(), http.NoBody)
	if err != nil {
		return // the paths are constant
	}
	api.ServeHTTP(to, r)
	to.end()
}

// relay takes an answer of the API, and passes its lines on to a stream.
type relay struct {
	*stream
	put    func(line []byte) error
	begun  func() // called when the first lines have been sent; may be nil
	header http.Header
	code   int
	rest   []byte // of a line that has not ended
}

// Header is that of the answer, which nobody reads.
func (f *relay) Header() http.Header {
	if f.header == nil {
		f.header = http.Header{}
	}
	return f.header
}

// WriteHeader notes what kind of answer it is.
func (f *relay) WriteHeader(code int) { f.code = code }

// Write passes on the lines that end in it.
func (f *relay) Write(text []byte) (int, error) {
	f.rest = append(f.rest, text...)
	for f.code == 0 || f.code == http.StatusOK {
		line, rest, ended := bytes.Cut(f.rest, []byte{'\n'})
		if !ended {
			break
		}
		if err := f.put(line); err != nil {
			return 0, err
		}
		f.rest = rest
	}
	if len(f.rest) == 0 {
		f.rest = nil
	}
	return len(text), nil
}

// FlushError sends what has been written.
func (f *relay) FlushError() error {
	f.mu.Lock()
	err := f.http.Flush()
	f.mu.Unlock()
	if err == nil && f.begun != nil && f.boot != "" {
		f.begun()
	}
	return err
}

// end tells the page what the API has refused.
func (f *relay) end() {
	if f.stream != nil && f.code != 0 && f.code != http.StatusOK && f.send("refused", "", bytes.TrimSpace(f.rest)) == nil {
		_ = f.FlushError() // the client may have gone
	}
}

// event passes on one of the loop's events. What only says where the stream begins is known by what follows.
func (st *stream) event(line []byte) error {
	var e struct {
		Kind string
		Seq  uint64
		Boot string
	}
	if err := json.Unmarshal(line, &e); err != nil {
		return err
	}
	if e.Boot != "" {
		st.boot = e.Boot
	}
	name := "event"
	switch e.Kind {
	case "subscribed":
		return nil
	case "missed":
		name = e.Kind
	}
	return st.send(name, st.boot+"."+strconv.FormatUint(e.Seq, 10), line)
}

// line passes on a line of output, or how many are no longer kept.
func (st *stream) line(line []byte) error {
	if bytes.Contains(line, []byte(`,"missed":`)) { // in a text, the quotes would be escaped
		return st.send("missed", "", line)
	}
	return st.send("line", "", line)
}

// send writes one event, which the next flush sends.
func (st *stream) send(name, id string, data []byte) error {
	text := make([]byte, 0, len(name)+len(id)+len(data)+32)
	text = append(append(text, "event: "...), name...)
	if id != "" {
		text = append(append(text, "\nid: "...), id...)
	}
	text = append(append(append(text, "\ndata: "...), data...), "\n\n"...)
	st.mu.Lock()
	defer st.mu.Unlock()
	_, err := st.out.Write(text)
	return err
}
