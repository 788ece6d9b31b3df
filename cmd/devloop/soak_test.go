//go:build linux

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"devloop/orchestrator/control"
	"devloop/orchestrator/test/testenv"
)

// asServer in the environment makes the test binary a server: it answers on the
// socket that it is given, or on $PORT, with what this file holds.
const asServer = "DEVLOOP_TEST_AS_SERVER"

// asSoaked in the environment lets devloop tell how much it holds, when it is
// asked by SIGUSR2.
const asSoaked = "DEVLOOP_TEST_SOAKED"

func init() {
	begin = func() {
		if os.Getenv(asServer) != "" {
			soakServer(os.Args[1])
			os.Exit(0)
		}
		if os.Getenv(asSoaked) != "" {
			kept = 64 << 10 // or it would grow for an hour, and hide what else does
			tellHoldings()
		}
	}
}

func soakServer(file string) {
	text, err := os.ReadFile(file)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	var l net.Listener
	if port := os.Getenv("PORT"); port != "" {
		l, err = net.Listen("tcp", "127.0.0.1:"+port)
	} else {
		l, err = net.FileListener(os.NewFile(3, "socket"))
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("serving", string(text))
	_ = http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(text) })) // until it is killed
}

// tellHoldings writes to standard error what this process holds, each time that
// it is asked.
func tellHoldings() {
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGUSR2)
	go func() {
		for range asked {
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			fmt.Fprintln(os.Stderr, "holds", runtime.NumGoroutine(), m.HeapAlloc)
		}
	}()
}

// holdings is what a loop at rest holds.
type holdings struct {
	goroutines, descriptors, children int
	heap                              uint64
}

// soaked is a loop in a process of its own.
type soaked struct {
	t      *testing.T
	client *control.Client
	pid    int
	told   *bufio.Scanner
	rng    *rand.Rand
	saves  int
	page   string // what the server is to answer once all is well
}

func (s *soaked) write(name, text string) {
	s.t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// wait waits until all is done, and tells whether it is well.
func (s *soaked) wait() *control.Verdict {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 4*lately)
	defer cancel()
	v, err := s.client.Wait(ctx)
	if err != nil {
		s.t.Fatalf("wait: %v", err)
	}
	return v
}

func (s *soaked) status() *control.Status {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), lately)
	defer cancel()
	st, err := s.client.Status(ctx)
	if err != nil {
		s.t.Fatalf("status: %v", err)
	}
	return st
}

func (s *soaked) byHand(verb string, nodes ...string) {
	s.t.Helper()
	if code := run(append([]string{verb}, nodes...), io.Discard, os.Stderr); code != exitOK {
		s.t.Fatalf("%s %v: %d", verb, nodes, code)
	}
}

func (s *soaked) save(bad bool) {
	s.saves++
	if bad {
		s.write("src/v", fmt.Sprint("BROKEN ", s.saves))
		return
	}
	s.page = fmt.Sprint("version ", s.saves)
	s.write("src/v", s.page)
}

func (s *soaked) config(variant int) string {
	self, err := os.Executable()
	if err != nil {
		s.t.Fatal(err)
	}
	text := fmt.Sprintf(`env_file: %d.env
sockets: {web: http::0, behind: {listen: http::0, via: proxy}}
watchers:
  check: {watch: [src], stages: ['! grep -q BROKEN src/v', 'cp src/v built'], trigger: .trigger}
processes:
  server: {run: [%[2]q, built], env: {%[3]s: '1'}, watch: .trigger, sockets: [web], depends_on: [check], backoff: {initial: 1ms, max: 10ms, give_up: 1000}, restart: always}
  other: {run: [%[2]q, built], env: {%[3]s: '1'}, watch: .trigger, sockets: [behind], depends_on: [check], backoff: {initial: 1ms, max: 10ms, give_up: 1000}, restart: always}
`, variant%3, self, asServer)
	if variant%2 == 1 {
		text += "  extra: {run: [sleep, '1000']}\n"
	}
	return text
}

// move does one thing that happens to a loop in a day.
func (s *soaked) move() {
	s.t.Helper()
	switch s.rng.IntN(12) {
	case 0, 1:
		s.save(false)
	case 2:
		s.save(true)
	case 3: // a burst, while the stages run
		for range 5 {
			s.save(false)
		}
	case 4: // a file that comes and goes
		name := fmt.Sprintf("src/new%d", s.saves)
		s.write(name, "x")
		s.wait()
		if err := os.Remove(name); err != nil {
			s.t.Fatal(err)
		}
	case 5: // a server is killed
		for _, n := range s.status().Nodes {
			if n.Kind == "process" && len(n.PIDs) > 0 {
				_ = syscall.Kill(n.PIDs[0], syscall.SIGKILL) // it may just have been replaced
				break
			}
		}
	case 6, 7:
		s.write("devloop.yaml", s.config(s.rng.IntN(6)))
	case 8: // a mistake
		s.write("devloop.yaml", s.config(s.rng.IntN(6))+"nope: 1\n")
	case 9:
		s.byHand("restart", "server")
	case 10:
		s.byHand("stop", "server")
		s.byHand("start", "server")
	case 11: // somebody looks, and goes away
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		err := s.client.Events(ctx, control.EventQuery{}, func(json.RawMessage) error { cancel(); return nil })
		if err != nil && ctx.Err() == nil {
			s.t.Fatalf("events: %v", err)
		}
		if code := run([]string{"logs", "-n", "5"}, io.Discard, os.Stderr); code != exitOK {
			s.t.Fatalf("logs: %d", code)
		}
	}
}

// rest mends everything, and measures.
func (s *soaked) rest() holdings {
	s.t.Helper()
	s.write("devloop.yaml", s.config(0))
	s.save(false)
	if v := s.wait(); !v.OK {
		s.t.Fatalf("all is mended, and not well: %+v", v)
	}
	for _, sock := range s.status().Sockets {
		if text, err := ask(sock.Address); err != nil || text != s.page {
			s.t.Fatalf("%s answers %q, %v; want %q", sock.Name, text, err, s.page)
		}
	}
	if err := syscall.Kill(s.pid, syscall.SIGUSR2); err != nil {
		s.t.Fatal(err)
	}
	h := holdings{descriptors: len(entries(s.t, fmt.Sprintf("/proc/%d/fd", s.pid)))}
	if !s.told.Scan() {
		s.t.Fatalf("the loop has ended: %v", s.told.Err())
	}
	if _, err := fmt.Sscanf(s.told.Text(), "holds %d %d", &h.goroutines, &h.heap); err != nil {
		s.t.Fatalf("it says %q", s.told.Text())
	}
	for _, thread := range entries(s.t, fmt.Sprintf("/proc/%d/task", s.pid)) {
		children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/children", s.pid, thread.Name()))
		if err == nil { // else the thread has just ended
			h.children += len(strings.Fields(string(children)))
		}
	}
	return h
}

func ask(url string) (string, error) {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: lately}
	resp, err := client.Get(url)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return string(text), err
}

func entries(t *testing.T, dir string) []os.DirEntry {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestSoak lives with a loop for a while: saves, mistakes, kills, changes of the
// configuration, people who look. What the loop holds when it is at rest stays
// the same. DEVLOOP_SOAK=1h says for how long; else it is a number of moves, which the short run has few of.
func TestSoak(t *testing.T) {
	last, looks := testenv.Duration(t, "DEVLOOP_SOAK"), 5
	if testenv.Long() {
		looks = 20
	}
	inProject(t, nil)
	if err := os.Mkdir("src", 0o700); err != nil {
		t.Fatal(err)
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	s := &soaked{t: t, rng: rand.New(rand.NewPCG(seed, 0))}
	s.save(false)
	s.write("built", "nothing yet")
	s.write("devloop.yaml", s.config(0))
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	screen, err := os.Create("screen")
	if err != nil {
		t.Fatal(err)
	}
	defer screen.Close()
	t.Cleanup(func() {
		if text, err := os.ReadFile(screen.Name()); t.Failed() && err == nil {
			t.Logf("the end of the screen:\n%s", text[max(0, len(text)-4000):])
		}
	})
	loop := exec.Command(self)
	loop.Env = append(os.Environ(), asDevloop+"=1", asSoaked+"=1")
	loop.Stdout = screen
	told, err := loop.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := loop.Start(); err != nil {
		t.Fatal(err)
	}
	ended := false
	defer func() {
		if !ended {
			_ = loop.Process.Kill() // the test has failed
			_ = loop.Wait()
		}
	}()
	s.pid, s.told = loop.Process.Pid, bufio.NewScanner(told)
	look := time.NewTicker(5 * time.Millisecond) // a socket tells nobody that it is there
	defer look.Stop()
	limit := time.After(lately)
	for s.client == nil {
		if s.client, err = control.Dial("devloop.yaml"); err != nil {
			select {
			case <-look.C:
			case <-limit:
				t.Fatal(err)
			}
		}
	}
	defer s.client.Close()
	s.wait() // until it has begun

	const moves = 10 // between two looks
	var base, now holdings
	begun := time.Now()
	for look := 0; last > 0 && time.Since(begun) < last || look < looks; look++ {
		for range moves {
			s.move()
			if s.rng.IntN(3) > 0 {
				s.wait() // well or not: it answers
			}
		}
		now = s.rest()
		t.Logf("%d goroutines, %d descriptors, %d children, %d KiB", now.goroutines, now.descriptors, now.children, now.heap>>10)
		if look < 3 { // everything has been used by then
			base = holdings{max(base.goroutines, now.goroutines), max(base.descriptors, now.descriptors), max(base.children, now.children), max(base.heap, now.heap)}
		}
	}
	// Connections of clients come and go, and so do a few of each. What leaks
	// once in ten moves is more than that.
	const few, room = 4, 2 << 20
	if now.goroutines > base.goroutines+few || now.descriptors > base.descriptors+few || now.children > base.children || now.heap > base.heap+room {
		t.Errorf("at first it held %+v, in the end %+v", base, now)
	}
	if code := run([]string{"down"}, io.Discard, os.Stderr); code != exitOK {
		t.Errorf("down: %d", code)
	}
	ended = true
	for s.told.Scan() {
		t.Errorf("the loop says %q", s.told.Text())
	}
	if err := loop.Wait(); err != nil {
		t.Errorf("the loop: %v", err)
	}
	for _, left := range entries(t, ".run") {
		if left.Name() != "history" { // which outlives the loop
			t.Errorf("it has left %v", left)
		}
	}
}
