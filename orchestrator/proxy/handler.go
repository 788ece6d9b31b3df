package proxy

import (
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"strings"
	"sync"
	"time"
)

// flushLate is how long an answer of a known length may stay in a buffer while the server pauses. Answers
// without a length, and event streams, are passed on at once (httputil does that); a flush after every piece
// of the others would cost a system call each.
const flushLate = time.Millisecond

type roundTripper func(*http.Request) (*http.Response, error)

func (rt roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return rt(req) }

// handler answers the requests of an HTTP front.
func (f *Front) handler() http.Handler {
	reverse := &httputil.ReverseProxy{
		Rewrite:       rewrite,
		Transport:     roundTripper(f.roundTrip),
		FlushInterval: flushLate,
		BufferPool:    &copyBuffers,
		ModifyResponse: func(res *http.Response) error {
			setReason(res)
			f.mark(res)
			return nil
		},
		ErrorHandler: f.answerError,
		ErrorLog:     log.New(io.Discard, "", 0), // the client sees it
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !f.enter() {
			panic(http.ErrAbortHandler)
		}
		defer f.handling.Done()
		var hangUp func()
		if c, ok := r.Context().Value(reasonKey{}).(*reasonConn); ok {
			f.opt.Room.asks(c.Conn)
			hangUp = func() { reset(bare(c.Conn)) }
		}
		if f.opt.Own != nil {
			if own := f.opt.Own(r.URL.Path); own != nil {
				own.ServeHTTP(w, r)
				return
			}
		}
		if r.ProtoMajor == 1 && r.ContentLength != 0 {
			// Otherwise an answer that begins before the request has ended waits for the client to send more.
			_ = http.NewResponseController(w).EnableFullDuplex() // every server of net/http can
		}
		answer := &verbatim{ResponseWriter: w, hangUp: hangUp, proto10: !r.ProtoAtLeast(1, 1)}
		defer answer.finish()
		reverse.ServeHTTP(answer, r)
		answer.done = true
	})
}

// enter counts a request, unless the front is closed.
func (f *Front) enter() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return false
	}
	f.handling.Add(1)
	return true
}

// mark says that an answer may be older than the files.
func (f *Front) mark(res *http.Response) {
	if f.opt.Checking != nil && f.opt.Checking() {
		res.Header.Set(checkingHeader, "1")
	}
}

// rewrite undoes what httputil does to requests for servers on other machines, and adds what a server wants
// to know of the client.
func rewrite(p *httputil.ProxyRequest) {
	in, out := p.In, p.Out
	out.URL.Scheme = "http"
	out.URL.Host = backend
	// Neither re-escaped nor cleaned.
	out.URL.RawQuery = in.URL.RawQuery
	if path, _, _ := strings.Cut(in.RequestURI, "?"); strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "//") {
		out.URL.Opaque = path
	}
	out.Trailer = in.Trailer // filled in when the body has been read

	header := out.Header
	dropOwnCookies(header)
	if v, ok := in.Header["Forwarded"]; ok {
		header["Forwarded"] = v
	}
	chain := in.Header["X-Forwarded-For"]
	if host, _, err := net.SplitHostPort(in.RemoteAddr); err == nil { // else a unix socket
		chain = []string{strings.Join(append(chain[:len(chain):len(chain)], host), ", ")}
	}
	if len(chain) > 0 {
		header["X-Forwarded-For"] = chain
	}
	keep := func(name, or string) {
		if v, ok := in.Header[name]; ok {
			header[name] = v
		} else if or != "" {
			header[name] = []string{or}
		}
	}
	keep("X-Forwarded-Host", in.Host)
	keep("X-Forwarded-Proto", "http")
}

// answerError answers when no server did.
func (f *Front) answerError(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil || errors.Is(err, errClosed) {
		panic(http.ErrAbortHandler) // there is no client to read an answer
	}
	var body bodyError
	if errors.As(err, &body) {
		w.Header().Set("Connection", "close") // it is unknown where the next request begins
		http.Error(w, "devloop: "+body.Error(), http.StatusBadRequest)
		return
	}
	p := page{Name: f.opt.Name, Status: http.StatusBadGateway, Kind: "failed", Err: err.Error()}
	if errors.Is(err, errTimedOut) || errors.Is(err, errDown) {
		p.Status, p.Kind = http.StatusServiceUnavailable, "held"
	}
	if f.opt.News != nil {
		p.News = f.opt.News()
	}
	p.answer(w, r)
}

// copyBuffers are for httputil, which would otherwise make 32 KiB of garbage a request.
var copyBuffers bufferPool

type bufferPool struct{ pool sync.Pool }

func (b *bufferPool) Get() []byte {
	if buf, ok := b.pool.Get().(*[]byte); ok {
		return *buf
	}
	return make([]byte, 32<<10)
}

func (b *bufferPool) Put(buf []byte) { b.pool.Put(&buf) }
