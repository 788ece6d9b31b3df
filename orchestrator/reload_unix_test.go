//go:build linux || darwin || freebsd

package orchestrator_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"devloop/orchestrator"
	"devloop/orchestrator/control"
	"devloop/orchestrator/test/testenv"
)

// replace writes a file as most editors do: another one takes its place.
func (p *project) replace(name, text string) {
	p.t.Helper()
	p.write(name+".new", text)
	if err := os.Rename(filepath.Join(p.dir, name+".new"), filepath.Join(p.dir, name)); err != nil {
		p.t.Fatal(err)
	}
}

// TestReloadOfWhatFailed: a configuration that failed is fixed by any of the
// files that it led to, also by those that the last good one does not have.
func TestReloadOfWhatFailed(t *testing.T) {
	const config = "watchers: {build: {watch: [src], stages: ['true']}}\n"
	p, client := controlled(t, map[string]string{"devloop.yaml": config, "src/v": "0"})
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	expect := func(after string, ok bool) {
		t.Helper()
		if v, err := client.Wait(ctx); err != nil || v.OK != ok {
			t.Fatalf("%s: %+v, %v; the screen shows:\n%s", after, v, err, p.screen)
		}
	}
	expect("the start", true)
	p.write("devloop.yaml", "extends: ./team.yaml\n"+config)
	expect("a file that is not there is extended", false)
	p.write("team.yaml", "oops: 1\n")
	expect("it is there, with a mistake", false)
	p.write("team.yaml", "processes: {}\n")
	expect("it is fixed", true)
	p.screen.wait(t, "configuration valid again")
	p.write("team.yaml", "oops: 1\n")
	expect("another mistake", false)
	p.replace("team.yaml", "vars: {A: b}\n")
	expect("and fixed", true)
	if err := os.Remove(filepath.Join(p.dir, "devloop.yaml")); err != nil {
		t.Fatal(err)
	}
	expect("no configuration at all", false)
	p.write("devloop.yaml", config)
	expect("it is back", true)
}

// TestWaitWhileReloading: whoever waits while the configuration leads to other
// files than before gets an answer all the same.
func TestWaitWhileReloading(t *testing.T) {
	const config = "env_file: %d.env\nwatchers: {build: {watch: [src], stages: ['true']}}\n"
	p, client := controlled(t, map[string]string{"devloop.yaml": fmt.Sprintf(config, 0), "src/v": "0"})
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for i := 1; i <= 20; i++ {
		p.replace("devloop.yaml", fmt.Sprintf(config, i))
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				if v, err := client.Wait(ctx); err != nil || !v.OK {
					t.Errorf("round %d: %+v, %v", i, v, err)
				}
			})
		}
		all.Wait()
		if t.Failed() {
			t.Fatalf("the screen shows:\n%s", p.screen)
		}
	}
}

// TestSavedBeforeItWasWatched: what a new configuration watches counts from the
// moment that the configuration was saved.
func TestSavedBeforeItWasWatched(t *testing.T) {
	const config = "watchers: {build: {watch: [%s], stages: ['cat %s/v > built']}}\n"
	p, client := controlled(t, map[string]string{"devloop.yaml": fmt.Sprintf(config, "d0", "d0"), "d0/v": "0"})
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for i := 1; i <= testenv.Either(3, 10); i++ {
		dir := fmt.Sprintf("d%d", i)
		p.write(dir+"/v", "old")
		p.replace("devloop.yaml", fmt.Sprintf(config, dir, dir))
		p.screen.wait(t, `configuration changed: build runs again`)
		p.write(dir+"/v", "new "+dir)
		if v, err := client.Wait(ctx); err != nil || !v.OK {
			t.Fatalf("round %d: %+v, %v; the screen shows:\n%s", i, v, err, p.screen)
		}
		if got, err := os.ReadFile(filepath.Join(p.dir, "built")); err != nil || string(got) != "new "+dir {
			t.Fatalf("round %d: %q, %v; the screen shows:\n%s", i, got, err, p.screen)
		}
	}
}

// TestReloadsUnderLoad: fifty changes of the configuration, of every kind that
// concerns a server and its socket, and no request fails; fifty mistakes, and
// nothing changes at all.
func TestReloadsUnderLoad(t *testing.T) {
	server := fmt.Sprintf("    run: [%q, src/v]\n", exe(t)) + "    env: {" + childEnv + ": server, ROUND: '%d'}\n    sockets: [%s]\n"
	port := freePort(t)
	config := func(i int, socket, address, node string) string {
		return fmt.Sprintf("sockets: {%s: %q}\nprocesses:\n  %s:\n"+server, socket, address, node, i, socket)
	}
	good := fmt.Sprintf("http::%d", port)
	p, client := controlled(t, map[string]string{"devloop.yaml": config(0, "web", good, "server"), "src/v": "page"})
	ctx, cancel := context.WithTimeout(context.Background(), 4*patience)
	defer cancel()
	wait := func(i int, ok bool) {
		t.Helper()
		if v, err := client.Wait(ctx); err != nil || v.OK != ok {
			t.Fatalf("round %d: %+v, %v; the screen shows:\n%s", i, v, err, p.screen)
		}
	}
	wait(0, true)

	var asked, failed atomic.Int64
	stop := make(chan struct{})
	var load sync.WaitGroup
	endLoad := sync.OnceFunc(func() { close(stop); load.Wait() })
	defer endLoad()
	for range 4 {
		load.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				asked.Add(1)
				if text, err := get(fmt.Sprintf("http://127.0.0.1:%d", port)); err != nil || text != "page" {
					if failed.Add(1) == 1 {
						t.Errorf("a request: %q, %v", text, err)
					}
				}
			}
		})
	}
	last := ""
	for i := 1; i <= testenv.Either(5, 50); i++ {
		switch i % 5 {
		case 0:
			last = config(i, "web", good, "server") // its environment
		case 1:
			last = config(i, "www", good, "server") // the socket's name
		case 2:
			last = config(i, "www", fmt.Sprint(port), "server") // its type
		case 3:
			last = config(i, "www", fmt.Sprint(port), "app") // the name of the process
		case 4:
			last = config(i, "www", fmt.Sprint(port), "app") + fmt.Sprintf("  idle: {run: [%q], env: {%s: stubborn}, stop: {timeout: 1ms}}\n", exe(t), childEnv)
		}
		p.replace("devloop.yaml", last)
		wait(i, true)
	}
	before, err := client.Status(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for i := 1; i <= testenv.Either(4, 50); i++ {
		switch i % 4 {
		case 0:
			p.replace("devloop.yaml", last+fmt.Sprintf("nope%d: 1\n", i))
		case 1:
			p.replace("devloop.yaml", strings.Replace(last, "sockets: [", "sockets: [no", 1))
		case 2: // cannot be bound beside what is held
			p.replace("devloop.yaml", strings.Replace(last, good, fmt.Sprintf("http::0.0.0.0:%d", port), 1))
		case 3:
			p.replace("devloop.yaml", "")
		}
		wait(i, false)
	}
	after, err := client.Status(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if is, was := node(t, after, "server"), node(t, before, "server"); is != was {
		t.Errorf("after the mistakes the server is %s, before it was %s; the screen shows:\n%s", is, was, p.screen)
	}
	p.replace("devloop.yaml", last)
	wait(0, true)
	endLoad()
	if failed.Load() > 0 {
		t.Errorf("%d of %d requests failed; the screen shows:\n%s", failed.Load(), asked.Load(), p.screen)
	}
	t.Logf("%d requests", asked.Load())
}

// TestAnAddressThatOverlapsIsRefused tells who has it: nobody is to kill the loop.
func TestAnAddressThatOverlapsIsRefused(t *testing.T) {
	port := freePort(t)
	config := func(address string) string {
		return fmt.Sprintf("sockets: {web: %q}\n", address) + "processes:" + server("")
	}
	p, client := controlled(t, map[string]string{"devloop.yaml": config(fmt.Sprint(port)), "version": "one"})
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if v, err := client.Wait(ctx); err != nil || !v.OK {
		t.Fatalf("%+v, %v", v, err)
	}
	p.write("devloop.yaml", config(fmt.Sprintf("0.0.0.0:%d", port)))
	p.screen.wait(t, fmt.Sprintf(`socket web: 0\.0\.0\.0:%d overlaps with 127\.0\.0\.1:%d, which this loop holds for socket web`, port, port))
	p.screen.wait(t, `hint: .*restart devloop`)
	if page := p.page(fmt.Sprintf("http://127.0.0.1:%d", port)); page != "one" {
		t.Errorf("the page is %q", page)
	}
}

// TestASocketThatIsLeavingComesBack: its last user takes long to end, and
// meanwhile the configuration has it again.
func TestASocketThatIsLeavingComesBack(t *testing.T) {
	port := freePort(t)
	with := fmt.Sprintf("sockets: {web: %q}\nprocesses:\n  old: {run: [%q], env: {%s: stubborn}, sockets: [web], stop: {timeout: 1h}}\n", fmt.Sprint(port), exe(t), childEnv)
	without := fmt.Sprintf("processes:\n  idle: {run: [%q], env: {%s: stubborn}, stop: {timeout: 1ms}}\n", exe(t), childEnv)
	p := start(t, map[string]string{"devloop.yaml": with, "version": "one"}, orchestrator.Options{})
	p.screen.wait(t, `stubborn: running`)
	p.replace("devloop.yaml", without)
	p.screen.wait(t, `removed: old`)
	p.replace("devloop.yaml", fmt.Sprintf("sockets: {web: %q}\n", fmt.Sprint(port))+"processes:"+server(""))
	p.screen.wait(t, `new: server`)
	p.screen.wait(t, `serving one`)
	if page := p.page(fmt.Sprintf("http://127.0.0.1:%d", port)); page != "one" {
		t.Errorf("the page is %q", page)
	}
	p.signals <- os.Interrupt
	p.screen.wait(t, `waiting for`) // a signal right behind the first counts as the same
	p.end(0)
}

func exe(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// freePort is a port that nobody has. Somebody may take it before the loop does.
func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// node is what the loop tells of a node.
func node(t *testing.T, s *control.Status, name string) string {
	t.Helper()
	for _, n := range s.Nodes {
		if n.Name == name {
			return fmt.Sprint(n.State, n.Number, n.PIDs)
		}
	}
	t.Fatalf("there is no %s", name)
	return ""
}

// TestReadingThatHangs: while a file of the configuration lies where nobody answers,
// the loop answers and works; whoever waits is told, and when the file system
// answers again, what is written there counts.
func TestReadingThatHangs(t *testing.T) {
	const config = "env_file: .env\nwatchers: {build: {watch: [src], stages: ['echo built $A']}}\n"
	p, client := controlled(t, map[string]string{"devloop.yaml": config, ".env": "A=one\n", "src/v": "0"})
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if v, err := client.Wait(ctx); err != nil || !v.OK {
		t.Fatalf("%+v, %v", v, err)
	}
	p.loading.Lock()
	p.replace(".env", "A=two\n")
	for range 2 { // the second one asks while it is known
		if v, err := client.Wait(ctx); err != nil || v.OK || !strings.Contains(v.Why, "does not respond") {
			t.Errorf("while it hangs: %+v, %v", v, err)
		}
	}
	p.write("src/v", "1")
	p.screen.wait(t, `src/v changed(.|\n)*passed`)
	p.replace(".env", "A=three\n") // read once more when it is back
	if s, err := client.Status(ctx); err != nil || len(s.Nodes) != 1 {
		t.Errorf("status: %+v, %v", s, err)
	}
	p.loading.Unlock()
	p.screen.wait(t, `build runs again`)
	if v, err := client.Wait(ctx); err != nil || !v.OK {
		t.Errorf("when it responds again: %+v, %v; the screen shows:\n%s", v, err, p.screen)
	}
}

// TestEndWhileReadingHangs: a reading that hangs does not keep the loop from its end.
func TestEndWhileReadingHangs(t *testing.T) {
	p, client := controlled(t, map[string]string{"devloop.yaml": "watchers: {build: {watch: [src], stages: ['true']}}\n", "src/v": "0"})
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	p.loading.Lock()
	defer p.loading.Unlock()
	p.replace("devloop.yaml", "watchers: {build: {watch: [src], stages: ['echo']}}\n")
	if v, err := client.Wait(ctx); err != nil || v.OK {
		t.Errorf("while it hangs: %+v, %v", v, err)
	}
	p.over = true
	p.signals <- os.Interrupt
	r := <-p.result
	if r.code != 0 || r.err == nil || !strings.Contains(r.err.Error(), "does not respond") {
		t.Errorf("it has ended with %+v", r)
	}
}

// TestSavedBeforeAReload: what was saved right before the configuration leads to another run, also where files
// are polled, and whatever time the file has.
func TestSavedBeforeAReload(t *testing.T) {
	const config = "watchers:\n  build: {watch: [src], stages: ['cat src/v > built']}\n"
	every := time.Hour
	p, client := controlledWith(t, map[string]string{"devloop.yaml": config, "src/v": "0"}, orchestrator.Options{Poll: &every})
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	wait := func(when string) {
		t.Helper()
		if v, err := client.Wait(ctx); err != nil || !v.OK {
			t.Fatalf("%s: %+v, %v; the screen shows:\n%s", when, v, err, p.screen)
		}
	}
	wait("the start")
	path, long := filepath.Join(p.dir, "src/v"), time.Now().Add(-time.Hour)
	p.write("src/v", "saved")
	if err := os.Chtimes(path, long, long); err != nil {
		t.Fatal(err)
	}
	p.write("devloop.yaml", config+"  other: {watch: [lib], stages: ['true']}\n")
	wait("the save")
	if got, err := os.ReadFile(filepath.Join(p.dir, "built")); err != nil || string(got) != "saved" {
		t.Fatalf("built: %q, %v; the screen shows:\n%s", got, err, p.screen)
	}
}

// TestYoungRules: a tree that was made a moment ago is as good as any, also where the times of files say little
// of it: nothing runs again.
func TestYoungRules(t *testing.T) {
	every := 40 * time.Millisecond
	p, client := controlledWith(t, map[string]string{
		"devloop.yaml": "watchers: {build: {watch: [src, 'no/*.x'], stages: ['echo >> runs']}}\n",
		".gitignore":   "runs\n", "src/.gitignore": "out\n", "src/v": "0",
	}, orchestrator.Options{Poll: &every})
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	settled := time.Now().Add(3 * time.Second)
	p.screen.wait(t, `(?s)passed.*matches no file today|matches no file today.*passed`) // all files have been read
	if time.Now().After(settled) {
		t.Log("the machine is too slow to tell")
		return
	}
	<-time.After(time.Until(settled))
	if v, err := client.Wait(ctx); err != nil || !v.OK {
		t.Fatalf("%+v, %v; the screen shows:\n%s", v, err, p.screen)
	}
	if runs, err := os.ReadFile(filepath.Join(p.dir, "runs")); err != nil || string(runs) != "\n" {
		t.Errorf("runs: %q, %v; the screen shows:\n%s", runs, err, p.screen)
	}
}

// TestRulesOutOfSight: what git ignores where nobody watches is read anew when a configuration watches there.
func TestRulesOutOfSight(t *testing.T) {
	config := func(dir string) string {
		return fmt.Sprintf("watchers: {build: {watch: [%s], stages: ['cat lib/d/v > built']}}\n", dir)
	}
	p, client := controlled(t, map[string]string{"devloop.yaml": config("lib"), "src/v": "0", "lib/.gitignore": "d/\n", "lib/d/v": "0"})
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	wait := func() {
		t.Helper()
		if v, err := client.Wait(ctx); err != nil || !v.OK {
			t.Fatalf("%+v, %v; the screen shows:\n%s", v, err, p.screen)
		}
	}
	wait()
	p.write("devloop.yaml", config("src"))
	wait()
	p.write("lib/.gitignore", "")
	long := time.Now().Add(-time.Hour)
	if err := os.Chtimes(filepath.Join(p.dir, "lib/.gitignore"), long, long); err != nil {
		t.Fatal(err)
	}
	p.write("devloop.yaml", config("lib"))
	wait()
	p.write("lib/d/v", "1")
	wait()
	if got, err := os.ReadFile(filepath.Join(p.dir, "built")); err != nil || string(got) != "1" {
		t.Errorf("built: %q, %v; the screen shows:\n%s", got, err, p.screen)
	}
}
