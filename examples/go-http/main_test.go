package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

func TestPage(t *testing.T) {
	for path, want := range map[string]string{"/": message, "/healthz": "ok"} {
		w := httptest.NewRecorder()
		routes().ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), want) {
			t.Errorf("GET %s: %d %q, want 200 and %q", path, w.Code, w.Body, want)
		}
	}
}

// A request that is under way when the server is told to stop is still answered.
func TestDrain(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := make(chan struct{})
	entered, answer := make(chan struct{}), make(chan struct{})
	slow := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(entered)
		<-answer
		fmt.Fprint(w, "answered")
	})

	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() {
		served <- serve(ctx, closeNotifier{l, sync.OnceFunc(func() { close(closed) })}, slow)
	}()
	body := make(chan string, 1)
	go func() { body <- get("http://" + l.Addr().String()) }()

	<-entered
	stop()
	<-closed
	close(answer)
	if got := <-body; got != "answered" {
		t.Errorf("the request under way got %q", got)
	}
	if err := <-served; err != nil {
		t.Errorf("serve: %v", err)
	}
}

// closeNotifier tells when the listener has been closed.
type closeNotifier struct {
	net.Listener
	closed func()
}

func (l closeNotifier) Close() error {
	defer l.closed()
	return l.Listener.Close()
}

// get returns the body of a page, or the error's text.
func get(url string) string {
	res, err := http.Get(url)
	if err != nil {
		return err.Error()
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return err.Error()
	}
	return string(body)
}
