package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
)

// Client asks a running loop. Its methods may be called from several
// goroutines. Whoever dialled closes it.
type Client struct {
	http *http.Client
}

// Dial finds the loop that runs for the configuration file. The error is
// ErrNotRunning if there is none.
func Dial(config string) (*Client, error) {
	path, err := dial(config)
	if err != nil {
		return nil, err
	}
	return &Client{&http.Client{Transport: &http.Transport{
		DialContext: func(context.Context, string, string) (net.Conn, error) { return connect(path) },
	}}}, nil
}

func connect(path string) (net.Conn, error) { return net.Dial("unix", path) }

// Close ends the client's connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Status asks for the state of everything.
func (c *Client) Status(ctx context.Context) (*Status, error) {
	var s Status
	return &s, c.get(ctx, PathStatus, &s)
}

// Wake asks what woke the node last. A name that the loop does not have is a
// *RefusedError with the code 404.
func (c *Client) Wake(ctx context.Context, node string) (*Wake, error) {
	var w Wake
	return &w, c.get(ctx, PathWake+"?node="+url.QueryEscape(node), &w)
}

// RefusedError is a loop's answer that it cannot do what was asked.
type RefusedError struct {
	Code int // of HTTP
	Msg  string
	hint string
}

func (e *RefusedError) Error() string { return e.Msg }

// Hint says what to do about it, or is "".
func (e *RefusedError) Hint() string { return e.hint }

func (c *Client) get(ctx context.Context, path string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://devloop"+path, nil)
	if err != nil {
		return fmt.Errorf("ask the loop: %w", err)
	}
	resp, err := c.http.Do(req)
	var call *url.Error
	if errors.As(err, &call) {
		err = call.Err // without the address, which means nothing to people
	}
	if err != nil {
		return fmt.Errorf("ask the loop: %w", err)
	}
	defer resp.Body.Close()
	body := json.NewDecoder(resp.Body)
	if resp.StatusCode != http.StatusOK {
		var f failure
		if body.Decode(&f) != nil || f.Error == "" {
			return &RefusedError{resp.StatusCode, "the running loop does not understand: " + resp.Status,
				"it may be another version of devloop: end it and start it again"}
		}
		return &RefusedError{resp.StatusCode, f.Error, f.Hint}
	}
	if err := body.Decode(into); err != nil {
		return fmt.Errorf("read the loop's answer: %w", err)
	}
	return nil
}

// Reply answers a request with a value.
func Reply(w http.ResponseWriter, value any) { reply(w, http.StatusOK, value) }

// Refuse answers a request with an HTTP code and the reason.
func Refuse(w http.ResponseWriter, code int, msg, hint string) { reply(w, code, failure{msg, hint}) }

func reply(w http.ResponseWriter, code int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(value) // the client has gone: nobody is left to tell
}
