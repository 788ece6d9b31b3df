// Package looptest runs the real devloop in a project, as a user would, for the tests of several packages: pages that
// answer, edits that show, Ctrl-C.
package looptest

import (
	"context"
	"errors"
	"fmt"
	"io"
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

	"devloop/orchestrator/test/testenv"
)

// Patience bounds every wait here. It is long, because a first build on a busy machine is; it measures nothing.
const Patience = 3 * time.Minute

// Devloop returns the command, not started, with a patience's time to live.
func Devloop(t *testing.T, dir string, args ...string) *exec.Cmd {
	t.Helper()
	return Command(t, dir, testenv.Built(t, "devloop/cmd/devloop"), args...)
}

// Run runs a command to its end, which must be good.
func Run(t *testing.T, dir, name string, args ...string) {
	t.Helper()
	if out, err := Command(t, dir, name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

// Command returns a command, not started, with a patience's time to live.
func Command(t *testing.T, dir, name string, args ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "XDG_STATE_HOME="+t.TempDir(), "DEVLOOP_REUSE=off", // what passed in another test says nothing here
		"npm_config_prefer_offline=true", "npm_config_update_notifier=false", // half of npm's time, where it has been before
		"JAVA_TOOL_OPTIONS=-XX:TieredStopAtLevel=1 -XX:+UseSerialGC") // a JVM that lives for seconds gains nothing from its second compiler
	cmd.WaitDelay = 10 * time.Second // should somebody else hold its output open
	return cmd
}

// Fetch has a command download what the project in dir is made of; the test is skipped where nobody can be asked for it.
func Fetch(t *testing.T, dir string, command ...string) {
	t.Helper()
	out, err := Command(t, dir, command[0], command[1:]...).CombinedOutput()
	if err != nil {
		t.Logf("%v: %s", err, out)
	}
	testenv.Need(t, strings.Join(command, " "), err == nil)
}

// A Loop is a devloop that runs in a project.
type Loop struct {
	Cmd    *exec.Cmd
	URL    string
	Ended  chan struct{} // closed when it has ended
	Err    error         // of its end, once it has ended
	mark   string        // in the environment of everything that it starts, and of nothing else
	output output
}

// Start runs devloop in dir, whose page will be at the port. The test's end is its end, if nothing else was.
func Start(t *testing.T, dir, port string, env ...string) *Loop {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("sockets are handed over on Unix only")
	}
	l := &Loop{
		Cmd:   Devloop(t, dir),
		URL:   "http://127.0.0.1:" + port + "/",
		mark:  "DEVLOOP_LOOPTEST=" + dir,
		Ended: make(chan struct{}),
	}
	l.Cmd.Env = append(append(l.Cmd.Env, env...), l.mark)
	l.Cmd.Stdout, l.Cmd.Stderr = &l.output, &l.output
	if err := l.Cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		l.Err = l.Cmd.Wait()
		close(l.Ended)
	}()
	t.Cleanup(func() {
		l.kill(t) // all that are there now
		<-l.Ended
		l.kill(t) // and those that devloop started meanwhile
		if t.Failed() {
			t.Logf("devloop printed:\n%s", l.output.String())
		}
	})
	return l
}

// Verb asks the running loop by a verb of devloop's.
func (l *Loop) Verb(t *testing.T, args ...string) {
	t.Helper()
	cmd := Devloop(t, l.Cmd.Dir, args...)
	cmd.Env = l.Cmd.Env
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("devloop %v: %v\n%s", args, err, out)
	}
}

// Shows waits for the first page, which has that text.
func (l *Loop) Shows(t *testing.T, text string) {
	t.Helper()
	l.Asks(t, func(page string, err error) bool {
		return err == nil && strings.Contains(page, text)
	})
}

// Turns waits until the page has the new text. Meanwhile every request is answered, and has the one or the other.
func (l *Loop) Turns(t *testing.T, old, new string) {
	t.Helper()
	l.Asks(t, func(page string, err error) bool {
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

// Asks gets the page until ok is content with it. Asking again and again is the only way: what changes is another
// program's answer, and that sends no event.
func (l *Loop) Asks(t *testing.T, ok func(page string, err error) bool) {
	t.Helper()
	timeout := time.NewTimer(Patience)
	defer timeout.Stop()
	pause := time.NewTicker(20 * time.Millisecond)
	defer pause.Stop()
	for {
		page, err := Get(l.URL)
		if ok(page, err) {
			return
		}
		select {
		case <-pause.C:
		case <-l.Ended:
			t.Fatalf("devloop ended by itself: %v", l.Err)
		case <-timeout.C:
			t.Fatalf("still not the page that was waited for: %q, %v", page, err)
		}
	}
}

// Client makes a connection for each request, as a new visitor would. A request may wait in the held socket for as long as
// a build takes.
var Client = &http.Client{
	Transport: &http.Transport{DisableKeepAlives: true},
	Timeout:   Patience,
}

// Get gets a page. What is not 200 is an error, beside the body.
func Get(url string) (string, error) { return GetBy(Client, url) }

// GetBy is Get by another client.
func GetBy(client *http.Client, url string) (string, error) {
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

// Printed is what devloop has printed so far.
func (l *Loop) Printed() string { return l.output.String() }

// Prints waits until devloop has printed the text.
func (l *Loop) Prints(t *testing.T, text string) {
	t.Helper()
	timeout := time.NewTimer(Patience)
	defer timeout.Stop()
	for {
		printed, more := l.output.read()
		if strings.Contains(printed, text) {
			return
		}
		select {
		case <-more:
		case <-l.Ended:
			t.Fatalf("devloop ended by itself: %v", l.Err)
		case <-timeout.C:
			t.Fatalf("devloop never printed %q", text)
		}
	}
}

// Interrupt presses Ctrl-C: devloop ends well, nobody that it started is left, and the page is gone.
func (l *Loop) Interrupt(t *testing.T) {
	t.Helper()
	l.Ends(t)
	if _, err := Get(l.URL); err == nil {
		t.Error("the page still answers")
	}
}

// Ends presses Ctrl-C: devloop ends well, and nobody that it started is left.
func (l *Loop) Ends(t *testing.T) {
	t.Helper()
	if err := l.Cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	timeout := time.NewTimer(Patience)
	defer timeout.Stop()
	select {
	case <-l.Ended:
	case <-timeout.C:
		t.Fatal("devloop does not end")
	}
	if l.Err != nil {
		t.Errorf("devloop ended with %v, want 0", l.Err)
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
func (l *Loop) kill(t *testing.T) {
	t.Helper()
	for _, p := range l.family(t) {
		if found, err := os.FindProcess(p.pid); err == nil {
			found.Kill() //nolint:errcheck // it may be gone by now
		}
	}
}

// family returns the live processes, devloop among them, whose environment has the loop's mark: unlike the parent's pid and
// the process group, a process cannot lose it by accident. Only Linux shows it; elsewhere the family is devloop alone.
func (l *Loop) family(t *testing.T) []process {
	t.Helper()
	if runtime.GOOS != "linux" {
		select {
		case <-l.Ended:
			return nil
		default:
			return []process{{l.Cmd.Process.Pid, l.Cmd.Path}}
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
