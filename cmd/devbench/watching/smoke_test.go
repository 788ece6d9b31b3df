package watching

import (
	"context"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"devloop/orchestrator/test/testenv"
)

// floorOnly skips where there is no floor to run.
func floorOnly(t *testing.T) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("the floor is made of inotify, which only Linux has")
	}
}

func contextThatEnds(t *testing.T) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	return ctx, cancel
}

// onWrite is a writer that calls a function whenever something is written.
type onWrite func()

func (f onWrite) Write(p []byte) (int, error) {
	f()
	return len(p), nil
}

// logWriter shows in the test's log what is written.
type logWriter struct{ t *testing.T }

func (w logWriter) Write(p []byte) (int, error) {
	w.t.Log(strings.TrimSpace(string(p)))
	return len(p), nil
}

// TestLatency runs the real thing: every save of every kind is seen by the
// floor and by devloop, and the tables say so.
func TestLatency(t *testing.T) {
	floorOnly(t)
	t.Parallel()
	var report strings.Builder
	args := []string{"-tools", "floor,devloop", "-devloop", testenv.Built(t, "devloop/cmd/devloop"), "-rounds", strconv.Itoa(testenv.Either(1, 2)), "-pause", "200ms", "-bound", "1m", "-dir", t.TempDir()}
	if err := run(t.Context(), []string{"latency"}, args, &report, logWriter{t}); err != nil {
		t.Fatal(err)
	}
	t.Logf("\n%s", report.String())
	rows := map[string]int{}
	for line := range strings.Lines(report.String()) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if len(cells) != 7 {
			continue
		}
		name, missed := strings.TrimSpace(cells[0]), strings.TrimSpace(cells[5])
		if name != "floor" && name != "**devloop**" {
			continue
		}
		rows[name]++
		if missed != "0" {
			t.Errorf("%s missed %s saves: %s", name, missed, line)
		}
	}
	for _, name := range []string{"floor", "**devloop**"} {
		if rows[name] != len(kindsOfSave) {
			t.Errorf("%s has a row in %d tables, want %d", name, rows[name], len(kindsOfSave))
		}
	}
}
