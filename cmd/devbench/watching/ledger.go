package watching

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"
)

// A ledger holds what the measured commands report of themselves: each run's
// start and end, by the tag of the session that it belongs to. Its methods may
// be called by several goroutines.
type ledger struct {
	path string
	conn *net.UnixConn
	done chan struct{} // closed when the reader has ended

	mu   sync.Mutex
	runs map[string][]ran
	news chan struct{} // closed and made anew with every report
}

// ran is one run of the measured command.
type ran struct {
	pid        int
	start, end instant // end is 0 while it goes on, and for ever if it was cancelled
}

// openLedger listens at path. The caller closes the ledger.
func openLedger(path string) (*ledger, error) {
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		return nil, fmt.Errorf("listen for reports: %w", err)
	}
	l := &ledger{path: path, conn: conn, done: make(chan struct{}), runs: map[string][]ran{}, news: make(chan struct{})}
	go l.read()
	return l, nil
}

func (l *ledger) close() error {
	err := l.conn.Close()
	<-l.done
	return err
}

func (l *ledger) read() {
	defer close(l.done)
	buf := make([]byte, 256)
	for {
		n, err := l.conn.Read(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue
		}
		if tag, what, pid, at, err := parseReport(string(buf[:n])); err == nil {
			l.take(tag, what, pid, at)
		}
	}
}

// parseReport takes a helper's datagram apart: TAG start|end PID NANOSECONDS.
func parseReport(text string) (tag, what string, pid int, at instant, err error) {
	if n, scanErr := fmt.Sscanf(text, "%s %s %d %d", &tag, &what, &pid, &at); scanErr != nil || n != 4 || what != "start" && what != "end" {
		return "", "", 0, 0, fmt.Errorf("read report %q: it is not TAG start|end PID NANOSECONDS", strings.TrimSpace(text))
	}
	return tag, what, pid, at, nil
}

func (l *ledger) take(tag, what string, pid int, at instant) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if what == "start" {
		l.runs[tag] = append(l.runs[tag], ran{pid: pid, start: at})
	} else {
		// The newest run with this pid: the kernel uses pids again.
		runs := l.runs[tag]
		for i := len(runs) - 1; i >= 0; i-- {
			if runs[i].pid == pid {
				runs[i].end = at
				break
			}
		}
	}
	close(l.news)
	l.news = make(chan struct{})
}

// all is every run of a tag so far, in the order in which they were heard of.
func (l *ledger) all(tag string) []ran {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]ran(nil), l.runs[tag]...)
}

// wait waits for a run of the tag that starts at or after from, until none can
// come any more: the bound has passed, or gone is closed.
func (l *ledger) wait(tag string, from instant, bound time.Duration, gone <-chan struct{}) (ran, bool) {
	timer := time.NewTimer(bound)
	defer timer.Stop()
	for {
		l.mu.Lock()
		news := l.news
		for _, r := range l.runs[tag] {
			if r.start >= from {
				l.mu.Unlock()
				return r, true
			}
		}
		l.mu.Unlock()
		select {
		case <-news:
		case <-timer.C:
			return ran{}, false
		case <-gone:
			return ran{}, false
		}
	}
}

// waitQuiet waits until nothing has been heard of the tag for the time quiet and no
// run is under way (one that has not ended hold after its start was cancelled),
// at most for bound. It tells whether it was.
func (l *ledger) waitQuiet(tag string, hold, quiet, bound time.Duration, gone <-chan struct{}) bool {
	deadline := time.NewTimer(bound)
	defer deadline.Stop()
	for {
		l.mu.Lock()
		news := l.news
		var last, busy instant
		for _, r := range l.runs[tag] {
			last = max(last, r.start, r.end)
			if r.end == 0 {
				busy = max(busy, r.start.add(hold))
			}
		}
		l.mu.Unlock()
		rest := max(last.add(quiet), busy).sub(now())
		if last == 0 || rest <= 0 {
			return true
		}
		timer := time.NewTimer(rest)
		select {
		case <-news:
		case <-timer.C:
		case <-deadline.C:
			timer.Stop()
			return false
		case <-gone:
			timer.Stop()
			return false
		}
		timer.Stop()
	}
}
