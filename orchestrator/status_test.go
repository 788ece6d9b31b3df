//go:build linux || darwin || freebsd

package orchestrator_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"devloop/orchestrator"
	"devloop/orchestrator/control"
)

// controlled starts a loop that answers on a control socket.
func controlled(t *testing.T, files map[string]string) (*project, *control.Client) {
	t.Helper()
	return controlledWith(t, files, orchestrator.Options{})
}

// controlledWith is controlled with options of its own.
func controlledWith(t *testing.T, files map[string]string, opt orchestrator.Options) (*project, *control.Client) {
	t.Helper()
	config := filepath.Join(t.TempDir(), "claimed.yaml")
	claim, err := control.Acquire(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := claim.Close(); err != nil {
			t.Error(err)
		}
	})
	opt.Control = claim
	p := start(t, files, opt)
	p.screen.wait(t, "watching")
	client, err := control.Dial(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return p, client
}

// TestStatus follows one save through what the loop answers.
func TestStatus(t *testing.T) {
	p, client := controlled(t, map[string]string{
		"devloop.yaml": `
sockets: {web: http::0}
watchers:
  check: {watch: [src], stages: ['test ! -e src/bad'], trigger: .trigger}
processes:
  app: {run: 'echo up; exec sleep 1000', watch: [.trigger, src], env: {SECRET: hush}}
`,
		"src/a": "1",
	})
	ctx := context.Background()
	p.screen.wait(t, "restarting: check passed")
	p.screen.wait(t, `app\s*\| up`) // what changes from here on is not in it
	wake, err := client.Wake(ctx, "app")
	if err != nil || wake.Cause != "trigger" || wake.By != "check" {
		t.Errorf("%+v, %v", wake, err)
	}
	p.write("src/bad", "")
	p.screen.wait(t, "waits: check failed")
	s, err := client.Status(ctx)
	if err != nil {
		t.Fatal(err)
	}
	check, app := s.Nodes[0], s.Nodes[1]
	if check.State != "failed" || !check.Failed || check.Number != 2 || len(check.PIDs) != 0 || check.Waits != nil {
		t.Errorf("check: %+v", check)
	}
	if len(app.PIDs) != 1 || app.Restarts != 1 || app.Waits == nil || app.Waits.Kind != "upstream failed" || app.Waits.Node != "check" ||
		app.Waits.Text != "waits: check failed" {
		t.Errorf("app: %+v, waits: %+v", app, app.Waits)
	}
	if s.PID != os.Getpid() || s.Watching.Directories == 0 || len(s.Sockets) != 1 || !strings.HasPrefix(s.Sockets[0].Address, "http://127.0.0.1:") {
		t.Errorf("%+v", s)
	}
	if wake, err := client.Wake(ctx, "check"); err != nil || wake.Cause != "change" || len(wake.Paths) != 1 || wake.Number != 2 ||
		wake.Paths[0] != filepath.Join(p.dir, "src", "bad") || wake.State != "failed" {
		t.Errorf("%+v, %v", wake, err)
	}
	var refused *control.RefusedError
	if _, err := client.Wake(ctx, "nobody"); !errors.As(err, &refused) || refused.Code != 404 {
		t.Errorf("a node that is not there: %v", err)
	}
}

// TestAskedWhileEnding asks without a pause until the loop has ended: every
// question is answered, or refused, and none hangs or keeps the loop.
func TestAskedWhileEnding(t *testing.T) {
	p, client := controlled(t, map[string]string{"devloop.yaml": "processes: {app: {run: sleep 1000}}"})
	asked := make(chan struct{}, 4)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for n := 0; ; n++ {
				if _, err := client.Status(context.Background()); err != nil {
					return
				}
				if n == 0 {
					asked <- struct{}{}
				}
			}
		})
	}
	for range 4 {
		<-asked
	}
	p.end(0)
	wg.Wait()
}

// TestStatusOfAPlaceholder: who waits for a page's successor is not told as being
// answered.
func TestStatusOfAPlaceholder(t *testing.T) {
	p, client := controlled(t, map[string]string{
		"devloop.yaml": `
sockets: {web: {listen: "http::0", while_down: page}}
processes:
  app: {run: 'exit 1', restart: never, sockets: [web]}
`,
	})
	p.screen.wait(t, `app\s*\| ✗ ended`)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	s, err := client.Status(ctx)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.Sockets[0].Address, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	// The page tells that it was accepted. On the same connection comes what
	// waits for the server.
	if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\nAccept: text/html\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusServiceUnavailable {
		t.Fatalf("%+v", res)
	}
	if _, err := io.WriteString(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx"); err != nil {
		t.Fatal(err)
	}
	if s, err = client.Status(ctx); err != nil {
		t.Fatal(err)
	}
	web := s.Sockets[0]
	if web.InFlight == nil {
		t.Skip("this system does not count connections")
	}
	if web.Waiting == nil || *web.Waiting != 1 || *web.InFlight != 0 {
		t.Errorf("%+v; want one that waits, and none in flight", web)
	}
}
