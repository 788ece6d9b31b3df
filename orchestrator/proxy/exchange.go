package proxy

import (
	"errors"
	"maps"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"time"
)

// sends is how often one generation may be sent the same request, and allSends
// how often all of them: a server that hangs up whenever it is asked this, or
// dies of it, is not asked for ever. More than two, since a server that dies
// closes its connections before its listener as often as not.
const (
	sends    = 4
	allSends = 8
)

// resendPauses are waited for before the same generation is sent a request
// again, unless it changes: a server that died is told of soon, and on a machine
// with much to do a little later.
var resendPauses = [sends]time.Duration{0, 2 * time.Millisecond, 50 * time.Millisecond, 250 * time.Millisecond}

// Dial errors are answered with pauses that double between these.
const (
	dialPauseMin = 2 * time.Millisecond
	dialPauseMax = 250 * time.Millisecond
)

// An exchange is one request over all the times that it is sent.
type exchange struct {
	idempotent bool
	body       *body // nil: none

	mu      sync.Mutex
	conn    *backConn // that this try got; nil: none yet, or not known
	base    int64     // what conn had written before
	unknown bool      // what was written cannot be told
}

// idempotent methods, RFC 9110 section 9.2.2.
func idempotent(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace, http.MethodPut, http.MethodDelete:
		return true
	}
	return false
}

// gotConn is told which connection a try uses.
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

// roundTrip is the transport of the reverse proxy: it waits for a generation,
// sends, and sends again where that is safe.
func (f *Front) roundTrip(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	ex := &exchange{idempotent: idempotent(req.Method) && req.Header.Get("Upgrade") == ""}
	if req.Body != nil {
		ex.body = newBody(req.Body)
	}
	page := wantsPage(req.Method, req.Header)
	traced := !ex.idempotent // else nobody asks what was written
	var (
		total, sentTo int // times sent: in all, and to lastGen
		lastGen       *generation
		dialPause     = dialPauseMin
		deadline      = time.Now().Add(f.opt.MaxWait)
	)
	for {
		fl, changed, err := f.board(ctx, ex, deadline, page)
		if err != nil {
			return nil, err
		}
		if fl.gen != lastGen {
			lastGen, sentTo, dialPause = fl.gen, 0, dialPauseMin
		}
		try := req
		if traced || ex.body != nil {
			try = ex.prepare(req, traced)
		}
		res, err := fl.gen.transport(req.ProtoMajor).RoundTrip(try)
		if err == nil {
			stream := res.StatusCode == http.StatusSwitchingProtocols || isEventStream(res.Header)
			fl.begin(stream)
			res.Body = watch(ctx, res.Body, fl)
			return res, nil
		}
		var dial dialError
		switch {
		case ctx.Err() != nil:
			fl.land(left)
			return nil, err
		case ex.body != nil && !ex.body.complete():
			fl.land(cut)
			return nil, err
		case errors.As(err, &dial) || traced && !ex.sent():
			fl.land(retried)
			f.pause(ctx, changed, min(dialPause, time.Until(deadline)))
			dialPause = min(2*dialPause, dialPauseMax)
			if ctx.Err() == nil && !time.Now().Before(deadline) {
				f.timedOut()
				return nil, errTimedOut
			}
		case ex.idempotent && sentTo+1 < sends && total+1 < allSends:
			total++
			sentTo++
			fl.land(retried)
			f.pause(ctx, changed, resendPauses[sentTo])
			deadline = time.Now().Add(f.opt.MaxWait)
		default:
			fl.land(cut)
			return nil, err
		}
	}
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
	// With these http.Transport would send a POST again by itself. It does not
	// know them by another spelling, and servers do.
	for _, name := range []string{"Idempotency-Key", "X-Idempotency-Key"} {
		if v, ok := try.Header[name]; ok {
			try.Header = maps.Clone(try.Header)
			delete(try.Header, name)
			try.Header[strings.ToLower(name)] = v
		}
	}
	return try
}
