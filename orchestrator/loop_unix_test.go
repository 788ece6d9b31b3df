//go:build unix

package orchestrator_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"devloop/orchestrator"
	"devloop/orchestrator/console"
	"devloop/orchestrator/graph"
	"devloop/orchestrator/listenfd/shim"
	"devloop/orchestrator/machine"
	"devloop/orchestrator/test/testenv"
	"devloop/schema"
)

// patience is how long a test waits for what must come. It is no measure of
// anything: a test that reaches it has failed.
const patience = 30 * time.Second

// screen is what the loop wrote, with a way to wait for a line.
type screen struct {
	mu      sync.Mutex
	changed chan struct{}
	text    bytes.Buffer
	seen    int
}

func newScreen() *screen { return &screen{changed: make(chan struct{})} }

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.changed)
	s.changed = make(chan struct{})
	return s.text.Write(p)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// wait waits for the next match of a pattern, after the last one found, and
// returns its groups.
func (s *screen) wait(t testing.TB, pattern string) []string {
	t.Helper()
	re := regexp.MustCompile(pattern)
	limit := time.NewTimer(patience)
	defer limit.Stop()
	for {
		s.mu.Lock()
		changed := s.changed
		if at := re.FindSubmatchIndex(s.text.Bytes()[s.seen:]); at != nil {
			var groups []string
			for i := 0; i < len(at); i += 2 {
				groups = append(groups, string(s.text.Bytes()[s.seen+at[i]:s.seen+at[i+1]]))
			}
			s.seen += at[1]
			s.mu.Unlock()
			return groups
		}
		s.mu.Unlock()
		select {
		case <-changed:
		case <-limit.C:
			t.Fatalf("%q never came; the screen shows:\n%s", pattern, s.String())
		}
	}
}

// project is a loop that runs in a directory of its own.
type project struct {
	t        testing.TB
	dir      string
	screen   *screen
	signals  chan os.Signal
	requests chan orchestrator.Request
	result   chan result
	over     bool
	loading  sync.Mutex // whoever holds it makes a reading of the configuration hang
}

type result struct {
	code int
	err  error
}

// start writes the files and runs the loop there. It ends with the test.
func start(t testing.TB, files map[string]string, opt orchestrator.Options) *project {
	t.Helper()
	p := &project{t: t, dir: t.TempDir(), screen: newScreen(), signals: make(chan os.Signal, 2),
		requests: make(chan orchestrator.Request), result: make(chan result, 1)}
	for name, text := range files {
		p.write(name, text)
	}
	cfg, g, _, err := p.load()
	if err != nil {
		t.Fatal(err)
	}
	opt.Config, opt.Graph, opt.Self, opt.Reload = cfg, g, shim.Self(), p.load
	opt.Console = console.New(console.Options{Out: p.screen})
	if opt.Environ == nil {
		opt.Environ = os.Environ()
	}
	opt.Signals, opt.Requests = p.signals, p.requests
	go func() {
		code, err := orchestrator.Run(context.Background(), opt)
		p.result <- result{code, err}
	}()
	t.Cleanup(func() {
		if !p.over {
			p.end(0)
		}
	})
	return p
}

// load reads the project's configuration.
func (p *project) load() (*schema.Config, *graph.Graph, []string, error) {
	p.loading.Lock()
	defer p.loading.Unlock()
	cfg, sources, err := schema.Load(filepath.Join(p.dir, "devloop.yaml"), schema.Options{})
	if err != nil {
		return nil, nil, sources, err
	}
	g, mistakes := graph.New(cfg)
	if len(mistakes) > 0 {
		return nil, nil, sources, mistakes
	}
	return cfg, g, sources, nil
}

// end interrupts the loop and checks its exit code.
func (p *project) end(want int) {
	p.t.Helper()
	p.signals <- os.Interrupt
	p.ended(want)
}

// ended waits for the loop to end by itself.
func (p *project) ended(want int) {
	p.t.Helper()
	p.over = true
	select {
	case r := <-p.result:
		if r.err != nil || r.code != want {
			p.t.Errorf("the loop ended with %d, %v; want %d. The screen shows:\n%s", r.code, r.err, want, p.screen)
		}
	case <-time.After(patience):
		p.t.Fatalf("the loop does not end; the screen shows:\n%s", p.screen)
	}
}

func (p *project) write(name, text string) {
	p.t.Helper()
	path := filepath.Join(p.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		p.t.Fatal(err)
	}
}

// url waits for the address of the held socket.
func (p *project) url() string {
	return p.screen.wait(p.t, `holding web: (http://\S+)`)[1]
}

// fresh is a client that opens a connection for each request.
var fresh = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}

func (p *project) page(url string) string {
	p.t.Helper()
	text, err := get(url)
	if err != nil {
		p.t.Fatalf("%v; the screen shows:\n%s", err, p.screen)
	}
	return text
}

func get(url string) (string, error) {
	resp, err := fresh.Get(url)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return string(text), err
}

// server is the configuration of a process that is this test binary.
func server(extra string) string {
	exe, err := os.Executable()
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf(`
  server:
    run: [%q, version]
    env: {%s: server}
    sockets: [web]
%s`, exe, childEnv, extra)
}

const seedRecipe = `
sockets: {web: "http::0"}
watchers:
  check:
    watch: [src]
    stages:
      - name: lint
        run: '! grep -r BROKEN src'
      - name: build
        run: cp src/main version
    trigger: .trigger
processes:`

func TestSeedRecipe(t *testing.T) {
	p := start(t, map[string]string{
		"devloop.yaml": seedRecipe + server("    watch: .trigger\n"),
		"src/main":     "one",
	}, orchestrator.Options{})
	url := p.url()
	if page := p.page(url); page != "one" {
		t.Errorf("the first page is %q", page)
	}
	p.screen.wait(t, `server\s*\| ✓ ready`)
	p.write("src/main", "two")
	// Not for what the new server writes: its first accept may be seen earlier.
	p.screen.wait(t, `server\s*\| ↻ restarting`)
	p.screen.wait(t, `server\s*\| ✓ ready`)
	if page := p.page(url); page != "two" {
		t.Errorf("after a save the page is %q", page)
	}
	// A failing check says why, and leaves the old server alone.
	p.write("src/main", "BROKEN three")
	p.screen.wait(t, `check\s*\| src/main:BROKEN three`)
	p.screen.wait(t, `check\s*\| ✗ lint  exit code 1`)
	p.screen.wait(t, `server keeps running`)
	if page := p.page(url); page != "two" {
		t.Errorf("after a failed check the page is %q", page)
	}
	p.write("src/main", "four")
	p.screen.wait(t, `server\s*\| ✓ ready`)
	if page := p.page(url); page != "four" {
		t.Errorf("after the fix the page is %q", page)
	}
	p.end(0)
	if _, err := net.DialTimeout("tcp", strings.TrimPrefix(url, "http://"), time.Second); err == nil {
		t.Error("the socket outlived the loop")
	}
}

// TestNoConnectionIsRefused restarts a server again and again under clients
// that never rest: a connection may wait, but none is refused or cut.
func TestNoConnectionIsRefused(t *testing.T) {
	p := start(t, map[string]string{
		"devloop.yaml": seedRecipe + server("    watch: .trigger\n"),
		"src/main":     "0",
	}, orchestrator.Options{})
	url := p.url()
	p.page(url)
	p.screen.wait(t, `server\s*\| ✓ ready`)
	ctx, cancel := context.WithCancel(context.Background())
	var clients sync.WaitGroup
	var mu sync.Mutex
	asked, newest := 0, 0
	for range 4 {
		clients.Go(func() {
			for ctx.Err() == nil {
				text, err := get(url)
				n, _ := strconv.Atoi(text)
				mu.Lock()
				asked++
				newest = max(newest, n)
				mu.Unlock()
				if err != nil {
					t.Errorf("a request failed: %v", err)
					return
				}
			}
		})
	}
	rounds := testenv.Either(5, 10)
	for i := 1; i <= rounds; i++ {
		p.write("src/main", fmt.Sprint(i))
		p.screen.wait(t, `server\s*\| ✓ ready`)
	}
	cancel()
	clients.Wait()
	if text := p.page(url); text != fmt.Sprint(rounds) {
		t.Errorf("the last page is %q", text)
	}
	t.Logf("%d requests over %d restarts, newest version seen %d", asked, rounds, newest)
	p.end(0)
}

func TestAKilledServerComesBack(t *testing.T) {
	p := start(t, map[string]string{
		"devloop.yaml": "sockets: {web: \"http::0\"}\nprocesses:" + server("    backoff: {initial: 10ms}\n"),
		"version":      "alive",
	}, orchestrator.Options{})
	url := p.url()
	p.screen.wait(t, `server\s*\| ✓ ready`)
	pid := listener(t, p)
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	// The connection waits in the held socket while nobody is there.
	if page := p.page(url); page != "alive" {
		t.Errorf("the page is %q", page)
	}
	p.screen.wait(t, `SIGKILL after .*; next try in`)
	p.screen.wait(t, `server\s*\| ✓ ready`)
	p.end(0)
}

// listener finds the only child that this test binary has: the server.
func listener(t *testing.T, p *project) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/children", os.Getpid()))
	if err != nil {
		t.Skipf("no way to find the server's pid on this system: %v", err)
	}
	matches, _ := filepath.Glob("/proc/self/task/*/children")
	for _, m := range matches {
		more, _ := os.ReadFile(m)
		text = append(append(text, ' '), more...)
	}
	for _, field := range strings.Fields(string(text)) {
		pid, _ := strconv.Atoi(field)
		if cwd, _ := os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid)); cwd == p.dir {
			return pid
		}
	}
	t.Fatalf("no child runs in %s", p.dir)
	return 0
}

func TestACrashingVersionWaitsForAChange(t *testing.T) {
	p := start(t, map[string]string{
		"devloop.yaml": "sockets: {web: \"http::0\"}\nprocesses:" + server("    watch: version\n    backoff: {initial: 1h, max: 1h}\n"),
		"version":      "crash",
	}, orchestrator.Options{})
	url := p.url()
	p.screen.wait(t, `this version crashes`)
	p.screen.wait(t, `exit code 3 after .*; next try in`)
	p.write("version", "fixed")
	if page := p.page(url); page != "fixed" {
		t.Errorf("the page is %q", page)
	}
	p.end(0)
}

func TestNothingBuiltYetWaitsForTheFirstPass(t *testing.T) {
	p := start(t, map[string]string{
		"devloop.yaml": seedRecipe + server("    watch: .trigger\n"),
		"src/main":     "BROKEN",
	}, orchestrator.Options{})
	url := p.url()
	p.screen.wait(t, `server\s*\| - exit code 1; starts again when check passes`)
	p.write("src/main", "built")
	if page := p.page(url); page != "built" {
		t.Errorf("the page is %q", page)
	}
	p.end(0)
}

func TestStubbornProcessIsKilled(t *testing.T) {
	exe, _ := os.Executable()
	p := start(t, map[string]string{
		"devloop.yaml": fmt.Sprintf("processes:\n  mule:\n    run: [%q]\n    env: {%s: stubborn}\n    stop: {timeout: 50ms}\n", exe, childEnv),
	}, orchestrator.Options{})
	p.screen.wait(t, `stubborn: running`)
	p.end(0)
	if !strings.Contains(p.screen.String(), "still running after 50ms; killing it") {
		t.Errorf("nothing was said of the kill:\n%s", p.screen)
	}
}

func TestASecondSignalKillsAtOnce(t *testing.T) {
	exe, _ := os.Executable()
	p := start(t, map[string]string{
		"devloop.yaml": fmt.Sprintf("processes:\n  mule:\n    run: [%q]\n    env: {%s: stubborn}\n    stop: {timeout: 1h}\n", exe, childEnv),
	}, orchestrator.Options{})
	p.screen.wait(t, `stubborn: running`)
	p.signals <- os.Interrupt
	p.screen.wait(t, `Ctrl-C again kills everything`)
	p.screen.wait(t, `waiting for mule`) // a signal right behind the first counts as the same
	p.end(0)
}

func TestRunOnce(t *testing.T) {
	files := map[string]string{"devloop.yaml": `
watchers:
  gen:
    watch: [spec]
    stages: [cp spec generated]
    trigger: .gen
  check:
    watch: [src, .gen]
    stages:
      - 'cat generated'
      - '! grep BROKEN src'
`, "spec": "from the spec\n", "src": "good"}
	p := start(t, files, orchestrator.Options{Mode: orchestrator.Mode{Once: true}, Stream: true})
	p.ended(0)
	if !strings.Contains(p.screen.String(), "check | from the spec") && !strings.Contains(p.screen.String(), "from the spec") {
		t.Errorf("the screen shows:\n%s", p.screen)
	}
	if _, err := os.Stat(filepath.Join(p.dir, ".gen")); err != nil {
		t.Errorf("the trigger was not touched: %v", err)
	}
	files["src"] = "BROKEN"
	p = start(t, files, orchestrator.Options{Mode: orchestrator.Mode{Once: true}, Stream: true})
	p.ended(1)
}

func TestPortInUseStartsNothing(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, port, _ := net.SplitHostPort(taken.Addr().String())
	p := start(t, map[string]string{
		"devloop.yaml": fmt.Sprintf("sockets: {web: %s}\nprocesses:\n  s: {run: touch started, sockets: [web]}\n", port),
	}, orchestrator.Options{})
	p.over = true
	r := <-p.result
	if r.code != 1 || r.err == nil || !strings.Contains(r.err.Error(), port) {
		t.Errorf("code %d, error %v; want 1 and the port %s", r.code, r.err, port)
	}
	if _, err := os.Stat(filepath.Join(p.dir, "started")); err == nil {
		t.Error("the process was started")
	}
}

func TestByHand(t *testing.T) {
	p := start(t, map[string]string{
		"devloop.yaml": seedRecipe + server("    watch: .trigger\n"),
		"src/main":     "one",
	}, orchestrator.Options{})
	url := p.url()
	p.page(url)
	p.screen.wait(t, `check\s*\| ✓ passed`) // which starts it once more
	p.screen.wait(t, `server\s*\| ✓ ready`)
	p.requests <- orchestrator.Request{Verb: machine.Restart, Node: "server"}
	p.screen.wait(t, `restarting: by hand`)
	p.screen.wait(t, `server\s*\| ✓ ready`)
	p.requests <- orchestrator.Request{Verb: machine.Trigger}
	p.screen.wait(t, `check\s*\| ● by hand`)
	p.screen.wait(t, `server\s*\| ✓ ready`)
	p.end(0)
}

// TestByHandAll: what is asked of every node, as the keys do, goes through the
// graph: a check of what a generator writes runs once, after it, and a server
// restarts once its database is ready. A process that was never started stays so.
func TestByHandAll(t *testing.T) {
	p := start(t, map[string]string{
		"devloop.yaml": `
watchers:
  check: {watch: out.txt, stages: [sort out.txt], depends_on: [gen]}
  gen: {watch: src, stages: ["sleep 0.1; date +%N >out.txt"]}
processes:
  db: {run: 'sleep 0.2; echo up; exec sleep 1000', ready: {log: up}}
  server: {run: 'sleep 0.1; echo up; exec sleep 1000', ready: {log: up}, update: start-first, depends_on: [db]}
  tool: {run: sleep 1000, start: false}
`,
		"src/a": "a",
	}, orchestrator.Options{})
	p.screen.wait(t, `check\s*\| ✓ passed`)
	p.screen.wait(t, `server\s*\| ✓ ready`)
	p.requests <- orchestrator.Request{Verb: machine.Trigger}
	p.screen.wait(t, `gen\s*\| ● by hand`)
	p.screen.wait(t, `gen\s*\| ✓ passed`)
	p.screen.wait(t, `check\s*\| ● by hand`)
	p.screen.wait(t, `check\s*\| ✓ passed`)
	p.requests <- orchestrator.Request{Verb: machine.Restart}
	p.screen.wait(t, `db\s*\| ↻ restarting: by hand`)
	p.screen.wait(t, `db\s*\| ✓ ready`)
	p.screen.wait(t, `server\s*\| ▸ starting a new version beside the old one: by hand`)
	p.screen.wait(t, `server\s*\| ✓ ready`)
	p.end(0)
	for _, never := range []string{"cancelled", "tool"} {
		if text := p.screen.String(); strings.Contains(text, never) {
			t.Errorf("%q is on the screen:\n%s", never, text)
		}
	}
}

// TestNothingToRestart: a process that nobody has started stays down when all are
// restarted, and the screen says how to start it.
func TestNothingToRestart(t *testing.T) {
	p := start(t, map[string]string{"devloop.yaml": "processes: {tool: {run: sleep 1000, start: false}}\n"}, orchestrator.Options{})
	p.requests <- orchestrator.Request{Verb: machine.Restart}
	p.screen.wait(t, "no process to restart; `devloop start NAME` starts one with `start: false`")
	p.requests <- orchestrator.Request{Verb: machine.Trigger}
	p.screen.wait(t, `no watcher to run`)
	p.end(0)
}

func TestTheSameBytesWakeNobody(t *testing.T) {
	p := start(t, map[string]string{
		"devloop.yaml": `
watchers:
  check:
    watch: [src]
    on_start: false
    stages: ['echo "changed: $(sort $DEVLOOP_CHANGED_FILE | xargs -n1 basename | xargs)"']
`,
		"src/a": "a", "src/b": "b", "src/c": "c",
	}, orchestrator.Options{Stream: true})
	p.screen.wait(t, `watching`)
	// Once seen, a content is known, even if it came too early to be learned.
	p.write("src/a", "a1")
	p.screen.wait(t, `changed: a\n`)
	p.screen.wait(t, `✓ passed`)
	p.write("src/a", "a1")
	os.Chmod(filepath.Join(p.dir, "src/a"), 0o600)
	now := time.Now()
	os.Chtimes(filepath.Join(p.dir, "src/a"), now, now)
	p.write("src/.c.swp", "an editor's")
	p.write("src/b", "b1") // its event comes after all of these
	p.screen.wait(t, `changed: b\n`)
	p.screen.wait(t, `✓ passed`)
	p.end(0)
	if runs := strings.Count(p.screen.String(), "●"); runs != 2 {
		t.Errorf("%d runs, want 2:\n%s", runs, p.screen)
	}
}

func TestATouchFromOutsideRestarts(t *testing.T) {
	p := start(t, map[string]string{
		"devloop.yaml": "sockets: {web: \"http::0\"}\nprocesses:" + server("    watch: [version, .trigger]\n"),
		"version":      "one",
	}, orchestrator.Options{})
	url := p.url()
	p.page(url)
	p.screen.wait(t, `server\s*\| ✓ ready`)
	later := time.Now().Add(time.Second)
	os.Chtimes(filepath.Join(p.dir, "version"), later, later)
	p.screen.wait(t, `restarting: version changed`)
	p.screen.wait(t, `server\s*\| ✓ ready`)
	p.write(".trigger", "")
	p.screen.wait(t, `restarting: .trigger changed`)
	p.screen.wait(t, `server\s*\| ✓ ready`)
	p.end(0)
}

func TestPolling(t *testing.T) {
	every := 20 * time.Millisecond
	p := start(t, map[string]string{
		"devloop.yaml": seedRecipe + server("    watch: .trigger\n"),
		"src/main":     "one",
	}, orchestrator.Options{Poll: &every})
	url := p.url()
	p.screen.wait(t, `watching 1 directory by polling`)
	p.page(url)
	p.screen.wait(t, `serving one`)
	p.write("src/main", "two")
	p.screen.wait(t, `serving two`)
	if page := p.page(url); page != "two" {
		t.Errorf("the page is %q", page)
	}
	p.write("src/deep/er/file", "BROKEN")
	p.screen.wait(t, `✗ lint`)
	p.end(0)
}

// TestPollingIsOfTheConfigurationToo: where events are not to be relied on, the
// configuration itself is not seen to change by events either; and the
// configuration may say so while the loop runs.
func TestPollingIsOfTheConfigurationToo(t *testing.T) {
	file := "poll: 20ms\nwatchers: {check: {watch: src, stages: [cat src/main]}}\n"
	p := start(t, map[string]string{"devloop.yaml": file, "src/main": "one"}, orchestrator.Options{})
	p.screen.wait(t, `watching 1 directory by polling`)
	p.screen.wait(t, `check\s*\| ✓ passed`)
	for _, fd := range glob(t, "/proc/self/fd/*") { // nothing on other systems than Linux
		if to, err := os.Readlink(fd); err == nil && strings.Contains(to, "inotify") {
			t.Errorf("something is watched by events all the same: %s", to)
		}
	}
	p.replace("devloop.yaml", file[len("poll: 20ms\n"):])
	p.screen.wait(t, `configuration changed; nothing restarts`)
	p.screen.wait(t, `watching 2 directories\n`)
	p.replace("devloop.yaml", file)
	p.screen.wait(t, `watching 1 directory by polling`)
	p.write("src/main", "two")
	p.screen.wait(t, `src/main changed`)
	p.screen.wait(t, `check\s*\| ✓ passed`)
	p.end(0)
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

// TestGitAtWork: while git holds its index lock nothing starts by a change, also
// in a repository that was not there when the loop began, and in that of a
// project that is included.
func TestGitAtWork(t *testing.T) {
	for _, repository := range []string{".", "part"} {
		t.Run(repository, func(t *testing.T) {
			p := start(t, map[string]string{
				"devloop.yaml": `
include: part
watchers:
  check: {watch: src, stages: ["test ! -e ` + repository + `/.git/index.lock"]}
  unlock: {watch: nothing, on_start: false, stages: ["echo > src/two; rm ` + repository + `/.git/index.lock"]}
`,
				"part/devloop.yaml": "watchers: {other: {watch: b, stages: ['true']}}",
				"src/main":          "one",
			}, orchestrator.Options{})
			p.screen.wait(t, `check\s*\| ✓ passed`)
			p.write(repository+"/.git/index.lock", "")
			p.write("src/main", "two")
			p.requests <- orchestrator.Request{Verb: machine.Trigger, Node: "unlock"}
			// As a rule both are one run; on a slow machine the lock may be gone before
			// anybody looks for it, and what was written under it still be on its way.
			p.screen.wait(t, `check\s*\| ● .*src/two.* changed`)
			p.screen.wait(t, `check\s*\| ✓ passed`)
			p.end(0)
			if strings.Contains(p.screen.String(), "✗") {
				t.Error("a run began while git was at work")
			}
		})
	}
}

// A stage's list of arguments may use what devloop sets for the stage.
func TestArgumentsOfAStage(t *testing.T) {
	p := start(t, map[string]string{
		"devloop.yaml": "watchers: {check: {watch: src, stages: [{name: one, run: [test, '${DEVLOOP_WATCHER} ${DEVLOOP_STAGE} ${DEVLOOP_RUN}', =, 'check one 1']}]}}",
	}, orchestrator.Options{})
	p.screen.wait(t, `check\s*\| ✓ one`)
	p.end(0)
}

// A check that a command makes is not the process: it has no descriptor at 3,
// and must not be told of one.
func TestReadyCommandHasNoSockets(t *testing.T) {
	p := start(t, map[string]string{
		"devloop.yaml": "sockets: {web: \"http::0\"}\nprocesses:" + server(`    ready: {exec: 'test -z "$LISTEN_FDS$DEVLOOP_FD_WEB" && echo "$DEVLOOP_PROCESS $DEVLOOP_GENERATION" > asked'}
`),
		"version": "one",
	}, orchestrator.Options{})
	p.screen.wait(t, `server\s*\| ✓ ready`)
	text, err := os.ReadFile(filepath.Join(p.dir, "asked"))
	if err != nil || string(text) != "server 1\n" {
		t.Errorf("the check found %q, %v", text, err)
	}
	p.end(0)
}

// TestAnEndBeforeTheBeginning ends a loop that has not begun: nothing waits for
// a beginning that never comes.
func TestAnEndBeforeTheBeginning(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "devloop.yaml")
	if err := os.WriteFile(path, []byte("processes:\n  s: {run: touch started, watch: src}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	cfg, _, err := schema.Load(path, schema.Options{})
	if err != nil {
		t.Fatal(err)
	}
	g, _ := graph.New(cfg)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	opt := orchestrator.Options{Config: cfg, Graph: g, Console: console.New(console.Options{Out: io.Discard}), Self: shim.Self()}
	if code, err := orchestrator.Run(ctx, opt); code != 1 || err != nil {
		t.Errorf("cancelled before it began: code %d, %v; want 1", code, err)
	}
}

// TestAServerMaySayThatItStops: the notification socket is there for as long as
// the server is, under either order of an update and when the loop ends.
func TestAServerMaySayThatItStops(t *testing.T) {
	for _, update := range []string{"stop-first", "start-first"} {
		t.Run(update, func(t *testing.T) {
			exe, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			p := start(t, map[string]string{
				"devloop.yaml": fmt.Sprintf("processes:\n  server: {run: [%q], env: {%s: notifier}, watch: version, ready: notify, update: %s}\n", exe, childEnv, update),
				"version":      "one",
			}, orchestrator.Options{})
			p.screen.wait(t, `server\s*\| ✓ ready`)
			p.write("version", "two")
			p.screen.wait(t, `notifier 1: STOPPING=1: <nil>`)
			p.screen.seen = 0 // under start-first the new one has come before
			p.screen.wait(t, `notifier 2: READY=1`)
			p.end(0)
			p.screen.wait(t, `notifier 2: STOPPING=1: <nil>`)
		})
	}
}

// TestNotReadyInTimeSaysWhy: under either order of an update the screen tells
// what a version that is not ready lacked.
func TestNotReadyInTimeSaysWhy(t *testing.T) {
	// On a busy machine the time is over before the program is there.
	const lacks = `last check: (no line of its output matches "\^serving"|it has not started yet)`
	t.Run("left running", func(t *testing.T) {
		p := start(t, map[string]string{
			"devloop.yaml": "processes:\n  server: {run: exec sleep 1000, ready: {log: '^serving', timeout: 10ms}}\n",
		}, orchestrator.Options{})
		p.screen.wait(t, `! not ready after .*; it is left running`)
		p.screen.wait(t, lacks)
		p.end(0)
	})
	t.Run("dropped", func(t *testing.T) {
		p := start(t, map[string]string{
			"devloop.yaml": "processes:\n  server: {run: 'cat version; exec sleep 1000', watch: version, update: start-first, ready: {log: '^serving', timeout: 30s}}\n",
			"version":      "serving\n",
		}, orchestrator.Options{})
		p.screen.wait(t, `server\s*\| ✓ ready`)
		p.replace("devloop.yaml", "processes:\n  server: {run: 'cat version; exec sleep 1000', watch: version, update: start-first, ready: {log: '^serving', timeout: 10ms}}\n")
		p.screen.wait(t, `configuration changed`)
		p.write("version", "hanging\n")
		p.screen.wait(t, `✗ the new version was not ready after .*; dropped`)
		p.screen.wait(t, lacks)
		p.end(0)
	})
}
