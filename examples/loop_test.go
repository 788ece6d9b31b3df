package examples_test

import (
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

// patience bounds every wait here. It is long, because a first build on a busy machine is; it measures nothing.
const patience = 3 * time.Minute

// binary is the devloop under test, or empty while there is none to build.
var binary string

func TestMain(m *testing.M) {
	if name := os.Getenv(serverEnv); name != "" {
		if err := anyServer(name); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(testMain(m))
}

func testMain(m *testing.M) int {
	dir, err := os.MkdirTemp("", "devloop-examples-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "devloop")
	if out, err := exec.Command("go", "build", "-o", binary, "../cmd/devloop").CombinedOutput(); err != nil {
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

// asked are the needs that are no command's being there, and how to ask for them.
var asked = map[string][]string{
	// Puma 5 says that it is ready with a gem of its own, Puma 6 without.
	"a Puma that can notify (Puma 6, or the gem sd_notify)": {"ruby", "-e", `require "puma/const"; Puma::Const::VERSION.to_i >= 6 or require "sd_notify"`},
}

// requires skips a test on a machine that lacks something. Under DEVLOOP_REQUIRE=all it fails instead, so that CI cannot
// leave out a test unnoticed. Only what would be downloaded is asked for the other way round: crates.io counts as there
// under DEVLOOP_ONLINE=1.
func requires(t *testing.T, needs ...string) {
	t.Helper()
	for _, need := range needs {
		if need == "crates.io" {
			if os.Getenv("DEVLOOP_ONLINE") == "" {
				t.Skip("downloads from crates.io; set DEVLOOP_ONLINE=1 to run it")
			}
			continue
		}
		_, err := exec.LookPath(need)
		if question, ok := asked[need]; ok {
			err = exec.Command(question[0], question[1:]...).Run()
		}
		if err != nil {
			if os.Getenv("DEVLOOP_REQUIRE") == "all" {
				t.Fatalf("needs %s: %v", need, err)
			}
			t.Skipf("needs %s: %v", need, err)
		}
	}
}

// devloop returns the command, not started, with a patience's time to live.
func devloop(t *testing.T, dir string, args ...string) *exec.Cmd {
	t.Helper()
	return command(t, dir, binary, args...)
}

// run runs a command to its end, which must be good.
func run(t *testing.T, dir, name string, args ...string) {
	t.Helper()
	if out, err := command(t, dir, name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

func command(t *testing.T, dir, name string, args ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off")
	cmd.WaitDelay = 10 * time.Second // should somebody else hold its output open
	return cmd
}

// A loop is a devloop that runs in the copy of an example.
type loop struct {
	cmd    *exec.Cmd
	url    string
	mark   string // in the environment of everything that it starts, and of nothing else
	output output
	ended  chan struct{} // closed after err is set
	err    error         // of cmd.Wait
}

// start runs devloop in dir, on ports of its own. The test's end is its end, if nothing else was.
func start(t *testing.T, dir string) *loop {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("sockets are handed over on Unix only")
	}
	return startAt(t, dir, freePort(t))
}

// startAt is start, where devloop.yaml says the port itself.
func startAt(t *testing.T, dir, port string) *loop {
	t.Helper()
	backend := freePort(t)
	l := &loop{
		cmd:   devloop(t, dir),
		url:   "http://127.0.0.1:" + port + "/",
		mark:  "DEVLOOP_EXAMPLE=" + dir,
		ended: make(chan struct{}),
	}
	l.cmd.Env = append(l.cmd.Env, "PORT="+port, "BACKEND_PORT="+backend, l.mark)
	l.cmd.Stdout, l.cmd.Stderr = &l.output, &l.output
	if err := l.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		l.err = l.cmd.Wait()
		close(l.ended)
	}()
	t.Cleanup(func() {
		l.kill(t) // all that are there now
		<-l.ended
		l.kill(t) // and those that devloop started meanwhile
		if t.Failed() {
			t.Logf("devloop printed:\n%s", l.output.String())
		}
	})
	return l
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

// shows waits for the first page, which has that text.
func (l *loop) shows(t *testing.T, text string) {
	t.Helper()
	l.asks(t, func(page string, err error) bool {
		return err == nil && strings.Contains(page, text)
	})
}

// turns waits until the page has the new text. Meanwhile every request is answered, and has the one or the other.
func (l *loop) turns(t *testing.T, old, new string) {
	t.Helper()
	l.asks(t, func(page string, err error) bool {
		if err != nil {
			t.Fatalf("a request failed while the page was to turn from %q to %q: %v", old, new, err)
		}
		if strings.Contains(page, new) {
			return true
		}
		if !strings.Contains(page, old) {
			t.Fatalf("got neither %q nor %q: %q", old, new, page)
		}
		return false
	})
}

// asks gets the page until ok is content with it. Asking again and again is the only way: what changes is another
// program's answer, and that sends no event.
func (l *loop) asks(t *testing.T, ok func(page string, err error) bool) {
	t.Helper()
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	pause := time.NewTicker(20 * time.Millisecond)
	defer pause.Stop()
	for {
		page, err := get(l.url)
		if ok(page, err) {
			return
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

// client makes a connection for each request, as a new visitor would. A request may wait in the held socket for as long as
// a build takes.
var client = &http.Client{
	Transport: &http.Transport{DisableKeepAlives: true},
	Timeout:   patience,
}

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

// prints waits until devloop has printed the text.
func (l *loop) prints(t *testing.T, text string) {
	t.Helper()
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	for {
		printed, more := l.output.read()
		if strings.Contains(printed, text) {
			return
		}
		select {
		case <-more:
		case <-l.ended:
			t.Fatalf("devloop ended by itself: %v", l.err)
		case <-timeout.C:
			t.Fatalf("devloop never printed %q", text)
		}
	}
}

// interrupt presses Ctrl-C: devloop ends well, nobody that it started is left, and the page is gone.
func (l *loop) interrupt(t *testing.T) {
	t.Helper()
	l.ends(t)
	if _, err := get(l.url); err == nil {
		t.Error("the page still answers")
	}
}

// ends presses Ctrl-C: devloop ends well, and nobody that it started is left.
func (l *loop) ends(t *testing.T) {
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
	for _, p := range l.family(t) {
		t.Errorf("left behind: %s", p)
	}
}

// A process is one that devloop started, or that one of those did, however many times removed.
type process struct {
	pid     int
	cmdline string
}

func (p process) String() string { return fmt.Sprintf("%d %s", p.pid, p.cmdline) }

// kill ends whoever is left of the loop's family.
func (l *loop) kill(t *testing.T) {
	t.Helper()
	for _, p := range l.family(t) {
		if found, err := os.FindProcess(p.pid); err == nil {
			found.Kill() //nolint:errcheck // it may be gone by now
		}
	}
}

// family returns the live processes, devloop among them, whose environment has the loop's mark: unlike the parent's pid and
// the process group, a process cannot lose it by accident. Only Linux shows it; elsewhere the family is devloop alone.
func (l *loop) family(t *testing.T) []process {
	t.Helper()
	if runtime.GOOS != "linux" {
		select {
		case <-l.ended:
			return nil
		default:
			return []process{{l.cmd.Process.Pid, binary}}
		}
	}
	environs, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		t.Fatal(err)
	}
	var found []process
	for _, file := range environs {
		environ, err := os.ReadFile(file)
		if err != nil || !strings.Contains("\x00"+string(environ), "\x00"+l.mark+"\x00") {
			continue // gone, or not ours
		}
		dir := filepath.Dir(file)
		pid, err := strconv.Atoi(filepath.Base(dir))
		if err != nil {
			t.Fatal(err)
		}
		cmdline, _ := os.ReadFile(filepath.Join(dir, "cmdline")) //nolint:errcheck // only for the message
		found = append(found, process{pid, strings.ReplaceAll(string(cmdline), "\x00", " ")})
	}
	return found
}

// output keeps what devloop prints, and tells when there is more.
type output struct {
	mu   sync.Mutex // guards text and more
	text strings.Builder
	more chan struct{} // closed at the next write
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.more != nil {
		close(o.more)
		o.more = nil
	}
	return o.text.Write(p)
}

// read returns what was printed so far, and a channel that is closed when that is no longer all.
func (o *output) read() (string, <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.more == nil {
		o.more = make(chan struct{})
	}
	return o.text.String(), o.more
}

func (o *output) String() string {
	text, _ := o.read()
	return text
}
