package swapping

import (
	"errors"
	"fmt"
	"net/http"

	"devloop/cmd/devbench/harness"
)

// bad offers versions that crash at start or are never ready to start-first:
// the old one must go on answering.
func (b *bench) bad() error {
	fmt.Fprintf(b.Stdout, "%d versions in a row that crash at start or hang and are never ready (`ready.timeout: 1s`), by turns, under `start-first` and %d clients that POST and never rest:\n\n", b.settings.bad, b.clients)
	var rows []swap
	for _, via := range b.via {
		b.Progress("bad: %s …", via)
		one, err := b.offer(via)
		if err != nil {
			return err
		}
		rows = append(rows, one)
	}
	var t harness.Table
	t.Row("", "bad versions", "requests", "refused", "failed", "answered by another version", "slowest, ms", "bar", "kept")
	for _, r := range rows {
		others := len(r.took) - r.versions[0]
		t.Row(r.name, fmt.Sprint(r.restarts), fmt.Sprint(r.requests()), fmt.Sprint(r.refused), fmt.Sprint(r.failed), fmt.Sprint(others),
			harness.Millis(harness.Greatest(r.took)), "0 failed, all by the old one", harness.Kept(r.refused+r.failed+others == 0))
	}
	if err := t.Write(b.Stdout); err != nil {
		return err
	}
	b.mistakes(rows)
	return nil
}

func (b *bench) offer(via string) (swap, error) {
	one := swap{name: "devloop, " + via + ", start-first", restarts: b.settings.bad}
	p := plan{via: via, update: "start-first", delay: b.delay, process: []string{"ready: {notify: true, timeout: 1s}"}}
	return b.underLoad(one, p, http.MethodPost, func(s *session) error {
		for i := range b.settings.bad {
			next := s.started()
			s.next([]string{crash, hang}[i%2])
			if err := s.touch(); err != nil {
				return err
			}
			if _, err := s.wait(b.Ctx, next, "ended", isEnded); err != nil {
				return err
			}
			if err := b.Pause(b.period); err != nil { // until devloop has settled
				return err
			}
		}
		if isEnded(s.generation(0)) {
			return errors.New("the old version has ended")
		}
		return nil
	})
}
