package swapping

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"time"

	"devloop/cmd/devbench/harness"
)

// slack is what a restart may add to the server's own drain and start.
const slack = 50 * time.Millisecond

// A swap is what clients saw of one way to replace a server.
type swap struct {
	name     string
	restarts int
	answers
	bar  string
	kept string
}

// bareSwap is the least: a supervisor that holds a socket, waits for the old
// server's end and starts the new one.
type bareSwap struct {
	swap
	drains, starts []time.Duration
}

// restarts replaces a healthy server again and again under clients that never rest.
func (b *bench) restarts() error {
	fmt.Fprintf(b.Stdout, "%d restarts, one in %v, under %d clients that never rest, half of them on fresh connections; each POSTs a body that cannot be sent again to a handler that takes %v:\n\n", b.settings.restarts, b.period, b.clients, b.delay)
	b.Progress("restarts: the server by itself …")
	bare, err := b.bare()
	if err != nil {
		return err
	}
	rows := []swap{bare.swap}
	bar := harness.Greatest(bare.drains) + harness.Greatest(bare.starts) + slack
	for _, via := range b.via {
		b.Progress("restarts: %s, no restarts …", via)
		unchanged, err := b.replace(via, "", 0)
		if err != nil {
			return err
		}
		rows = append(rows, unchanged)
		for _, update := range b.update {
			b.Progress("restarts: %s, %s …", via, update)
			one, err := b.replace(via, update, b.settings.restarts)
			if err != nil {
				return err
			}
			slowest, p99 := harness.Greatest(one.took), harness.Quantile(one.took, 0.99)
			switch {
			case via == "proxy":
				one.bar, one.kept = "0 refused, 0 failed", harness.Kept(one.refused+one.failed == 0)
			case update == "stop-first":
				one.bar = fmt.Sprintf("0 refused, slowest %s ms", harness.Millis(bar))
				one.kept = harness.Kept(one.refused == 0 && slowest <= bar)
			default:
				most, twice := b.delay+slack, 2*harness.Quantile(unchanged.took, 0.99)
				one.bar = fmt.Sprintf("0 refused, slowest %s ms, p99 %s ms", harness.Millis(most), harness.Millis(twice))
				one.kept = harness.Kept(one.refused == 0 && slowest <= most && p99 <= twice)
			}
			rows = append(rows, one)
		}
	}
	var t harness.Table
	t.Row("", "restarts", "requests", "refused", "failed", "median, ms", "p99, ms", "slowest, ms", "bar", "kept")
	for _, r := range rows {
		bar, kept := r.bar, r.kept
		if bar == "" {
			bar, kept = harness.None, harness.None
		}
		t.Row(r.name, fmt.Sprint(r.restarts), fmt.Sprint(r.requests()), fmt.Sprint(r.refused), fmt.Sprint(r.failed),
			harness.Millis(harness.Median(r.took)), harness.Millis(harness.Quantile(r.took, 0.99)), harness.Millis(harness.Greatest(r.took)), bar, kept)
	}
	if err := t.Write(b.Stdout); err != nil {
		return err
	}
	fmt.Fprintf(b.Stdout, "The server by itself, under the same clients: its start took %s ms (median; slowest %s), its drain %s ms (slowest %s). The bar of stop-first is the slowest of both and %v.\n\n",
		harness.Millis(harness.Median(bare.starts)), harness.Millis(harness.Greatest(bare.starts)), harness.Millis(harness.Median(bare.drains)), harness.Millis(harness.Greatest(bare.drains)), slack)
	b.mistakes(rows)
	return nil
}

// mistakes prints what failed requests failed with.
func (b *bench) mistakes(rows []swap) {
	for _, r := range rows {
		for _, e := range slices.Sorted(maps.Keys(r.errors)) {
			fmt.Fprintf(b.Stdout, "- %s: %d × %s\n", r.name, r.errors[e], e)
		}
	}
	fmt.Fprintln(b.Stdout)
}

// replace runs one case; an update of "" is one without restarts.
func (b *bench) replace(via, update string, times int) (swap, error) {
	one := swap{name: "devloop, " + via + ", " + update, restarts: times}
	p := plan{via: via, update: update, delay: b.delay}
	switch update {
	case "":
		one.name += "no restarts"
	case "start-first":
		p.process = []string{"ready: notify"}
	}
	return b.underLoad(one, p, http.MethodPost, func(s *session) error {
		return b.times(times, func() error {
			next := s.started()
			if err := s.touch(); err != nil {
				return err
			}
			_, err := s.wait(b.Ctx, next, "become ready", isReady)
			return err
		})
	})
}

// underLoad does something to the server of a session while clients ask it, and
// adds what they saw. There is one start for each restart, and the first.
func (b *bench) underLoad(one swap, p plan, method string, do func(*session) error) (_ swap, err error) {
	s, err := b.start(p)
	if err != nil {
		return one, fmt.Errorf("%s: %w", one.name, err)
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	if _, err := s.wait(b.Ctx, 0, "become ready", isReady); err != nil {
		return one, fmt.Errorf("%s: %w", one.name, err)
	}
	l := b.load(s.url, method)
	err = do(s)
	one.answers = l.stop()
	if extra := s.started() - one.restarts - 1; err == nil && extra != 0 && !p.mayStartTwice {
		err = fmt.Errorf("%d starts too many", extra)
	}
	if err != nil {
		return one, fmt.Errorf("%s: %w; devloop printed:\n%s", one.name, err, s.said())
	}
	return one, nil
}

// times calls f so often, once in a period, and lets the last one's effects
// show for another second; without any calls it waits as long as `-calm` says.
func (b *bench) times(n int, f func() error) error {
	if n == 0 {
		return b.Pause(b.quiet)
	}
	next := time.Now()
	for range n {
		next = next.Add(b.period)
		// However late it is: files that change while a server starts would
		// look as if it changed them itself.
		if soonest := time.Now().Add(b.period / 2); next.Before(soonest) {
			next = soonest
		}
		if err := b.Pause(time.Until(next)); err != nil {
			return err
		}
		if err := f(); err != nil {
			return err
		}
	}
	return b.Pause(time.Second)
}

// bare is the same without devloop.
func (b *bench) bare() (one bareSwap, err error) {
	one = bareSwap{swap: swap{name: "bare supervisor, stop-first", restarts: b.settings.restarts}}
	dir, err := b.fresh("bare")
	if err != nil {
		return one, err
	}
	d, err := newDirector(dir)
	if err != nil {
		return one, err
	}
	defer d.close()
	h, err := hold()
	if err != nil {
		return one, err
	}
	defer h.close()
	env := []string{directorEnv + "=" + d.path, delayEnv + "=" + b.delay.String()}
	start := func() (*exec.Cmd, error) {
		next := d.started()
		began := time.Now()
		cmd, err := h.start(env, b.Self, "__server")
		if err != nil {
			return nil, err
		}
		g, err := d.wait(b.Ctx, next, "become ready", isReady)
		if err != nil {
			return cmd, err
		}
		one.starts = append(one.starts, g.ready.Sub(began))
		return cmd, nil
	}
	var cmd *exec.Cmd
	end := func() {
		if cmd == nil {
			return
		}
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended
		_ = cmd.Wait()                          // it was told to end
		cmd = nil
	}
	if cmd, err = start(); err != nil {
		return one, err
	}
	l := b.load(h.url(), http.MethodPost)
	err = b.times(b.settings.restarts, func() (err error) {
		began := time.Now()
		end()
		one.drains = append(one.drains, time.Since(began))
		cmd, err = start()
		return err
	})
	one.answers = l.stop()
	end()
	return one, err
}

// A holder holds a socket for servers that are started one after the other.
type holder struct {
	listener *net.TCPListener // nobody accepts on it here
	file     *os.File
}

func hold() (*holder, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("hold a socket: %w", err)
	}
	h := &holder{listener: l.(*net.TCPListener)}
	if h.file, err = h.listener.File(); err != nil {
		l.Close()
		return nil, fmt.Errorf("hold a socket: %w", err)
	}
	return h, nil
}

func (h *holder) url() string { return "http://" + h.listener.Addr().String() + "/" }

func (h *holder) close() {
	h.file.Close()
	h.listener.Close() //nolint:errcheck // nothing was written to it
}

// start starts a server, which gets the socket as descriptor 3.
func (h *holder) start(env []string, command ...string) (*exec.Cmd, error) {
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Env = append(os.Environ(), "LISTEN_FDS=1")
	cmd.Env = append(cmd.Env, env...)
	cmd.ExtraFiles = []*os.File{h.file}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", command[0], err)
	}
	return cmd, nil
}
