package remotecache

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"devloop/orchestrator/test/reapitest"
	"devloop/orchestrator/test/testenv"
)

// machines are three machines with networks of their own: one has the cache, and a line to each of the two others.
type machines struct {
	*testing.T
	name string
}

const (
	cacheMachine = "c"
	first        = "1"
	second       = "2"
)

func newMachines(t *testing.T, name string) machines {
	t.Helper()
	m := machines{t, fmt.Sprintf("devloop-%d-%s-", os.Getpid(), name)}
	for _, one := range []string{cacheMachine, first, second} {
		m.ip("netns", "add", m.name+one)
		t.Cleanup(func() { m.ip("netns", "del", m.name+one) })
		m.ip("-n", m.name+one, "link", "set", "lo", "up")
	}
	for _, one := range []string{first, second} {
		m.ip("-n", m.name+cacheMachine, "link", "add", "to"+one, "type", "veth", "peer", "name", "eth0", "netns", m.name+one)
		m.ip("-n", m.name+cacheMachine, "address", "add", "10.9."+one+".1/24", "dev", "to"+one)
		m.ip("-n", m.name+one, "address", "add", "10.9."+one+".2/24", "dev", "eth0")
		m.ip("-n", m.name+cacheMachine, "link", "set", "to"+one, "up")
		m.ip("-n", m.name+one, "link", "set", "eth0", "up")
		m.ip("-n", m.name+one, "route", "add", "default", "via", "10.9."+one+".1")
	}
	return m
}

func (m machines) ip(args ...string) {
	m.Helper()
	if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
		m.Fatalf("ip %s: %v: %s", strings.Join(args, " "), err, out)
	}
}

// inside does something with the network of a machine.
func (m machines) inside(one string, do func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		space, err := os.Open("/run/netns/" + m.name + one)
		if err == nil {
			err = unix.Setns(int(space.Fd()), unix.CLONE_NEWNET)
			_ = space.Close() // it was opened for its number
		}
		if err == nil {
			err = do()
		}
		done <- err
	}()
	return <-done
}

// listen listens at the cache's machine.
func (m machines) listen() (l net.Listener) {
	m.Helper()
	if err := m.inside(cacheMachine, func() (err error) {
		l, err = net.Listen("tcp", "0.0.0.0:8080")
		return err
	}); err != nil {
		m.Fatal(err)
	}
	return l
}

// cut cuts the line of a machine: by a plug that is drawn, or so that nothing comes back any more.
func (m machines) cut(one string, plug bool) {
	m.Helper()
	if plug {
		m.ip("-n", m.name+cacheMachine, "link", "set", "to"+one, "down")
	} else {
		m.ip("-n", m.name+cacheMachine, "route", "add", "blackhole", "10.9."+one+".2/32")
	}
}

func (m machines) mend(one string, plug bool) {
	m.Helper()
	if plug {
		m.ip("-n", m.name+cacheMachine, "link", "set", "to"+one, "up")
	} else {
		m.ip("-n", m.name+cacheMachine, "route", "del", "blackhole", "10.9."+one+".2/32")
	}
	testenv.UntilTrue(m, "the line works again", func() bool {
		return m.inside(one, func() error {
			conn, err := net.DialTimeout("tcp", "10.9."+one+".1:8080", time.Second)
			if err == nil {
				err = conn.Close()
			}
			return err
		}) == nil
	})
}

// place is a checkout of the project on one of the machines.
type place struct {
	machines
	program, scheme, one, dir, kept string
}

const project = `
remote: {cache: "%s://10.9.%s.1:8080", write: true}
watchers:
  build:
    watch: [in.txt]
    stages:
      - name: build
        run: cp in.txt out/one; cp in.txt out/two; cat in.txt in.txt in.txt > out/big; head -n 100 in.txt > out/small; head -n 200 in.txt > out/more; echo built
        reuse: {outputs: [out]}
`

var input = bytes.Repeat([]byte("a line of the input\n"), 60_000)

// fresh is a checkout where nothing has run yet.
func (m machines) fresh(program, scheme, one string) place {
	m.Helper()
	p := place{m, program, scheme, one, m.TempDir(), m.TempDir()}
	for name, content := range map[string][]byte{"devloop.yaml": fmt.Appendf(nil, project, scheme, one), "in.txt": input} {
		if err := os.WriteFile(filepath.Join(p.dir, name), content, 0o644); err != nil {
			m.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(p.dir, "out"), 0o755); err != nil {
		m.Fatal(err)
	}
	return p
}

// run runs the stages, with meanwhile beside it, and checks what they have made.
func (p place) run(meanwhile func()) (said string) {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.Context(), 2*time.Minute) // a wait without an end
	defer cancel()
	cmd := exec.CommandContext(ctx, "ip", "netns", "exec", p.name+p.one, p.program, "run")
	cmd.Dir = p.dir
	cmd.Env = append(os.Environ(), "XDG_CACHE_HOME="+p.kept)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		p.Fatal(err)
	}
	meanwhile()
	begin := time.Now()
	if err := cmd.Wait(); err != nil {
		p.Errorf("devloop run: %v\n%s", err, out.Bytes())
	}
	p.Logf("it has ended after %v", time.Since(begin).Round(time.Millisecond))
	for name, times := range map[string]int{"one": 1, "two": 1, "big": 3} {
		content, err := os.ReadFile(filepath.Join(p.dir, "out", name))
		if err != nil || !bytes.Equal(content, bytes.Repeat(input, times)) {
			p.Errorf("out/%s is damaged (%v)\n%s", name, err, out.Bytes())
		}
	}
	return out.String()
}

// calls are those of HTTP: the server stops in the middle of them.
type calls struct {
	webDAV
	mu   sync.Mutex
	stop string        // METHOD/KIND
	in   chan struct{} // closed in the middle of it
	on   chan struct{} // closed when it may go on
}

func (c *calls) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	kind := strings.Split(r.URL.Path, "/")[1]
	c.mu.Lock()
	stop := c.stop == r.Method+"/"+kind
	if stop {
		c.stop = ""
	}
	c.mu.Unlock()
	if stop {
		if kind == "cas" && r.Method == http.MethodGet {
			w.Header().Set("Content-Length", "1200000")
			_, _ = w.Write(input[:100_000])
			_ = http.NewResponseController(w).Flush()
		}
		if r.Method == http.MethodPut {
			_, _ = io.CopyN(io.Discard, r.Body, 1000)
		}
		close(c.in)
		<-c.on
		return
	}
	c.webDAV.ServeHTTP(w, r)
}

// TestCutOff: on three machines, the line to the cache is cut in the middle of each call. That costs a wait, and nothing else.
func TestCutOff(t *testing.T) {
	t.Parallel()
	if !testenv.Long() {
		t.Skip("it is slow: DEVLOOP_TEST=long")
	}
	testenv.Program(t, "ip")
	if os.Geteuid() != 0 {
		t.Skip("only root makes networks")
	}
	program := testenv.Built(t, "devloop/cmd/devloop")
	n := 0
	for _, call := range []struct {
		method string
		writer bool // it belongs to who adds a pass
	}{
		{"GetActionResult", false}, {"GetCapabilities", false}, {"BatchReadBlobs", false}, {"Read", false},
		{"FindMissingBlobs", true}, {"GetCapabilities", true}, {"BatchUpdateBlobs", true}, {"Write", true}, {"UpdateActionResult", true},
		{"GET/ac", false}, {"GET/cas", false}, {"HEAD/cas", true}, {"PUT/cas", true}, {"PUT/ac", true},
	} {
		n++
		name, plug := fmt.Sprint(n), n%2 == 0
		t.Run(strings.ReplaceAll(call.method, "/", " ")+" "+name, func(t *testing.T) {
			t.Parallel()
			m := newMachines(t, name)
			scheme, stop, mend := m.serve(call.method)
			one := second
			if call.writer {
				one = first
			} else {
				m.fresh(program, scheme, first).run(func() {})
			}
			p := m.fresh(program, scheme, one)
			in := stop()
			p.run(func() {
				in()
				m.cut(one, plug)
			})
			m.mend(one, plug)
			mend()
			m.fresh(program, scheme, first).run(func() {})
			if said := m.fresh(program, scheme, second).run(func() {}); !strings.Contains(said, "· from 10.9.2.1:8080") {
				t.Errorf("the cache is not used any more:\n%s", said)
			}
		})
	}
}

// serve starts a cache for which stop arranges that it stops in the middle of a call; what that returns waits until it has.
func (m machines) serve(call string) (scheme string, stop func() (in func()), mend func()) {
	l := m.listen()
	if strings.Contains(call, "/") {
		c := &calls{webDAV: webDAV{kept: map[string][]byte{}}, in: make(chan struct{}), on: make(chan struct{})}
		server := &http.Server{Handler: c}
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_ = server.Serve(l)
		}()
		mend = sync.OnceFunc(func() { close(c.on) })
		m.Cleanup(func() {
			mend()
			_ = server.Close()
			<-ended
		})
		return "http", func() func() {
			c.mu.Lock()
			c.stop = call
			c.mu.Unlock()
			return func() { <-c.in }
		}, mend
	}
	s := reapitest.Start(m, reapitest.Options{Listener: l})
	return "grpc", func() func() {
		before := s.Calls(call)
		fault := reapitest.Fault{Method: call, Hang: true}
		if call == "Read" || call == "Write" {
			fault.Break = 200_000
		}
		s.Fault(fault)
		return func() { testenv.UntilTrue(m, "the call of "+call, func() bool { return s.Calls(call) > before }) }
	}, s.Heal
}
