package remoteexec_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"

	"devloop/orchestrator/test/looptest"
	"devloop/orchestrator/test/reapitest"
)

const project = `version: 1
remote: {execute: "ENGINE", instance: main, headers: {authorization: "Bearer ${SECRET}"}, MORE}
watchers:
  check:
    watch: src
    stages:
      - name: test
        run: |
          cat src/in
          case "$(cat src/in)" in
          wrong) echo "src/in:1:2: error: it is wrong" >&2; exit 3;;
          slow) test -e stay && echo here || exec sleep 1000;;
          esac
          mkdir -p made/sub && cp src/in made/sub/copy && ln -s sub made/link
        remote: true
        reuse: {outputs: [made]}
`

const secret = "hunter2"

// projectOn is a project whose stage runs on the engine.
func projectOn(t *testing.T, address, more string) (dir string, env []string) {
	t.Helper()
	dir = t.TempDir()
	write(t, filepath.Join(dir, "devloop.yaml"), strings.NewReplacer("ENGINE", address, "MORE", more).Replace(project))
	if err := os.Mkdir(filepath.Join(dir, "src"), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "src", "in"), "first\n")
	return dir, []string{"SECRET=" + secret, "DEVLOOP_REUSE=", "XDG_CACHE_HOME=" + t.TempDir()}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func locked() reapitest.Options {
	return reapitest.Options{Headers: map[string]string{"authorization": "Bearer " + secret}}
}

// TestLoop: a stage runs on the engine, its outputs come back, a newer save cancels it there, and when the engine dies in the
// middle it runs here.
func TestLoop(t *testing.T) {
	t.Parallel()
	s := reapitest.Start(t, locked())
	dir, env := projectOn(t, s.Address, "jobs: 2")
	l := looptest.Start(t, dir, "0", env...)
	save := func(text string) { write(t, filepath.Join(dir, "src", "in"), text+"\n") }

	l.Prints(t, "✓ test")
	l.Verb(t, "wait")
	if copied, err := os.ReadFile(filepath.Join(dir, "made", "link", "copy")); err != nil || string(copied) != "first\n" {
		t.Errorf("what it has made: %q, %v", copied, err)
	}
	if s.Engine.Ran() != 1 {
		t.Errorf("%d commands ran on the engine", s.Engine.Ran())
	}

	save("wrong")
	l.Prints(t, "✗ test  exit code 3")
	l.Prints(t, "src/in:1:2: error: it is wrong")

	save("slow")
	s.Engine.AwaitRunning(t.Context(), 3)
	save("second")
	l.Verb(t, "wait")
	if s.Engine.Ran() != 4 {
		t.Errorf("%d commands ran", s.Engine.Ran())
	}

	save("first") // an undo
	l.Prints(t, "✓ test · passed")
	if s.Engine.Ran() != 4 {
		t.Errorf("an undo ran again")
	}

	write(t, filepath.Join(dir, "stay"), "")
	save("slow")
	s.Engine.AwaitRunning(t.Context(), 5)
	s.Stop()
	l.Prints(t, "stages run here until it is back")
	l.Verb(t, "wait")
	if copied, err := os.ReadFile(filepath.Join(dir, "made", "sub", "copy")); err != nil || string(copied) != "slow\n" {
		t.Errorf("made here: %q, %v", copied, err)
	}
	if strings.Contains(l.Printed(), secret) {
		t.Error("a header was printed")
	}
}

// TestRun: with `fallback: fail` a stage that the engine cannot run fails, with the reason and no secret in it; with
// --no-reuse it runs there each time.
func TestRun(t *testing.T) {
	t.Parallel()
	run := func(s *reapitest.Server) string {
		dir, env := projectOn(t, s.Address, "fallback: fail")
		cmd := looptest.Devloop(t, dir, "run")
		cmd.Env = append(cmd.Env, env...)
		out, err := cmd.CombinedOutput()
		if err == nil {
			t.Errorf("it passed: %s", out)
		}
		if strings.Contains(string(out), secret) {
			t.Errorf("a secret was printed: %s", out)
		}
		return string(out)
	}
	if out := run(reapitest.Start(t, reapitest.Options{Headers: map[string]string{"authorization": "Bearer another"}})); !strings.Contains(out, "the engine does not allow it") {
		t.Errorf("with another header: %s", out)
	}
	s := reapitest.Start(t, locked())
	dir, env := projectOn(t, s.Address, "fallback: fail")
	for range 2 {
		cmd := looptest.Devloop(t, dir, "run", "--no-reuse")
		cmd.Env = append(cmd.Env, env...)
		if out, err := cmd.CombinedOutput(); err != nil || strings.Contains(string(out), "reused") {
			t.Errorf("%v: %s", err, out)
		}
	}
	if s.Engine.Ran() != 2 {
		t.Errorf("with --no-reuse, %d commands ran", s.Engine.Ran())
	}
	s.Fault(reapitest.Fault{Code: codes.Unavailable})
	if out := run(s); !strings.Contains(out, "the engine cannot be used now") {
		t.Errorf("while it is away: %s", out)
	}
}
