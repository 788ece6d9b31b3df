package swapping

import (
	"fmt"
	"net/http"
	"os"
	"time"

	"devloop/cmd/devbench/harness"
)

// killed kills the server behind devloop's proxy with SIGKILL while it works on
// answers, and touches the trigger: what it had begun must be asked again.
func (b *bench) killed() error {
	fmt.Fprintf(b.Stdout, "%d restarts of a server behind the proxy that is killed with SIGKILL each time, under %d clients that GET and never rest; an answer takes 50 ms:\n\n", b.kills, b.clients)
	b.Progress("killed …")
	one, err := b.kill()
	if err != nil {
		return err
	}
	var t harness.Table
	t.Row("", "kills", "requests", "refused", "failed", "median, ms", "p99, ms", "slowest, ms", "bar", "kept")
	t.Row(one.name, fmt.Sprint(one.restarts), fmt.Sprint(one.requests()), fmt.Sprint(one.refused), fmt.Sprint(one.failed),
		harness.Millis(harness.Median(one.took)), harness.Millis(harness.Quantile(one.took, 0.99)), harness.Millis(harness.Greatest(one.took)), "0 failed", harness.Kept(one.refused+one.failed == 0))
	if err := t.Write(b.Stdout); err != nil {
		return err
	}
	b.mistakes([]swap{one})
	return nil
}

func (b *bench) kill() (swap, error) {
	// The touch may come before or after devloop has seen the end, and either may
	// lead to a start of its own.
	p := plan{via: "proxy", delay: 50 * time.Millisecond, mayStartTwice: true, process: []string{
		"restart: always",
		"backoff: {initial: 10ms, max: 100ms, give_up: 0}",
	}}
	return b.underLoad(swap{name: "devloop, proxy, SIGKILL", restarts: b.kills}, p, http.MethodGet, func(s *session) error {
		return b.times(b.kills, func() error {
			before := s.started()
			g := s.generation(before - 1)
			server, err := os.FindProcess(g.pid)
			if err != nil {
				return fmt.Errorf("find version %d (pid %d): %w", g.version, g.pid, err)
			}
			_ = server.Kill() // should it be the second of two starts that are one too many, it has ended
			if err := s.touch(); err != nil {
				return err
			}
			_, err = s.wait(b.Ctx, before, "become ready", isReady)
			return err
		})
	})
}
