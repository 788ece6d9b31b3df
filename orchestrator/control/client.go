package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"time"
)

// Client asks a running loop. Its methods may be called from several goroutines. The caller closes it.
type Client struct {
	http   *http.Client
	output string // see WritesTo
}

// Dial finds the loop that runs for the configuration file. The error is
// ErrNotRunning if there is none.
func Dial(config string) (*Client, error) {
	path, err := dial(config)
	if err != nil {
		return nil, err
	}
	return &Client{http: &http.Client{Transport: &http.Transport{
		DialContext: func(context.Context, string, string) (net.Conn, error) { return connect(path) },
	}}}, nil
}

func connect(path string) (net.Conn, error) { return net.Dial("unix", path) }

// WritesTo says where the caller writes what it is told. If that is a file, its changes are devloop's own
// as long as a stream lasts.
func (c *Client) WritesTo(f *os.File) {
	if info, err := f.Stat(); err == nil {
		c.output = FileID(info)
	}
}

// Close ends the client's connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Status asks for the state of everything.
func (c *Client) Status(ctx context.Context) (*Status, error) {
	var s Status
	return &s, c.get(ctx, PathStatus, &s)
}

// Wake asks why the node last started or stopped. An unknown name is a *RefusedError with the code 404.
func (c *Client) Wake(ctx context.Context, node string) (*Wake, error) {
	var w Wake
	return &w, c.get(ctx, PathWake+"?node="+url.QueryEscape(node), &w)
}

// Trigger runs all stages of watchers now. If any name is wrong, nothing is done; so with the next three.
func (c *Client) Trigger(ctx context.Context, nodes ...string) ([]Moved, error) {
	return c.move(ctx, PathTrigger, nodes)
}

// Restart restarts processes, now.
func (c *Client) Restart(ctx context.Context, nodes ...string) ([]Moved, error) {
	return c.move(ctx, PathRestart, nodes)
}

// Stop ends watchers' runs and processes, and keeps them from starting.
func (c *Client) Stop(ctx context.Context, nodes ...string) ([]Moved, error) {
	return c.move(ctx, PathStop, nodes)
}

// Start undoes Stop.
func (c *Client) Start(ctx context.Context, nodes ...string) ([]Moved, error) {
	return c.move(ctx, PathStart, nodes)
}

func (c *Client) move(ctx context.Context, path string, nodes []string) (moved []Moved, err error) {
	return moved, c.ask(ctx, http.MethodPost, path+"?"+query(nodes), &moved)
}

// Down begins the end of the loop, and does not wait for it: see WaitGone.
func (c *Client) Down(ctx context.Context) (*Down, error) {
	var d Down
	return &d, c.ask(ctx, http.MethodPost, PathDown, &d)
}

// Login asks for the ways into the dashboard.
func (c *Client) Login(ctx context.Context) (*Login, error) {
	var l Login
	return &l, c.ask(ctx, http.MethodPost, PathLogin, &l)
}

// Wait asks for the verdict on everything that was saved before, for the named nodes and what they need, or
// for all. It returns when there is one.
func (c *Client) Wait(ctx context.Context, nodes ...string) (*Verdict, error) {
	var v Verdict
	return &v, c.get(ctx, PathWait+"?"+query(nodes), &v)
}

// Diagnostics asks for the tools' complaints in the last runs, of the named nodes or of all.
func (c *Client) Diagnostics(ctx context.Context, nodes ...string) (*Diagnostics, error) {
	var d Diagnostics
	return &d, c.get(ctx, PathDiagnostics+"?"+query(nodes), &d)
}

// Cycles asks for the last cycles, so many at most.
func (c *Client) Cycles(ctx context.Context, last int) (*Cycles, error) {
	var cycles Cycles
	return &cycles, c.get(ctx, PathCycles+"?last="+strconv.Itoa(last), &cycles)
}

// Events reads events until each returns an error, which is then the error, or the loop has ended: nil. Each
// [Event] is as the loop wrote it, which may have more fields than Event.
func (c *Client) Events(ctx context.Context, from EventQuery, each func(json.RawMessage) error) error {
	return follow(ctx, c, PathEvents+"?"+url.Values{"since": {from.Since}, "snapshot": {strconv.FormatBool(from.Snapshot)}}.Encode(), each)
}

// EventQuery says where a stream of events begins: now, if it says nothing.
type EventQuery struct {
	Since    string // after this event, BOOT.SEQ, if the loop still knows those that followed; else with a snapshot
	Snapshot bool   // with the state, as an event of the kind "snapshot"
}

// Logs reads lines of output, the oldest first, until each returns an error,
// which is then the error, or there is no more: nil.
func (c *Client) Logs(ctx context.Context, want LogQuery, each func(Line) error) error {
	return follow(ctx, c, PathLogs+"?"+want.encode(), each)
}

// LogQuery says which lines to read.
type LogQuery struct {
	Nodes  []string
	Since  time.Time // zero: everything that is kept
	Run    int       // of this run or generation only; 0: of all
	Stages []string  // of these stages of a watcher only; none: all
	Tail   int       // only this many of the last lines; 0: all; negative: none of them
	Follow bool      // and then what comes, until the loop ends
}

func (q LogQuery) encode() string {
	v := url.Values{"node": q.Nodes, "stage": q.Stages}
	if !q.Since.IsZero() {
		v.Set("since", q.Since.Format(time.RFC3339Nano))
	}
	if q.Run > 0 {
		v.Set("run", strconv.Itoa(q.Run))
	}
	if q.Tail != 0 {
		v.Set("tail", strconv.Itoa(max(0, q.Tail)))
	}
	if q.Follow {
		v.Set("follow", "true")
	}
	return v.Encode()
}

func query(nodes []string) string { return url.Values{"node": nodes}.Encode() }

// RefusedError is a loop's answer that it cannot do what it was asked.
type RefusedError struct {
	Code int // of HTTP
	Msg  string
	hint string
}

func (e *RefusedError) Error() string { return e.Msg }

// Hint says what to do about it, or is "".
func (e *RefusedError) Hint() string { return e.hint }

// noAnswerError: a loop has not answered in time.
type noAnswerError struct{ error }

func (e noAnswerError) Error() string { return "the running loop does not answer" }

// Hint says what to do about it.
func (e noAnswerError) Hint() string { return "if it is suspended, `fg` in its terminal continues it" }

func (e noAnswerError) Unwrap() error { return e.error }

func (c *Client) get(ctx context.Context, path string, into any) error {
	return c.ask(ctx, http.MethodGet, path, into)
}

// ask sends a request and reads its answer.
func (c *Client) ask(ctx context.Context, method, path string, into any) error {
	resp, err := c.open(ctx, method, path, "")
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
		return fmt.Errorf("read the loop's answer: %w", err)
	}
	return nil
}

// open sends a request, perhaps one that uses the connection for another protocol from then on. The caller
// closes the body of a successful answer.
func (c *Client) open(ctx context.Context, method, path, upgrade string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://devloop"+path, nil)
	if err != nil {
		return nil, fmt.Errorf("ask the loop: %w", err)
	}
	if upgrade != "" {
		req.Header.Set("Connection", "Upgrade")
		req.Header.Set("Upgrade", upgrade)
	}
	if c.output != "" {
		req.Header.Set(OutputHeader, c.output)
	}
	resp, err := c.http.Do(req)
	var call *url.Error
	if errors.As(err, &call) {
		err = call.Err // without the address, which means nothing to people
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return nil, noAnswerError{err}
	}
	if err != nil {
		return nil, fmt.Errorf("ask the loop: %w", err)
	}
	if upgrade == "" && resp.StatusCode == http.StatusOK || upgrade != "" && resp.StatusCode == http.StatusSwitchingProtocols {
		return resp, nil
	}
	defer resp.Body.Close()
	var f failure
	if json.NewDecoder(io.LimitReader(resp.Body, 64<<10)).Decode(&f) != nil || f.Error == "" {
		return nil, &RefusedError{resp.StatusCode, "the running loop does not understand the request: " + resp.Status,
			"it may be another version of devloop: stop it and start it again"}
	}
	return nil, &RefusedError{resp.StatusCode, f.Error, f.Hint}
}

// follow reads a stream of JSON values.
func follow[T any](ctx context.Context, c *Client, path string, each func(T) error) error {
	resp, err := c.open(ctx, http.MethodGet, path, "")
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	for body := json.NewDecoder(resp.Body); ; {
		var value T
		switch err := body.Decode(&value); {
		case errors.Is(err, io.EOF):
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			return fmt.Errorf("read the loop's answer: %w", err)
		}
		if err := each(value); err != nil {
			return err
		}
	}
}

// Reply answers a request with a value.
func Reply(w http.ResponseWriter, value any) { reply(w, http.StatusOK, value) }

// Refuse answers a request with an HTTP code and the reason.
func Refuse(w http.ResponseWriter, code int, msg, hint string) { reply(w, code, failure{msg, hint}) }

func reply(w http.ResponseWriter, code int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(value) // the client has gone
}
