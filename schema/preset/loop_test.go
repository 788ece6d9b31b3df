package preset

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// patience bounds every wait here. It is long, because a first build on a busy
// machine is; it measures nothing.
const patience = 3 * time.Minute

var binary string // the devloop under test

func TestMain(m *testing.M) { os.Exit(testMain(m)) }

func testMain(m *testing.M) int {
	dir, err := os.MkdirTemp("", "devloop-presets-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "devloop")
	if out, err := exec.Command("go", "build", "-o", binary, "../../cmd/devloop").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build devloop: %v\n%s", err, out)
		return 1
	}
	code := m.Run()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// devloop returns the command, not started, with a patience's time to live and
// nothing in its environment that a preset has as a variable.
func devloop(t *testing.T, dir string, args ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off")
	for _, name := range []string{"PORT", "VIA", "TEST", "APP", "MAIN", "BIN"} {
		if _, ok := os.LookupEnv(name); ok {
			t.Fatalf("the environment has %s, which wins over the variables of presets", name)
		}
	}
	cmd.WaitDelay = 10 * time.Second // should somebody else hold its output open
	return cmd
}

func exitCode(err error) int {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.ExitCode()
	}
	return -1
}

// A loop is a devloop that runs in the copy of a project.
type loop struct {
	cmd    *exec.Cmd
	url    string
	output buffer
	ended  chan struct{} // closed after err is set
	err    error         // of cmd.Wait
}

// start runs devloop in dir. The test's end is its end, if nothing else was.
func start(t *testing.T, dir, port string) *loop {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("sockets are handed over on Unix only")
	}
	l := &loop{cmd: devloop(t, dir), url: "http://127.0.0.1:" + port + "/", ended: make(chan struct{})}
	l.cmd.Stdout, l.cmd.Stderr = &l.output, &l.output
	if err := l.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		l.err = l.cmd.Wait()
		close(l.ended)
	}()
	t.Cleanup(func() {
		l.cmd.Process.Signal(os.Interrupt) //nolint:errcheck // it may have ended
		<-l.ended
		if t.Failed() {
			t.Logf("devloop printed:\n%s", l.output.String())
		}
	})
	return l
}

// turns waits until the page has the new text. While there is an old one, every
// request is answered, with the one or the other. Asking again and again is the
// only way: another program's answer sends no event.
func (l *loop) turns(t *testing.T, old, new string) {
	t.Helper()
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	pause := time.NewTicker(20 * time.Millisecond)
	defer pause.Stop()
	for {
		page, err := get(l.url)
		switch {
		case err == nil && strings.Contains(page, new):
			return
		case old != "" && err != nil:
			t.Fatalf("a request failed while the page was to turn from %q to %q: %v", old, new, err)
		case old != "" && !strings.Contains(page, old):
			t.Fatalf("got neither %q nor %q: %q", old, new, page)
		}
		select {
		case <-pause.C:
		case <-l.ended:
			t.Fatalf("devloop ended by itself: %v", l.err)
		case <-timeout.C:
			t.Fatalf("still not the page that was waited for: %q, %v", page, err)
		}
	}
}

// interrupt presses Ctrl-C: devloop ends well, and the page with it.
func (l *loop) interrupt(t *testing.T) {
	t.Helper()
	if err := l.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	select {
	case <-l.ended:
	case <-timeout.C:
		t.Fatal("devloop does not end")
	}
	if l.err != nil {
		t.Errorf("devloop ended with %v, want 0", l.err)
	}
	if _, err := get(l.url); err == nil {
		t.Error("the page still answers")
	}
}

// client makes a connection for each request, as a new visitor would. A request
// may wait in the held socket for as long as a build takes.
var client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}

func get(url string) (string, error) {
	res, err := client.Get(url)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = errors.New(res.Status)
	}
	return string(body), err
}

// freePort returns a port that nobody holds right now.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

// buffer keeps what devloop prints.
type buffer struct {
	mu   sync.Mutex // guards text
	text bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
