//go:build linux || darwin || freebsd

package orchestrator_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"devloop/orchestrator/control"
	"devloop/orchestrator/test/testenv"
)

// mark notes, beside the file that a child was started with, what has become of
// which version of it, and when.
func mark(suffix, version string) {
	text := fmt.Sprintf("%s|%d|%d", version, os.Getpid(), time.Now().UnixNano())
	file := os.Args[1] + suffix
	if os.WriteFile(file+".new", []byte(text), 0o644) != nil || os.Rename(file+".new", file) != nil {
		os.Exit(9)
	}
}

// unsteady is a command that does what its file says: a word, and a version.
func unsteady() {
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		os.Exit(9)
	}
	version := string(text)
	end := func(code int) {
		fmt.Println("ends:", version)
		mark(".exit", version)
		os.Exit(code)
	}
	terminated := make(chan os.Signal, 1)
	signal.Notify(terminated, syscall.SIGTERM)
	moment := func() <-chan time.Time { return time.After(time.Duration(10+rand.IntN(50)) * time.Millisecond) }
	switch word, _, _ := strings.Cut(version, " "); word {
	case "crash":
		end(3)
	case "bad":
		<-moment()
		end(5)
	case "done":
		<-moment()
		mark(".up", version)
		os.Exit(0)
	case "flap":
		fmt.Println("serving", version)
		<-moment()
		end(4)
	}
	<-moment()
	mark(".up", version)
	fmt.Println("serving", version)
	<-terminated
}

// rounds is a project that is saved and asked again and again, and what must
// come of it.
type rounds struct {
	*project
	t       *testing.T
	client  *control.Client
	url     string
	strict  bool              // an answer may come a second after it could be known
	holds   map[string]string // what each of the processes was last saved with
	slowest time.Duration
	oks     int
}

// saved are the files that are saved, and the process that each is for. What
// gen writes is watched by build, though nothing says so.
var saved = map[string][]string{
	"proto/v": {"server", "good", "good", "crash"},
	"src/v":   {"server", "good", "good", "crash"},
	"worker":  {"worker", "good", "crash", "flap"},
	"slow":    {"slow", "good", "good", "crash", "bad"},
	"flare":   {"flare", "good", "good", "flap"},
	"job":     {"job", "done", "done", "bad"},
}

func isBad(version string) bool {
	word, _, _ := strings.Cut(version, " ")
	return word == "crash" || word == "bad" || word == "flap"
}

// read is what a child has marked.
func (r *rounds) read(name string) (version string, pid int, at time.Time) {
	text, _ := os.ReadFile(filepath.Join(r.dir, name))
	parts := strings.Split(string(text), "|")
	if len(parts) != 3 {
		return "", 0, time.Time{}
	}
	pid, _ = strconv.Atoi(parts[1])
	nano, _ := strconv.ParseInt(parts[2], 10, 64)
	return parts[0], pid, time.Unix(0, nano)
}

// file is where a process reads its version.
func file(process string) string {
	if process == "server" {
		return "built"
	}
	return process
}

// round saves some files, waits, and checks the answer.
func (r *rounds) round(ctx context.Context, number int, rnd *rand.Rand) {
	changed := map[string]bool{}
	for name, choice := range saved {
		process := choice[0]
		mended := isBad(r.holds[process]) && rnd.IntN(4) > 0 // or nearly every round would fail
		if !changed[process] && (mended || rnd.IntN(5) == 0) {
			version := fmt.Sprintf("%s %d", choice[1+rnd.IntN(len(choice)-1)], number)
			if mended {
				version = fmt.Sprintf("%s %d", choice[1], number)
			}
			r.holds[process] = version
			changed[process] = true
			r.write(name, version)
		}
	}
	asked := time.Now()
	v := r.wait(ctx, number)
	if flare := r.holds["flare"]; changed["flare"] && isBad(flare) {
		// It is ready for a moment: nobody can say no before it has ended once.
		if v.OK {
			r.await(number, "flare", ".exit", flare)
			asked, v = time.Now(), r.wait(ctx, number)
		}
	}
	r.check(number, asked, changed, v)
	if flare := r.holds["flare"]; changed["flare"] && isBad(flare) {
		r.await(number, "flare", ".exit", flare)
	}
	if !v.OK && changed["server"] {
		// Two write what build reads: the next round must not overtake this one.
		if v := r.wait(ctx, number, "gen", "server"); v.OK == isBad(r.holds["server"]) {
			r.t.Fatalf("round %d: for the server alone the answer is %+v, with %v; the screen shows:\n%s", number, *v, r.holds, r.screen)
		}
	}
}

func (r *rounds) wait(ctx context.Context, number int, nodes ...string) *control.Verdict {
	v, err := r.client.Wait(ctx, nodes...)
	if err != nil {
		r.t.Fatalf("round %d: %v; the screen shows:\n%s", number, err, r.screen)
	}
	return v
}

// await waits until a version of a process has left its mark.
func (r *rounds) await(number int, process, suffix, version string) {
	look := time.NewTicker(2 * time.Millisecond)
	defer look.Stop()
	limit := time.After(patience)
	for {
		// It leaves its mark just before it ends.
		if got, _, _ := r.read(file(process) + suffix); got == version && r.crashed(process) {
			return
		}
		select {
		case <-look.C:
		case <-limit:
			r.t.Fatalf("round %d: %s never came to %s with %s", number, process, suffix, version)
		}
	}
}

// crashed tells whether the loop has seen a process crash, and nothing better
// since.
func (r *rounds) crashed(process string) bool {
	s, err := r.client.Status(context.Background())
	if err != nil {
		r.t.Fatal(err)
	}
	return slices.ContainsFunc(s.Nodes, func(n control.Node) bool { return n.Name == process && n.Crashes > 0 })
}

func (r *rounds) check(number int, asked time.Time, changed map[string]bool, v *control.Verdict) {
	answered, known := time.Now(), asked
	fail := func(format string, args ...any) {
		r.t.Helper()
		r.t.Fatalf("round %d: %s\n%+v, with %v, changed %v; the screen shows:\n%s", number, fmt.Sprintf(format, args...), *v, r.holds, changed, r.screen)
	}
	later := func(at time.Time) {
		if at.After(known) {
			known = at
		}
	}
	bad := false
	for _, version := range r.holds {
		bad = bad || isBad(version)
	}
	switch {
	case v.OK && bad:
		fail("a wrong yes")
	case !v.OK && !isBad(r.holds[v.Node]):
		fail("a wrong no")
	case !v.OK:
		ended, _, at := r.read(file(v.Node) + ".exit")
		if ended != r.holds[v.Node] || v.Number == 0 {
			fail("it fails by a version that has not ended, or without its output: %s", ended)
		}
		later(at)
	default:
		r.oks++
		for process, version := range r.holds {
			if process == "server" {
				if got := r.page(r.url); got != version {
					fail("the page is %s", got)
				}
				continue
			}
			up, pid, at := r.read(file(process) + ".up")
			if up != version {
				fail("%s is up with %s", process, up)
			}
			if process != "job" && syscall.Kill(pid, 0) != nil {
				fail("%s is gone", process)
			}
			if process == "worker" {
				at = at.Add(time.Second) // nothing but its life says that it is up
			}
			later(at)
		}
		if changed["server"] {
			known = answered // its mark is the page
		}
	}
	lag := answered.Sub(known)
	r.slowest = max(r.slowest, lag)
	if r.strict && lag > time.Second {
		fail("the answer came %v after it could be known", lag)
	}
}

// TestAwaitRounds: whatever processes do, crash at once or after a while, again
// and again, end well or badly, are slow, or have nothing but their life to tell
// that they are up: each answer to a wait is true, and comes when it can be
// known. DEVLOOP_WAIT_ROUNDS says how often; with it, a second late is too late.
func TestAwaitRounds(t *testing.T) {
	const loops = 4
	strict := os.Getenv("DEVLOOP_WAIT_ROUNDS") != ""
	number := (testenv.Count(t, "DEVLOOP_WAIT_ROUNDS", 3*loops, 6*loops) + loops - 1) / loops
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for loop := range loops {
		t.Run(strconv.Itoa(loop), func(t *testing.T) {
			t.Parallel()
			p, client := controlled(t, map[string]string{
				"devloop.yaml": fmt.Sprintf(`
sockets: {web: http::0}
env: {%[2]s: unsteady}
watchers:
  gen: {watch: proto/v, stages: ['cp proto/v src/v'], on_start: false}
  build: {watch: src, stages: ['cp src/v built'], trigger: .trigger}
  other: {watch: other, stages: ['true']}
processes:
  server: {run: [%[1]q, built], sockets: [web], watch: .trigger, depends_on: [build], env: {%[2]s: server}}
  worker: {run: [%[1]q, worker], watch: worker, restart: always, backoff: {initial: 5ms, max: 40ms, give_up: 0}}
  slow: {run: [%[1]q, slow], watch: slow, ready: {log: ^serving}, backoff: {initial: 5ms}}
  flare: {run: [%[1]q, flare], watch: flare, ready: {log: ^serving}, restart: always, backoff: {initial: 5ms, max: 40ms, give_up: 0}}
  job: {run: [%[1]q, job], watch: job, restart: never}
  after: {run: sleep 100000, depends_on: {job: succeeded}}
`, self, childEnv),
				"src/v": "good 0", "proto/v": "good 0", "worker": "good 0", "slow": "good 0", "flare": "good 0", "job": "done 0", "other": "0",
			})
			p.screen.seen = 0
			r := &rounds{project: p, t: t, client: client, url: p.url(), strict: strict, holds: map[string]string{}}
			for _, choice := range saved {
				r.holds[choice[0]] = choice[1] + " 0"
			}
			defer p.saveOn("other", 40*time.Millisecond)() // no matter for any wait
			ctx, cancel := context.WithTimeout(context.Background(), time.Duration(number)*patience)
			defer cancel()
			rnd := rand.New(rand.NewPCG(uint64(loop), 11))
			for i := range number {
				r.round(ctx, i+1, rnd)
			}
			t.Logf("%d rounds, %d of them well; the slowest answer came %v after it could be known", number, r.oks, r.slowest)
		})
	}
}
