//go:build linux

package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"devloop/orchestrator/test/stubborn"
	"devloop/orchestrator/test/testenv"
)

// Every tree, as a server or as a stage of a real loop, and every way in which it or the loop comes to its end: nobody is
// left. The short run has each tree in one way and each way with one tree or two; DEVLOOP_HORRORS=20 tries all of them twenty
// times.
func TestHorrors(t *testing.T) {
	program := stubborn.Program(t)
	rounds := stubborn.Rounds(t)
	everything := rounds > 0
	interrupt := func(h *haunted) { h.signal(os.Interrupt) }
	ways := []struct {
		name  string
		stage bool // the tree is a stage, not a server
		begin func(*haunted)
		end   func(*haunted)
	}{
		{"stop", false, func(h *haunted) { h.ask("stop", "server") }, func(h *haunted) { h.nobodyLeft(); interrupt(h); h.end() }},
		{"restart", false, (*haunted).restart, func(h *haunted) { interrupt(h); h.end() }},
		{"INT", false, interrupt, (*haunted).end},
		{"TERM", false, func(h *haunted) { h.signal(syscall.SIGTERM) }, (*haunted).end},
		{"HUP", false, func(h *haunted) { h.signal(syscall.SIGHUP) }, (*haunted).end},
		{"INT twice", false, interrupt, func(h *haunted) { h.again(os.Interrupt); h.end() }},
		{"INT in a stage", true, interrupt, (*haunted).end},
		{"kill -9", false, (*haunted).kill, (*haunted).guarded},
		{"kill -9 in a stage", true, (*haunted).kill, (*haunted).guarded},
		{atOnce, false, (*haunted).kill, (*haunted).guarded},
	}
	pool := make(chan struct{}, len(ways))
	if everything { // with every tree in each of them, more ways at once would wait for the processors alone
		pool = make(chan struct{}, runtime.GOMAXPROCS(0))
	}
	for i, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			t.Parallel()
			pool <- struct{}{}
			defer func() { <-pool }()
			for range max(rounds, 1) {
				// All of them end side by side: most of the time is grace.
				var all []*haunted
				for j, k := range stubborn.Trees {
					if !everything && (j+1)%len(ways) != i { // so that the last way gets one that need not be noticed
						continue
					}
					switch {
					case way.name != atOnce:
						h := haunt(t, program, k.Kind, k.Size, way.stage)
						h.grown(k.Size)
						if k.Noticed && strings.HasPrefix(way.name, "kill") {
							h.recorded()
						}
						all = append(all, h)
					case !k.Noticed: // nobody could have noticed it
						h := haunt(t, program, k.Kind, k.Size, way.stage)
						h.await("starting")
						<-time.After(rand.N(5 * time.Millisecond)) // any moment is a case of its own
						h.kill()
						h.guarded()
						h.nobodyLeft()
					}
				}
				for _, h := range all {
					way.begin(h)
				}
				for _, h := range all {
					way.end(h)
					h.nobodyLeft()
				}
			}
		})
	}
}

// TestLateDaemon: a server that has been up for long when it becomes a daemon without an environment is found all the same,
// once somebody has looked.
func TestLateDaemon(t *testing.T) {
	t.Parallel()
	h := haunt(t, stubborn.Program(t), "later", 2, false)
	h.grown(2)
	h.recorded()
	h.kill()
	h.guarded()
	h.nobodyLeft()
}

const atOnce = "kill -9 at once"

// haunted is a loop with a tree that does not want to end.
type haunted struct {
	*testing.T
	kind      string
	size      int // of the tree when it is grown
	loop      *exec.Cmd
	dir, tree string // the project's directory; the one that every process of the tree has in its arguments
	log       string
	ended     bool
	watchdog  string // the guardian's pid, of a loop that was killed
}

// haunt starts a loop whose server, or stage, is the tree.
func haunt(t *testing.T, program, kind string, size int, stage bool) *haunted {
	t.Helper()
	dir := t.TempDir()
	h := &haunted{T: t, dir: dir, tree: filepath.Join(dir, "tree"), log: filepath.Join(dir, "log"), kind: kind, size: size}
	if err := os.Mkdir(h.tree, 0o700); err != nil {
		t.Fatal(err)
	}
	node := fmt.Sprintf("processes:\n  server: {run: [%q, %q, %q], restart: never, stop: {timeout: 300ms}}\n", program, h.tree, kind)
	if stage {
		node = fmt.Sprintf("watchers:\n  server: {watch: src, stages: [{name: horror, run: [%q, %q, %q]}]}\n", program, h.tree, kind)
	}
	if err := os.WriteFile(filepath.Join(dir, "devloop.yaml"), []byte(node), 0o600); err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(h.log)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	h.loop = h.devloop()
	h.loop.Stdout, h.loop.Stderr = log, log
	if err := h.loop.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if !h.ended {
			_ = h.loop.Process.Kill()
			_ = h.loop.Wait()
		}
		for _, pid := range h.living() {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	})
	return h
}

func (h *haunted) devloop(args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Dir = h.dir
	cmd.Env = append(os.Environ(), asDevloop+"=1", "CI=", "DEVLOOP_RUNTIME_DIR="+filepath.Join(h.dir, ".run"), "GORACE=atexit_sleep_ms=0")
	return cmd
}

func (h *haunted) ask(args ...string) {
	h.Helper()
	if out, err := h.devloop(args...).CombinedOutput(); err != nil {
		h.Fatalf("devloop %s: %v: %s", args, err, out)
	}
}

func (h *haunted) signal(s os.Signal) {
	h.Helper()
	if err := h.loop.Process.Signal(s); err != nil {
		h.Fatal(err)
	}
}

// end waits until the loop has ended well.
func (h *haunted) end() {
	h.Helper()
	h.ended = true
	if err := h.loop.Wait(); err != nil {
		h.Errorf("%s: the loop ended with %v: %s", h.kind, err, h.text())
	}
	if left := h.living(); len(left) > 0 {
		h.Errorf("%s: the loop has ended before %v", h.kind, left)
	}
}

// restart asks for another tree and waits until it is grown: nobody of the first may have outlived it.
func (h *haunted) restart() {
	h.Helper()
	before := h.living()
	h.ask("restart", "server")
	h.grown(2 * h.size)
	for _, pid := range h.living() {
		if slices.Contains(before, pid) {
			h.Errorf("%s: %d has outlived the restart", h.kind, pid)
		}
	}
}

// again sends a second signal, in time enough after the first not to count as the same.
func (h *haunted) again(s os.Signal) {
	h.Helper()
	h.await("stopping… Ctrl-C again kills everything")
	<-time.After(110 * time.Millisecond)
	_ = h.loop.Process.Signal(s) // it may have ended meanwhile
}

// kill kills the loop. Its guardian ends what is left.
func (h *haunted) kill() {
	h.Helper()
	h.watchdog = h.guardian()
	h.signal(syscall.SIGKILL)
	h.ended = true
	_ = h.loop.Wait() // it was killed
}

// guarded waits until the guardian of a loop that was killed has done its work.
func (h *haunted) guarded() {
	h.Helper()
	testenv.Until(h, func() string {
		if isGuardian(h.watchdog) {
			return "the guardian is at work"
		}
		return ""
	})
}

// guardian is the pid of the loop's second process, which is there before the loop starts anything.
func (h *haunted) guardian() string {
	h.Helper()
	parent := fmt.Appendf(nil, "\nPPid:\t%d\n", h.loop.Process.Pid)
	paths, _ := filepath.Glob("/proc/[0-9]*/status") // the pattern is right
	for _, path := range paths {
		pid := strings.Split(path, "/")[2]
		if status, err := os.ReadFile(path); err == nil && bytes.Contains(status, parent) && isGuardian(pid) {
			return pid
		}
	}
	h.Fatalf("%s: the loop has no guardian: %s", h.kind, h.text())
	return ""
}

func isGuardian(pid string) bool {
	text, err := os.ReadFile("/proc/" + pid + "/cmdline")
	return err == nil && bytes.HasPrefix(text, []byte("devloop-guardian"))
}

func (h *haunted) text() string {
	text, _ := os.ReadFile(h.log) // it is there
	return string(text)
}

func (h *haunted) await(what string) {
	h.Helper()
	testenv.Until(h, func() string {
		if text := h.text(); !strings.Contains(text, what) {
			return fmt.Sprintf("%q never came: %s", what, text)
		}
		return ""
	})
}

// grown waits until so many processes of the tree are where they want to be.
func (h *haunted) grown(n int) {
	h.Helper()
	testenv.Until(h, func() string {
		names, _ := os.ReadDir(h.tree) // it is there
		if len(names) < n {
			return fmt.Sprintf("%d processes of the tree are ready, want %d: %s", len(names), n, h.text())
		}
		return ""
	})
}

// recorded waits until the guardian could end all of them, which the crash record tells.
func (h *haunted) recorded() {
	h.Helper()
	last, missing := []byte(nil), "there is no crash record"
	testenv.Until(h, func() string {
		records, _ := filepath.Glob(filepath.Join(h.dir, ".run", "*", "crash-record")) // the pattern is right
		var text []byte
		for _, path := range records {
			text, _ = os.ReadFile(path) // rewritten just now, perhaps
		}
		if bytes.Equal(text, last) { // a look at all processes is dear
			return missing
		}
		last = text
		if pid := stubborn.Unrecorded(text, h.living()); pid != 0 {
			missing = fmt.Sprintf("%d is not in the crash record", pid)
			return missing
		}
		return ""
	})
}

// living lists the processes of the tree.
func (h *haunted) living() []int {
	h.Helper()
	return stubborn.Living(h.T, h.tree, "")
}

func (h *haunted) nobodyLeft() {
	h.Helper()
	testenv.Until(h, func() string {
		if left := h.living(); len(left) > 0 {
			return fmt.Sprintf("%v are left: %s", left, h.text())
		}
		return ""
	})
}
