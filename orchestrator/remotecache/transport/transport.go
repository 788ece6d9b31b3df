// Package transport sends requests to one server that may be slow, away or gone in the middle of an answer: no wait is
// without an end. Headers that are secret go to that server alone, and into no error.
package transport

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Connect bounds the way to a connection, and its TLS handshake.
const connect = time.Second

// leastRate is what a server must send or take on average, in bytes a second: one that trickles is as good as away.
const leastRate = 32 << 10

// Client sends requests to the server of its base.
type Client struct {
	Base    *url.URL // http or https, with the path below which everything is, and without a user
	headers map[string]string
	rpc     bool

	mu   sync.Mutex
	http *http.Transport
}

// New is a client for base, whose user and password become a header. With rpc it speaks HTTP/2 alone. It does nothing yet.
func New(base *url.URL, headers map[string]string, rpc bool) *Client {
	address := *base
	c := &Client{Base: &address, headers: map[string]string{}, rpc: rpc}
	if user := base.User; user != nil {
		password, _ := user.Password()
		c.headers["Authorization"] = "Basic " + base64.StdEncoding.EncodeToString([]byte(user.Username()+":"+password))
		address.User = nil
	}
	for name, value := range headers {
		c.headers[http.CanonicalHeaderKey(name)] = value
	}
	return c
}

func (c *Client) transport() *http.Transport {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.http != nil {
		return c.http
	}
	c.http = &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: connect}).DialContext,
		TLSHandshakeTimeout: connect,
		DisableCompression:  true,
		MaxIdleConnsPerHost: 16,
		IdleConnTimeout:     10 * time.Second, // nothing wakes up for an idle connection after this
		Protocols:           new(http.Protocols),
		// A call that is silent for long, such as one that waits for an engine, finds out that the way is cut.
		HTTP2: &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 5 * time.Second, MaxReceiveBufferPerStream: 1 << 20},
	}
	c.http.Protocols.SetHTTP2(true)
	c.http.Protocols.SetHTTP1(!c.rpc)
	if c.rpc && c.Base.Scheme == "http" {
		c.http.Protocols.SetUnencryptedHTTP2(true)
		c.http.Proxy = nil
	}
	return c.http
}

// forget leaves a connection that may be dead to its end: the next request opens another.
func (c *Client) forget(t *http.Transport) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.http == t {
		c.http = nil
	}
	t.CloseIdleConnections()
}

// Close closes what is idle. The client can be used again.
func (c *Client) Close() { c.forget(c.transport()) }

type stallKey struct{}

// WithStall is a context whose requests end when nothing has come or gone for so long; 0: however long it takes. The body
// of the answer belongs to the request.
func WithStall(ctx context.Context, stall time.Duration) context.Context {
	return context.WithValue(ctx, stallKey{}, stall)
}

// RoundTrip is http.RoundTripper's. An error says nothing of the request's address and headers.
func (c *Client) RoundTrip(r *http.Request) (*http.Response, error) {
	stall, _ := r.Context().Value(stallKey{}).(time.Duration)
	ctx, cancel := context.WithCancelCause(r.Context())
	w := &watch{start: time.Now(), stall: stall, cancel: cancel, caller: r.Context()}
	r = r.Clone(ctx)
	if r.URL.Host == c.Base.Host && r.URL.Scheme == c.Base.Scheme { // where a redirect leads, they stay out
		for name, value := range c.headers {
			r.Header[name] = []string{value}
		}
	}
	if r.Body != nil && r.Body != http.NoBody {
		r.Body = &watched{ReadCloser: r.Body, watch: w}
	}
	w.begin()
	t := c.transport()
	answer, err := t.RoundTrip(r)
	if err != nil {
		w.end()
		if context.Cause(ctx) == w.stalled() {
			c.forget(t)
		}
		return nil, c.Conceal(w.judge(ctx, err))
	}
	answer.Body = &answerBody{watched: watched{ReadCloser: answer.Body, watch: w}, client: c, used: t, ctx: ctx}
	return answer, nil
}

// Conceal is err, without the values of headers that a server may have repeated.
func (c *Client) Conceal(err error) error {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	text := err.Error()
	if clean := c.ConcealText(text); clean != text {
		return errors.New(clean)
	}
	return err
}

// ConcealText is text from a server without the values of headers.
func (c *Client) ConcealText(text string) string {
	for _, value := range c.headers {
		_, word, scheme := strings.Cut(value, " ")
		if value != "" {
			text = strings.ReplaceAll(text, value, "…")
		}
		if scheme && word != "" {
			text = strings.ReplaceAll(text, word, "…")
		}
	}
	return text
}

// watch ends a request that stalls.
type watch struct {
	start  time.Time
	stall  time.Duration
	cancel context.CancelCauseFunc
	caller context.Context
	timer  *time.Timer
	last   atomic.Int64 // when bytes came or went, since start
	bytes  atomic.Int64
}

// A stallError is the error of a request that has ended because nothing has come or gone for so long.
type stallError time.Duration

func (s stallError) Error() string { return fmt.Sprintf("no answer within %v", time.Duration(s)) }

func (w *watch) stalled() error { return stallError(w.stall) }

func (w *watch) begin() {
	if w.stall <= 0 {
		return
	}
	w.timer = time.AfterFunc(w.stall, w.look)
}

func (w *watch) look() {
	earned := time.Duration(w.bytes.Load()) * time.Second / leastRate
	due := min(time.Duration(w.last.Load())+w.stall, w.stall+earned)
	if left := due - time.Since(w.start); left > 0 {
		w.timer.Reset(left)
		return
	}
	w.cancel(w.stalled())
}

func (w *watch) pulse(n int) {
	if n > 0 {
		w.last.Store(int64(time.Since(w.start)))
		w.bytes.Add(int64(n))
	}
}

func (w *watch) end() {
	if w.timer != nil {
		w.timer.Stop()
	}
	w.cancel(context.Canceled)
}

// judge is why a request has really ended.
func (w *watch) judge(ctx context.Context, err error) error {
	if err == nil || errors.Is(err, io.EOF) {
		return err
	}
	if w.caller.Err() != nil {
		return w.caller.Err()
	}
	if cause := context.Cause(ctx); cause == w.stalled() {
		return cause
	}
	return err
}

type watched struct {
	io.ReadCloser
	watch *watch
}

func (b *watched) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.watch.pulse(n)
	return n, err
}

// answerBody is the body of an answer, which holds the request's watch until it is closed.
type answerBody struct {
	watched
	client *Client
	used   *http.Transport
	ctx    context.Context
}

func (b *answerBody) Read(p []byte) (int, error) {
	n, err := b.watched.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		if err = b.watch.judge(b.ctx, err); err == b.watch.stalled() {
			b.client.forget(b.used)
		}
		err = b.client.Conceal(err)
	}
	return n, err
}

func (b *answerBody) Close() error {
	err := b.ReadCloser.Close()
	b.watch.end()
	return err
}
