//go:build linux || darwin || freebsd

package control

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// somewhere is a configuration file with a runtime directory of its own.
func somewhere(t *testing.T) (config, base string) {
	t.Helper()
	// Not t.TempDir: its paths are longer than a socket's may be.
	base, err := os.MkdirTemp("/tmp", "devloop-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(base) })
	t.Setenv("DEVLOOP_RUNTIME_DIR", filepath.Join(base, "run"))
	config = filepath.Join(t.TempDir(), "devloop.yaml")
	if err := os.WriteFile(config, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return config, filepath.Join(base, "run")
}

func acquire(t *testing.T, config string) *Claim {
	t.Helper()
	c, err := Acquire(config)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func closed(t *testing.T, c interface{ Close() error }) {
	t.Helper()
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

func TestOneLoop(t *testing.T) {
	config, base := somewhere(t)
	c := acquire(t, config)
	_, err := Acquire(config)
	var running *RunningError
	if !errors.As(err, &running) || running.PID != os.Getpid() || !running.Since.Equal(c.Since()) {
		t.Errorf("a second claim: %v", err)
	}
	c.owner.Since = c.owner.Since.Add(-time.Hour) // else it might be about to serve
	if err := c.write(); err != nil {
		t.Fatal(err)
	}
	if _, err := Dial(config); !errors.As(err, &running) || errors.Is(err, ErrNotRunning) {
		t.Errorf("dial a loop that does not serve: %v", err)
	}
	closed(t, c)
	if left, _ := os.ReadDir(base); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if _, err := Dial(config); !errors.Is(err, ErrNotRunning) || !strings.Contains(err.Error(), config) {
		t.Errorf("dial: %v", err)
	}
	closed(t, acquire(t, config))
}

// TestYoungLoop: who asks a loop that has not begun to listen waits for it.
func TestYoungLoop(t *testing.T) {
	config, _ := somewhere(t)
	c := acquire(t, config)
	defer closed(t, c)
	dialled := make(chan error)
	asking := make(chan struct{})
	go func() {
		close(asking)
		client, err := Dial(config)
		if err == nil {
			client.Close()
		}
		dialled <- err
	}()
	<-asking
	runtime.Gosched() // it may be turned away by now, or wait
	s, err := c.Serve(http.NewServeMux())
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, s)
	if err := <-dialled; err != nil {
		t.Errorf("dial a loop that is about to serve: %v", err)
	}
}

// TestAProjectHasOnePlace: however its directory is named, it is the same, and
// so it is when the file has become a link to another; another name is another.
func TestAProjectHasOnePlace(t *testing.T) {
	config, _ := somewhere(t)
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(filepath.Dir(config), link); err != nil {
		t.Fatal(err)
	}
	c := acquire(t, config)
	defer closed(t, c)
	if _, err := Acquire(filepath.Join(link, filepath.Base(config))); err == nil {
		t.Error("the same project, by a link, is claimed twice")
	}
	if err := os.Remove(config); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(t.TempDir(), "another.yaml"), config); err != nil {
		t.Fatal(err)
	}
	if _, err := Acquire(config); err == nil {
		t.Error("the same project, with another file, is claimed twice")
	}
	other := acquire(t, filepath.Join(filepath.Dir(config), "other.yaml"))
	closed(t, other)
}

// TestCleaned: a loop whose files somebody has removed is still the only one, and
// answers; it leaves without complaint.
func TestCleaned(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("there are no abstract sockets on this system")
	}
	config, base := somewhere(t)
	c := acquire(t, config)
	s, err := c.Serve(http.NotFoundHandler())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(base); err != nil {
		t.Fatal(err)
	}
	var running *RunningError
	if _, err := Acquire(config); !errors.As(err, &running) || running.PID != os.Getpid() {
		t.Errorf("a second claim: %v", err)
	}
	client, err := Dial(config)
	if err != nil {
		t.Fatal(err)
	}
	var refused *RefusedError
	if _, err := client.Status(t.Context()); !errors.As(err, &refused) {
		t.Errorf("no answer: %v", err)
	}
	client.Close()
	for range 2 { // the second time all is there
		if err := c.Refresh(); err != nil {
			t.Fatal(err)
		}
	}
	if who, held := c.place.held(config); !held || who.PID != os.Getpid() {
		t.Errorf("made again, the lock is held %v, by %v", held, who)
	}
	conn, err := connect(c.place.socket())
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	closed(t, s)
	closed(t, c)
	if left, _ := os.ReadDir(base); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if _, err := Dial(config); !errors.Is(err, ErrNotRunning) {
		t.Errorf("dial: %v", err)
	}
	closed(t, acquire(t, config))
}

// TestOtherSession: a loop that was started where XDG_RUNTIME_DIR is not set is
// found where it is.
func TestOtherSession(t *testing.T) {
	config, base := somewhere(t)
	t.Setenv("DEVLOOP_RUNTIME_DIR", "")
	t.Setenv("XDG_RUNTIME_DIR", "relative, and so ignored")
	t.Setenv("TMPDIR", filepath.Dir(base))
	list, err := places(config)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(list[len(list)-1].dir, filepath.Dir(base)) {
		t.Fatalf("places: %v", list)
	}
	c, err := list[len(list)-1].acquire(config)
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, c)
	s, err := c.Serve(http.NotFoundHandler())
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, s)

	session := filepath.Join(filepath.Dir(base), "session")
	if err := os.Mkdir(session, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("XDG_RUNTIME_DIR", session)
	if list, err := places(config); err != nil || list[0].base != filepath.Join(session, "devloop") {
		t.Errorf("places: %v, %v", list, err)
	}
	var running *RunningError
	if _, err := Acquire(config); !errors.As(err, &running) {
		t.Errorf("a second claim: %v", err)
	}
	client, err := Dial(config)
	if err != nil {
		t.Fatal(err)
	}
	client.Close()
}

// TestClaimsOverlap has many come and go at once: never do two hold it.
func TestClaimsOverlap(t *testing.T) {
	config, _ := somewhere(t)
	var holders, times atomic.Int32
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 25 {
				c, err := Acquire(config)
				var running *RunningError
				if errors.As(err, &running) {
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				if n := holders.Add(1); n != 1 {
					t.Errorf("%d hold it", n)
				}
				times.Add(1)
				holders.Add(-1)
				if err := c.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if times.Load() == 0 {
		t.Error("nobody ever got it")
	}
}

// TestAfterKill replaces what a loop that was killed has left.
func TestAfterKill(t *testing.T) {
	config, base := somewhere(t)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+config)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, _ := bufio.NewReader(out).ReadString('\n')
	_, err = Acquire(config)
	var running *RunningError
	if line != "serving\n" || !errors.As(err, &running) || running.PID != cmd.Process.Pid {
		t.Errorf("the child says %q, a second claim: %v", line, err)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	stale, _ := filepath.Glob(filepath.Join(base, "*", "sock"))
	if len(stale) != 1 {
		t.Errorf("sockets left: %v", stale)
	}
	if _, err := Dial(config); !errors.Is(err, ErrNotRunning) {
		t.Errorf("dial: %v", err)
	}
	c := acquire(t, config)
	defer closed(t, c)
	s, err := c.Serve(http.NotFoundHandler())
	if err != nil {
		t.Fatal(err)
	}
	client, err := Dial(config)
	if err != nil {
		t.Fatal(err)
	}
	client.Close()
	closed(t, s)
}

// TestPrivate refuses directories that others could have prepared.
func TestPrivate(t *testing.T) {
	for name, prepare := range map[string]func(base string) error{
		"others may write": func(base string) error {
			if err := os.Mkdir(base, 0o700); err != nil {
				return err
			}
			return os.Chmod(base, 0o777)
		},
		"is no directory": func(base string) error { return os.Symlink(filepath.Dir(base), base) },
		"belongs to uid": func(base string) error {
			if err := os.Mkdir(base, 0o700); err != nil {
				return err
			}
			return os.Chown(base, os.Getuid()+1, -1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			config, base := somewhere(t)
			err := prepare(base)
			if errors.Is(err, fs.ErrPermission) {
				t.Skip("only root can give a directory away")
			}
			if err != nil {
				t.Fatal(err)
			}
			if c, err := Acquire(config); err == nil {
				closed(t, c)
				t.Error("claimed")
			} else if !strings.Contains(err.Error(), name) {
				t.Error(err)
			}
			if _, err := Dial(config); err == nil || errors.Is(err, ErrNotRunning) {
				t.Errorf("dial: %v", err)
			}
		})
	}
}

func TestModes(t *testing.T) {
	config, base := somewhere(t)
	c := acquire(t, config)
	defer closed(t, c)
	s, err := c.Serve(http.NotFoundHandler())
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, s)
	for pattern, want := range map[string]fs.FileMode{"": 0o700, "*": 0o700, "*/sock": 0o600, "*/lock": 0o600} {
		found, _ := filepath.Glob(filepath.Join(base, pattern))
		if len(found) != 1 {
			t.Fatalf("%q: %v", pattern, found)
		}
		if info, err := os.Stat(found[0]); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", found[0], info.Mode(), err)
		}
	}
}

// TestLongPath: where the socket's path would be too long for the system, a
// shorter one is taken, by both sides.
func TestLongPath(t *testing.T) {
	config, base := somewhere(t)
	t.Setenv("DEVLOOP_RUNTIME_DIR", filepath.Join(base, strings.Repeat("long", 30)))
	c := acquire(t, config)
	defer closed(t, c)
	s, err := c.Serve(http.NotFoundHandler())
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, s)
	client, err := Dial(config)
	if err != nil {
		t.Fatal(err)
	}
	client.Close()
}

func TestOtherUsers(t *testing.T) {
	dir, err := os.MkdirTemp("/tmp", "devloop-test-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "sock")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if conn, err := (own{l, os.Geteuid() + 1, newCrowd()}).Accept(); err == nil {
			t.Error("accepted another user's connection")
			conn.Close()
		}
	}()
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := conn.Read(make([]byte, 1)); err == nil {
		t.Errorf("read %d bytes", n)
	}
	conn.Close()
	l.Close()
	<-ended
}

func TestQuestions(t *testing.T) {
	config, _ := somewhere(t)
	c := acquire(t, config)
	defer closed(t, c)
	mux := http.NewServeMux()
	asked := make(chan struct{})
	mux.HandleFunc("GET "+PathStatus, func(w http.ResponseWriter, r *http.Request) {
		close(asked)
		<-r.Context().Done() // Close ends it
	})
	mux.HandleFunc("GET "+PathWake, func(w http.ResponseWriter, r *http.Request) {
		if node := r.URL.Query().Get("node"); node != "a b&c" {
			Refuse(w, http.StatusNotFound, "no "+node, "try another")
			return
		}
		Reply(w, Wake{Node: "a b&c", Cause: "change"})
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
	if w, err := client.Wake(ctx, "a b&c"); err != nil || w.Cause != "change" {
		t.Errorf("%+v, %v", w, err)
	}
	_, err = client.Wake(ctx, "x")
	var refused *RefusedError
	if !errors.As(err, &refused) || refused.Code != 404 || err.Error() != "no x" || refused.Hint() != "try another" {
		t.Errorf("refused: %v", err)
	}
	if err := client.get(ctx, "/v2/other", nil); !errors.As(err, &refused) || !strings.Contains(refused.Hint(), "version") {
		t.Errorf("a path that is not there: %v", err)
	}
	answer := make(chan error, 1)
	go func() {
		_, err := client.Status(ctx)
		answer <- err
	}()
	<-asked
	closed(t, s)
	<-answer // whatever it is: it must not hang
	if _, err := Dial(config); err == nil {
		t.Error("the socket still answers")
	}
}

// TestCrowd: connections on which nobody asks anything make room.
func TestCrowd(t *testing.T) {
	config, _ := somewhere(t)
	c := acquire(t, config)
	defer closed(t, c)
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+PathStatus, func(w http.ResponseWriter, _ *http.Request) { Reply(w, Status{PID: 7}) })
	s, err := c.Serve(mux)
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, s)
	var crowd []net.Conn
	for range 3 * mostSilent {
		conn, err := net.Dial("unix", c.place.socket())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		crowd = append(crowd, conn)
	}
	client, err := Dial(config)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if status, err := client.Status(t.Context()); err != nil || status.PID != 7 {
		t.Errorf("got %v, %v", status, err)
	}
	// All but the last of them are let go.
	for _, conn := range crowd[:2*mostSilent] {
		if n, err := conn.Read(make([]byte, 1)); n > 0 || err == nil {
			t.Errorf("got %d bytes, %v", n, err)
		}
	}
}

// TestEveryPathIsDescribed: the page of the protocol has every path.
func TestEveryPathIsDescribed(t *testing.T) {
	source, err := os.ReadFile("message.go")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../../docs/control.md")
	if err != nil {
		t.Fatal(err)
	}
	paths := regexp.MustCompile(`"(/v1/[a-z]+)"`).FindAllSubmatch(source, -1)
	if len(paths) < 10 {
		t.Fatalf("message.go has only %d paths: is this the right place?", len(paths))
	}
	for _, m := range paths {
		if !bytes.Contains(page, m[1]) {
			t.Errorf("docs/control.md does not describe %s", m[1])
		}
	}
}
