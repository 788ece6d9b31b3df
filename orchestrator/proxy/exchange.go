package proxy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"time"
)

// A request that a server took and did not answer may have crashed it. So it is sent only once more, after
// newsSoon: a generation that died is known by then. If the same generation hangs up on that as well, it may
// have been dying all the while, with its connections closed and its listener still open; if after newsLate
// it is not known to be dead, it lives, and the request is at fault.
const (
	newsSoon = 50 * time.Millisecond
	newsLate = 300 * time.Millisecond
)

// mostHangUps is how often a request may go unanswered before it is given up, even if the server was killed
// each time: that may be the kernel, for the memory that the request takes.
const mostHangUps = 4

// suspectLimit is how long to wait for a request that is sent again before the next such request is sent: a
// server that dies of a request dies soon.
const suspectLimit = 100 * time.Millisecond

// After a dial error the pauses double between these.
const (
	dialPauseMin = 2 * time.Millisecond
	dialPauseMax = 250 * time.Millisecond
)

// An exchange is one request over all the times that it is sent.
type exchange struct {
	idempotent bool
	body       *body         // nil: none
	page       bool          // the client would rather have a page
	patience   time.Duration // how long it may still wait
	req        *http.Request // nil: it is a raw connection
	since      time.Time     // it first had to wait; zero: not yet. Guarded by front.mu

	// hungUp is a generation that took the request and did not answer it, without being asked to end as far
	// as is known; nil: none.
	hungUp  *generation
	hangUps int // how often that has happened, with all generations

	mu      sync.Mutex
	conn    *backConn // that this try got; nil: none yet, or not known
	base    int64     // what conn had written before
	unknown bool      // what was written is unknown
}

// idempotent methods, RFC 9110 section 9.2.2.
func idempotent(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace, http.MethodPut, http.MethodDelete:
		return true
	}
	return false
}

// gotConn records which connection a try uses.
func (ex *exchange) gotConn(info httptrace.GotConnInfo) {
	ex.mu.Lock()
	defer ex.mu.Unlock()
	conn, ok := info.Conn.(*backConn)
	if !ok {
		ex.unknown = true
		return
	}
	ex.conn, ex.base = conn, conn.written.Load()
}

// sent tells whether a byte of this try may have been written.
func (ex *exchange) sent() bool {
	ex.mu.Lock()
	defer ex.mu.Unlock()
	return ex.unknown || ex.conn != nil && ex.conn.written.Load() != ex.base
}

func (ex *exchange) mayResend() bool {
	if ex.body != nil && !ex.body.complete() {
		return false
	}
	return ex.idempotent || !ex.sent()
}

// roundTrip is the transport of the reverse proxy: it waits for a generation, sends, and sends again where
// that is safe.
func (f *Front) roundTrip(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	ex := &exchange{
		idempotent: idempotent(req.Method) && req.Header.Get("Upgrade") == "",
		page:       wantsPage(req.Method, req.Header),
		patience:   f.opt.MaxWait,
		req:        req,
	}
	if req.Body != nil {
		ex.body = newBody(req.Body)
	}
	traced := !ex.idempotent // else it does not matter what was written
	dialPause := dialPauseMin
	for {
		try, changed, err := f.newAttempt(ctx, ex)
		if err != nil {
			return nil, err
		}
		sent := ex.prepare(req, traced)
		var answer func(*http.Response)
		if f.opt.Pages != nil {
			answer = f.opt.Pages(sent, try.gen.id)
		}
		res, err := try.gen.transport(req.ProtoMajor).RoundTrip(sent)
		if err == nil {
			stream := res.StatusCode == http.StatusSwitchingProtocols || isEventStream(res.Header)
			try.begin(stream)
			res.Body = watch(ctx, res.Body, try)
			if answer != nil {
				answer(res)
			}
			return res, nil
		}
		var dial dialError
		switch {
		case ctx.Err() != nil:
			try.finish(left)
			return nil, err
		case ex.body != nil && ex.body.failed() != nil:
			try.finish(left)
			return nil, ex.body.failed()
		case ex.body != nil && !ex.body.complete():
			try.finish(cut)
			return nil, f.fate(try.gen, err)
		case errors.As(err, &dial) || traced && !ex.sent():
			try.finish(retried)
			f.pause(ctx, ex, changed, dialPause)
			dialPause = min(2*dialPause, dialPauseMax)
			if ctx.Err() == nil && ex.patience <= 0 {
				f.timedOut()
				return nil, errTimedOut
			}
		case !ex.idempotent:
			try.finish(cut)
			return nil, f.fate(try.gen, err)
		case !f.sendAgain(ctx, ex, try, changed):
			return nil, f.fate(try.gen, err)
		default:
			dialPause = dialPauseMin
		}
	}
}

// sendAgain tells whether an idempotent request that a generation took and did not answer is sent again, and
// waits until it may be. It finishes the attempt.
func (f *Front) sendAgain(ctx context.Context, ex *exchange, try *attempt, changed <-chan struct{}) (again bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	gen := try.gen
	switch {
	case gen.replaced: // it was told to end, and did
		again = true
	case ex.hangUps == mostHangUps:
	case ex.hungUp == nil || ex.hungUp.killed:
		ex.hungUp = gen
		ex.hangUps++
		f.wait(ctx, ex, changed, newsSoon)
		again = true
	default:
		ex.hangUps++
		f.wait(ctx, ex, changed, newsLate)
		again = gen.killed || gen == ex.hungUp && gen.gone
	}
	if again {
		try.end(retried)
	} else {
		try.end(cut)
	}
	return again
}

// fate says why a request is not sent again.
func (f *Front) fate(g *generation, err error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case g.replaced:
		return fmt.Errorf("the server was replaced before it had answered this request, which is not sent twice: %w", err)
	case g.gone:
		return fmt.Errorf("the server ended while it answered this request: %w", err)
	}
	return fmt.Errorf("the server hung up on this request: %w", err)
}

func (f *Front) timedOut() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stats.TimedOut++
}

// prepare makes the request of one try.
func (ex *exchange) prepare(req *http.Request, traced bool) *http.Request {
	ctx := req.Context()
	if traced {
		ex.mu.Lock()
		ex.conn, ex.base, ex.unknown = nil, 0, req.ProtoMajor == 2
		ex.mu.Unlock()
		ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: ex.gotConn})
	}
	try := req.WithContext(ctx)
	if ex.body != nil {
		try.Body = ex.body.reader()
		return try
	}
	switch {
	case req.ProtoMajor == 2:
	case req.Method == http.MethodGet, req.Method == http.MethodHead, req.Method == http.MethodOptions:
		// http.Transport itself sends requests without a body again, as long as it has connections left. With
		// this body it does not, and sends none either.
		try.Body = emptyBody{}
	}
	// With these headers http.Transport would send a POST again by itself. It does not know them in another
	// spelling, which servers accept.
	for _, name := range []string{"Idempotency-Key", "X-Idempotency-Key"} {
		if v, ok := try.Header[name]; ok {
			try.Header = maps.Clone(try.Header)
			delete(try.Header, name)
			try.Header[strings.ToLower(name)] = v
		}
	}
	return try
}

// emptyBody is a body without a byte.
type emptyBody struct{}

func (emptyBody) Read([]byte) (int, error) { return 0, io.EOF }
func (emptyBody) Close() error             { return nil }
