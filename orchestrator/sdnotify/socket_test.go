//go:build unix

package sdnotify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
)

// childEnv makes the test binary a process that says it is ready: itself, or as the child of another one.
const childEnv = "SDNOTIFY_TEST_CHILD"

func TestMain(m *testing.M) {
	switch os.Getenv(childEnv) {
	case "":
		goleak.VerifyTestMain(m)
	case "wrapper":
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), childEnv+"=server")
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		if err := cmd.Run(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	case "server":
		conn, err := net.Dial("unixgram", os.Getenv(variable))
		if err == nil {
			_, err = conn.Write([]byte("READY=1\nSTATUS=" + strconv.Itoa(os.Getpid())))
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

// receiver is a socket whose messages can be waited for.
type receiver struct {
	*Socket
	messages chan Message
	done     chan error
	cancel   context.CancelFunc
}

// opened is a new socket.
func opened(dir string) (*Socket, error) {
	s, err := New(dir)
	if err == nil {
		err = s.Open(nil)
	}
	return s, err
}

// receive starts receiving on a new socket; what it hears waits in a channel of that many.
func receive(t *testing.T, many int) *receiver {
	t.Helper()
	s, err := opened(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := &receiver{s, make(chan Message, many), make(chan error, 1), cancel}
	go func() {
		r.done <- s.Receive(ctx, func(m Message) {
			select {
			case r.messages <- m:
			case <-ctx.Done():
			}
		})
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-r.done; err != nil {
			t.Errorf("Receive: %v", err)
		}
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return r
}

// dial returns a sender's end.
func (r *receiver) dial(t *testing.T) *net.UnixConn {
	t.Helper()
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: r.Path(), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func say(t *testing.T, conn *net.UnixConn, text string) {
	t.Helper()
	if _, err := conn.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
}

// sayWith sends a message with a descriptor, and closes ours.
func sayWith(t *testing.T, conn *net.UnixConn, text string, files ...*os.File) {
	t.Helper()
	var fds []int
	for _, f := range files {
		fds = append(fds, int(f.Fd()))
	}
	sendmsg(t, conn, text, unix.UnixRights(fds...))
	for _, f := range files {
		f.Close()
	}
}

// sendmsg does what net refuses on a connected datagram socket.
func sendmsg(t *testing.T, conn *net.UnixConn, text string, control []byte) {
	t.Helper()
	raw, err := conn.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var sent error
	err = raw.Write(func(fd uintptr) bool {
		sent = unix.Sendmsg(int(fd), []byte(text), control, nil, 0)
		return sent != unix.EAGAIN
	})
	if err := errors.Join(err, sent); err != nil {
		t.Fatal(err)
	}
}

func pipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	return r, w
}

// closed waits until nobody holds the pipe's other end.
func closed(t *testing.T, r *os.File) {
	t.Helper()
	if n, err := r.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("read %d, %v; want the end", n, err)
	}
}

func TestReceive(t *testing.T) {
	r := receive(t, 10)
	conn := r.dial(t)
	say(t, conn, "STATUS=warming up")
	say(t, conn, "READY=1")
	say(t, conn, "STOPPING=1\nX=1")
	for _, want := range []Message{
		{Status: "warming up", StatusSet: true},
		{Ready: true},
		{Stopping: true},
	} {
		if got := <-r.messages; got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
}

// A wrapper's child is heard like the process itself.
func TestDescendant(t *testing.T) {
	r := receive(t, 1)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"=wrapper", variable+"="+r.Path(), "GORACE=atexit_sleep_ms=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	m := <-r.messages
	if !m.Ready || m.Status == strconv.Itoa(cmd.Process.Pid) || m.Status == "" {
		t.Errorf("got %+v from a child of %d", m, cmd.Process.Pid)
	}
}

// A barrier's descriptor is closed when what was said before has been handled, and not earlier.
func TestBarrier(t *testing.T) {
	r := receive(t, 0)
	conn := r.dial(t)
	end, other := pipe(t)
	say(t, conn, "READY=1")
	sayWith(t, conn, "BARRIER=1", other)
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		closed(t, end)
	}()
	select {
	case m := <-r.messages: // the handler waits here until it is taken
		if !m.Ready {
			t.Errorf("got %+v", m)
		}
	case <-gone:
		t.Fatal("released before the message was handled")
	}
	<-gone
	say(t, conn, "STOPPING=1") // the barrier itself was no message
	if m := <-r.messages; !m.Stopping {
		t.Errorf("got %+v", m)
	}
}

// Descriptors that nobody wants are closed.
func TestDescriptorsAreClosed(t *testing.T) {
	r := receive(t, 10)
	conn := r.dial(t)
	for _, text := range []string{"FDSTORE=1\nFDNAME=db", "BARRIER=1\nREADY=1", "READY=1\n" + strings.Repeat("x", 5000)} {
		end, other := pipe(t)
		sayWith(t, conn, text, other)
		closed(t, end)
	}
	one, first := pipe(t)
	two, second := pipe(t)
	sayWith(t, conn, "BARRIER=1", first, second)
	closed(t, one)
	closed(t, two)
	say(t, conn, "STOPPING=1")
	if m := <-r.messages; m != (Message{Stopping: true}) {
		t.Errorf("one of them was heard: %+v", m)
	}
}

// Who sends more than is handled does not wait for the handler.
func TestNeverBlocksTheSender(t *testing.T) {
	r := receive(t, 0)
	conn := r.dial(t)
	for range 4 * maxQueued {
		say(t, conn, "STATUS=busy") // would block for ever: nobody takes a message
	}
	say(t, conn, "READY=1")
	for m := range r.messages {
		if m.Ready {
			return
		}
	}
}

func TestPlace(t *testing.T) {
	dir := t.TempDir()
	s, err := opened(dir)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Dir(s.Path()))
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("its directory: %v, %v", info, err)
	}
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(dir); len(left) != 0 || err != nil {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if err := s.Receive(context.Background(), func(Message) {}); err != nil {
		t.Errorf("Receive after Close: %v", err)
	}

	deep := filepath.Join(dir, strings.Repeat("d", 100))
	if err := os.Mkdir(deep, 0o700); err != nil {
		t.Fatal(err)
	}
	s, err = opened(deep)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close() //nolint:errcheck // seen above
	if !strings.HasPrefix(s.Path(), "/tmp/notify-") || len(s.Path()) > longestPath {
		t.Errorf("path %s", s.Path())
	}
	if left, _ := os.ReadDir(deep); len(left) != 0 { //nolint:errcheck // an error leaves none
		t.Errorf("left behind: %v", left)
	}
	if _, err := opened(filepath.Join(dir, "missing")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("in a directory that is not there: %v", err)
	}
}

// variable names the socket in the environment of a process.
const variable = "NOTIFY_SOCKET"
