//go:build linux || darwin || freebsd

package control

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"devloop/orchestrator/test/testenv"
)

// TestAttachment sends frames of all sizes over a connection that was given
// over, and reads what comes back.
func TestAttachment(t *testing.T) {
	config, _ := somewhere(t)
	c := acquire(t, config)
	defer closed(t, c)
	var sizes []string
	served := make(chan error, 1)
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+PathAttach, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("node") != "a&b" {
			Refuse(w, http.StatusConflict, "not now", "later")
			return
		}
		conn, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			served <- err
			return
		}
		defer conn.Close()
		fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: %s\r\n\r\n", AttachProtocol)
		served <- Frames(buffered.Reader, func(input []byte) error {
			_, err := conn.Write(bytes.ToUpper(input))
			return err
		}, func(rows, cols uint16) error {
			sizes = append(sizes, fmt.Sprint(rows, "x", cols))
			return nil
		})
	})
	s, err := c.Serve(mux)
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, s)
	client, err := Dial(config)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	var refused *RefusedError
	if _, err := client.Attach(context.Background(), "other"); !errors.As(err, &refused) || refused.Hint() != "later" {
		t.Errorf("refused: %v", err)
	}
	a, err := client.Attach(context.Background(), "a&b")
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range [][2]int{{24, 80}, {0, 0}, {50, 9999}} {
		if err := a.Resize(size[0], size[1]); err != nil {
			t.Error(err)
		}
	}
	long := strings.Repeat("x", 200_000)
	sent := make(chan error, 1)
	go func() {
		_, err := io.WriteString(a, long)
		sent <- err
	}()
	got := make([]byte, len(long))
	if _, err := io.ReadFull(a, got); err != nil || string(got) != strings.ToUpper(long) {
		t.Errorf("what came back is not what was sent: %v", err)
	}
	if err := <-sent; err != nil {
		t.Error(err)
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
	if err := <-served; !errors.Is(err, io.EOF) {
		t.Errorf("the other end: %v", err)
	}
	if fmt.Sprint(sizes) != "[24x80 50x9999]" {
		t.Errorf("sizes: %v", sizes)
	}
}

// FuzzFrames: whatever a client sends, no frame is larger than it says, no size
// is absurd, and the reading ends.
func FuzzFrames(f *testing.F) {
	testenv.Seeds(f, "testdata/fuzz/FuzzFrames.txtar")
	f.Add([]byte{frameInput, 0, 2, 'l', 's', frameResize, 0, 4, 0, 24, 0, 80})
	f.Add([]byte{frameResize, 0, 4, 0xff, 0xff, 0, 0})
	f.Add([]byte{7, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, text []byte) {
		total := 0
		err := Frames(bufio.NewReader(bytes.NewReader(text)), func(input []byte) error {
			total += len(input)
			return nil
		}, func(rows, cols uint16) error {
			if rows == 0 || cols == 0 || rows > mostSize || cols > mostSize {
				t.Errorf("a size of %d x %d", rows, cols)
			}
			return nil
		})
		if err == nil || total > len(text) {
			t.Errorf("%v, %d bytes of %d", err, total, len(text))
		}
	})
}

func TestKnown(t *testing.T) {
	for _, c := range []struct{ name, want string }{
		{"serve", "did you mean server?"}, {"Server", "did you mean server?"}, {"sevrer", "did you mean server?"}, {"chekc", "did you mean check?"},
		{"database", "it has check, server"}, {"", "it has check, server"}, {strings.Repeat("s", 1000), "it has check, server"},
	} {
		if got := Known(c.name, []string{"check", "server"}); got != c.want {
			t.Errorf("%.20q: %s, want %s", c.name, got, c.want)
		}
	}
	if got := Known("x", nil); got != "it has none" {
		t.Error(got)
	}
}

// TestLog follows the log of a loop in the background through a good and a bad
// end.
func TestLog(t *testing.T) {
	config, base := somewhere(t)
	log, err := CreateLog(config)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	if info, err := log.Stat(); err != nil || info.Mode() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if _, err := log.WriteString("something\n"); err != nil {
		t.Fatal(err)
	}
	c := acquire(t, config)
	if who := Running(config); who == nil || who.PID != os.Getpid() {
		t.Errorf("running: %+v", who)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := WaitGone(ctx, config, os.Getpid()); !errors.Is(err, context.Canceled) {
		t.Errorf("gone while it runs: %v", err)
	}
	if err := WaitGone(context.Background(), config, os.Getpid()+1); err != nil {
		t.Errorf("another loop: %v", err)
	}
	closed(t, c) // a bad end
	_, err = Dial(config)
	var hint interface{ Hint() string }
	if !errors.Is(err, ErrNotRunning) || !errors.As(err, &hint) || !strings.Contains(hint.Hint(), log.Name()) {
		t.Errorf("after a bad end: %v", err)
	}
	if err := WaitGone(context.Background(), config, os.Getpid()); err != nil || Running(config) != nil {
		t.Errorf("gone: %v", err)
	}
	c = acquire(t, config)
	c.DropLog()
	closed(t, c) // a good one
	if left, _ := filepath.Glob(filepath.Join(base, "*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	// A link in its place is not followed.
	target := filepath.Join(t.TempDir(), "target")
	if err := os.WriteFile(target, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if again, err := CreateLog(config); err != nil {
		t.Fatal(err)
	} else {
		again.Close()
		os.Remove(again.Name())
		if err := os.Symlink(target, again.Name()); err != nil {
			t.Fatal(err)
		}
	}
	if again, err := CreateLog(config); err == nil {
		again.Close()
		t.Error("a link was followed")
	}
	if text, _ := os.ReadFile(target); string(text) != "mine" {
		t.Errorf("the target holds %q", text)
	}
}

// TestStreams reads values until there are no more, until the reader has had
// enough, and until the server ends.
func TestStreams(t *testing.T) {
	config, _ := somewhere(t)
	c := acquire(t, config)
	defer closed(t, c)
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+PathLogs, func(w http.ResponseWriter, r *http.Request) {
		out := NewStream(w)
		for _, node := range r.URL.Query()["node"] {
			_ = out.Put(Line{Node: node, Text: r.URL.Query().Get("tail")})
		}
		_ = out.Flush()
		if r.URL.Query().Get("follow") == "true" {
			<-r.Context().Done()
		}
	})
	s, err := c.Serve(mux)
	if err != nil {
		t.Fatal(err)
	}
	client, err := Dial(config)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx := context.Background()
	var got []string
	take := func(l Line) error { got = append(got, l.Node+l.Text); return nil }
	if err := client.Logs(ctx, LogQuery{Nodes: []string{"a", "b&c"}, Tail: 7}, take); err != nil || fmt.Sprint(got) != "[a7 b&c7]" {
		t.Errorf("%v, %v", got, err)
	}
	enough := errors.New("enough")
	if err := client.Logs(ctx, LogQuery{Nodes: []string{"a"}, Follow: true}, func(Line) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("a reader that has had enough: %v", err)
	}
	short, cancel := context.WithCancel(ctx)
	if err := client.Logs(short, LogQuery{Nodes: []string{"a"}, Follow: true}, func(Line) error { cancel(); return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("a reader that is cancelled: %v", err)
	}
	came, ended := make(chan struct{}, 1), make(chan error, 1)
	go func() {
		ended <- client.Logs(ctx, LogQuery{Nodes: []string{"a"}, Follow: true}, func(Line) error { came <- struct{}{}; return nil })
	}()
	<-came
	closed(t, s)
	if err := <-ended; err != nil {
		t.Errorf("a server that ends: %v", err)
	}
}
