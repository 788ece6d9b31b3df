//go:build linux || darwin || freebsd

package orchestrator_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"devloop/orchestrator"
	"devloop/orchestrator/control"
	"devloop/orchestrator/machine"
)

// TestAWatcherIsTakenOutWhileItRuns: the end of its stage is told of as that of
// any other, also when the watcher is back by then, with other stages.
func TestAWatcherIsTakenOutWhileItRuns(t *testing.T) {
	rest := fmt.Sprintf("processes:\n  idle: {run: [%q], env: {%s: stubborn}, stop: {timeout: 1ms}}\n", exe(t), childEnv)
	long := `watchers: {check: {watch: [src], on_start: false, stages: [{name: first, run: 'true'}, {name: long, run: 'trap "" TERM; read x < end'}]}}`
	for _, then := range []string{"", "watchers: {check: {watch: [src], stages: [{name: other, run: 'true'}]}}\n"} {
		p, client := controlled(t, map[string]string{"devloop.yaml": rest + long, "src/v": "0"})
		end := filepath.Join(p.dir, "end")
		if err := unix.Mkfifo(end, 0o600); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		var ended []string
		listening, runs, heard := make(chan struct{}), make(chan struct{}), make(chan error, 1)
		go func() {
			heard <- client.Events(ctx, control.EventQuery{}, func(line json.RawMessage) error {
				var e control.Event
				if err := json.Unmarshal(line, &e); err != nil {
					return err
				}
				switch {
				case e.Kind == "subscribed":
					close(listening)
				case e.Kind == "stage started" && e.Stage == "long":
					close(runs)
				case e.Kind == "stage cancelled":
					ended = append(ended, e.Stage)
				}
				return nil
			})
		}()
		<-listening
		p.write("src/v", "1")
		select {
		case <-runs:
		case <-ctx.Done():
			t.Fatalf("the stage never started; the screen shows:\n%s", p.screen)
		}
		p.replace("devloop.yaml", rest)
		p.screen.wait(t, `removed: check`)
		if then != "" {
			p.replace("devloop.yaml", rest+then)
			p.screen.wait(t, `new: check`)
		}
		if err := os.WriteFile(end, []byte("x\n"), 0); err != nil {
			t.Fatal(err)
		}
		if then != "" {
			p.screen.wait(t, `check\s*\| ✓ passed`)
		}
		p.end(0)
		if err := <-heard; err != nil {
			t.Error(err)
		}
		if !slices.Equal(ended, []string{"long"}) {
			t.Errorf("then %q: the stages %q have been cancelled; the screen shows:\n%s", then, ended, p.screen)
		}
	}
}

// TestAProcessThatIsTakenOutIsStoppedAsItSaid: its stop.command has the
// directory and the environment that it had.
func TestAProcessThatIsTakenOutIsStoppedAsItSaid(t *testing.T) {
	rest := fmt.Sprintf("  idle: {run: [%q], env: {%s: stubborn}, stop: {timeout: 1ms}}\n", exe(t), childEnv)
	db := fmt.Sprintf("  db: {run: [%q], dir: data, env: {%s: stubborn, NAME: base}, stop: {command: 'echo $PROJECT $NAME > stopped; kill -9 $DEVLOOP_PID'}}\n", exe(t), childEnv)
	p := start(t, map[string]string{"devloop.yaml": "env: {PROJECT: the}\nprocesses:\n" + rest + db, "data/v": "0"}, orchestrator.Options{})
	p.screen.wait(t, `db\s*\| stubborn: running`)
	p.replace("devloop.yaml", "processes:\n"+rest)
	p.screen.wait(t, `removed: db`)
	p.end(0)
	if got, err := os.ReadFile(filepath.Join(p.dir, "data", "stopped")); err != nil || string(got) != "the base\n" {
		t.Errorf("its stop.command wrote %q, %v; the screen shows:\n%s", got, err, p.screen)
	}
}

// TestAProcessComesBackWhileItRestarts: its start is told of as that of a new one,
// and not left to what was said of the restart that never came.
func TestAProcessComesBackWhileItRestarts(t *testing.T) {
	rest := fmt.Sprintf("processes:\n  idle: {run: [%q], env: {%s: stubborn}, stop: {timeout: 1ms}}\n", exe(t), childEnv)
	slow := "  slow: {run: 'trap \"\" TERM; [ -p end ] || mkfifo end; echo it runs; read x < end', stop: {timeout: 1h}}\n"
	p := start(t, map[string]string{"devloop.yaml": rest + slow}, orchestrator.Options{})
	p.screen.wait(t, `it runs`)
	p.requests <- orchestrator.Request{Verb: machine.Restart, Node: "slow"}
	p.screen.wait(t, `slow\s*\| ↻ restarting`)
	p.replace("devloop.yaml", rest)
	p.screen.wait(t, `removed: slow`)
	p.replace("devloop.yaml", rest+strings.Replace(slow, "trap \"\" TERM; ", "", 1))
	p.screen.wait(t, `new: slow`)
	if err := os.WriteFile(filepath.Join(p.dir, "end"), []byte("x\n"), 0); err != nil {
		t.Fatal(err)
	}
	p.screen.wait(t, `slow\s*\| ▸ starting`)
	p.screen.wait(t, `it runs`)
	p.end(0)
}
