//go:build linux || darwin || freebsd

package orchestrator_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"devloop/orchestrator/test/testenv"
)

// TestAwait: after a save and a wait that says yes, nobody is served anything
// older, also while other files are saved all the time. DEVLOOP_WAIT_ROUNDS
// says how often.
func TestAwait(t *testing.T) {
	rounds := testenv.Count(t, "DEVLOOP_WAIT_ROUNDS", 4, 12)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for name, update := range map[string]string{
		"stop-first":  "",
		"start-first": "update: start-first, ready: {log: '^serving'}, ",
	} {
		t.Run(name, func(t *testing.T) {
			p, client := controlled(t, map[string]string{
				"devloop.yaml": fmt.Sprintf(`
sockets: {web: http::0}
watchers:
  build: {watch: [src], stages: ['cp src/v built'], trigger: .trigger}
processes:
  server: {run: [%q, built], sockets: [web], watch: .trigger, %senv: {%s: server}, depends_on: [build]}
`, self, update, childEnv),
				"src/v": "0", "src/other": "0",
			})
			p.screen.seen = 0 // the address stands before what was waited for
			url := p.url()
			defer p.saveOn("src/other", 30*time.Millisecond)()
			ctx, cancel := context.WithTimeout(context.Background(), time.Duration(rounds)*patience)
			defer cancel()
			for i := 1; i <= rounds; i++ {
				p.write("src/v", strconv.Itoa(i))
				v, err := client.Wait(ctx)
				if err != nil || !v.OK {
					t.Fatalf("round %d: %+v, %v; the screen shows:\n%s", i, v, err, p.screen)
				}
				if got := p.page(url); got != strconv.Itoa(i) {
					t.Fatalf("round %d: the page is %s; the screen shows:\n%s", i, got, p.screen)
				}
			}
		})
	}
}

// saveOn saves a file again and again, for twenty times, then not for as long, and so on, until stop is called.
func (p *project) saveOn(name string, every time.Duration) (stop func()) {
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(every)
		defer tick.Stop()
		for i := 0; ; i++ {
			select {
			case <-end:
				return
			case <-tick.C:
				if (i/20)%2 == 0 {
					_ = os.WriteFile(filepath.Join(p.dir, name), []byte(strconv.Itoa(i)), 0o644) // a failed save is no matter
				}
			}
		}
	}()
	return func() { close(end); <-ended }
}

// TestAwaitFails: a wait tells what stands in the way, a broken configuration
// too, and a mended one is as good as new.
func TestAwaitFails(t *testing.T) {
	const config = "watchers:\n  build: {watch: [src], stages: ['test ! -e src/bad']}\n"
	p, client := controlled(t, map[string]string{"devloop.yaml": config, "src/v": "0"})
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	expect := func(ok bool, why string) {
		t.Helper()
		v, err := client.Wait(ctx)
		if err != nil || v.OK != ok || v.Why != why {
			t.Errorf("%+v, %v; want %v, %q", v, err, ok, why)
		}
	}
	expect(true, "")
	p.write("src/bad", "")
	expect(false, "build failed")
	if err := os.Remove(filepath.Join(p.dir, "src/bad")); err != nil {
		t.Fatal(err)
	}
	expect(true, "")
	p.write("devloop.yaml", config+"more: 1\n")
	v, err := client.Wait(ctx)
	if err != nil || v.OK {
		t.Errorf("with a broken configuration: %+v, %v", v, err)
	}
	p.write("devloop.yaml", config)
	expect(true, "")
}
