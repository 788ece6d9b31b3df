package swapping

import (
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"devloop/orchestrator/test/testenv"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if done, code := Part.Help(os.Args[1:]); done { // devloop starts this binary as the server
		os.Exit(code)
	}
	goleak.VerifyTestMain(m)
}

// Every part that needs no other program runs, in small, and nobody is refused.
func TestRun(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("sockets are handed over on Unix only")
	}
	var out, progress strings.Builder
	err := run(t.Context(), []string{"restarts", "burst"}, []string{"-devloop", testenv.Built(t, "devloop/cmd/devloop"), "-via", "inherit", "-update", "stop-first",
		"-servers", "go", "-restarts", "2", "-calm", "100ms", "-clients", "2", "-bursts", "1", "-held", "20", "-gap", "100ms"}, &out, &progress)
	if err != nil {
		t.Fatalf("%v\n%s%s", err, out.String(), progress.String())
	}
	for _, row := range []string{"| bare supervisor, stop-first | 2 | ", "| devloop, inherit, stop-first | 2 | ", "| go | 1 | 0 | "} {
		if !strings.Contains(out.String(), row) {
			t.Errorf("no row begins with %q:\n%s", row, out.String())
		}
	}
	for line := range strings.Lines(out.String()) {
		if strings.HasPrefix(line, "| devloop") && strings.Split(line, " | ")[3] != "0" {
			t.Errorf("somebody was refused: %s", line)
		}
	}
}

func TestMistakes(t *testing.T) {
	for args, want := range map[string]string{
		"-via tunnel":    "-via tunnel: it is one of inherit, proxy",
		"-restarts 0":    "-restarts 0: it is from 1 to 10000",
		"-clients 99999": "-clients 99999: it is from 1 to 10000",
		"more":           `unexpected argument "more"`,
	} {
		var out strings.Builder
		if err := run(t.Context(), verbs, strings.Fields(args), &out, &out); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", args, err, want)
		}
	}
}

func TestReadWrk(t *testing.T) {
	const out = `Running 3s test @ http://127.0.0.1:8080/
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.19ms  820.06us  15.56ms   91.35%
    Req/Sec    55.77k     4.59k   60.13k    86.67%
  Latency Distribution
     50%    1.05ms
     75%    1.26ms
     90%    1.77ms
     99%  870.00us
  166419 requests in 3.00s, 181.42MB read
Requests/sec:  55437.12
Transfer/sec:     60.43MB
`
	want := measured{1050 * time.Microsecond, 870 * time.Microsecond, 55437.12}
	if got, err := readWrk(out); err != nil || got != want {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
	for _, bad := range []string{"", out + "  Non-2xx or 3xx responses: 12\n", out + "  Socket errors: connect 0, read 3, write 0, timeout 0\n"} {
		if got, err := readWrk(bad); err == nil {
			t.Errorf("got %v from %q", got, bad)
		}
	}
}
