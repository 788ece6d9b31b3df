package watching

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"devloop/cmd/devbench/harness"
)

// watched is a session with the saves that were made for it.
type watched struct {
	*session
	saves [][]saved // by kind, in the order of kindsOfSave
	began []instant // of all saves, in order
	next  instant   // no save before this
}

// awake starts a tool on a small project and waits until it acts on saves.
func (b *bench) awake(t *tool, p project, hold time.Duration) (*session, error) {
	s, err := b.start(t, p, hold)
	if err != nil {
		return nil, err
	}
	for range 20 {
		one, err := inPlace(anyOf(p.files))
		if err != nil {
			return s, err
		}
		if _, ok := b.ledger.wait(s.tag, one.began, 1500*time.Millisecond, s.Gone); ok {
			return s, nil
		}
		if err := b.Ctx.Err(); err != nil || s.Ended() {
			return s, errors.Join(err, fmt.Errorf("%s ended: %s", t.name, s.OneLine()))
		}
	}
	return s, fmt.Errorf("%s acts on no save: %s", t.name, s.OneLine())
}

// wakeAll starts every tool that takes part, each on a small project of its
// own. A tool that does not come to life is told of, and left out.
func (b *bench) wakeAll(part string) (all []*session, stop func(), err error) {
	stop = func() {
		for _, s := range all {
			s.stop()
		}
	}
	for _, t := range b.tools {
		if !t.takesPart(part) {
			continue
		}
		p, err := makeProject(b.Dir, part+"-"+t.name, smallShape)
		if err != nil {
			return all, stop, err
		}
		s, err := b.awake(t, p, 0)
		if b.Ctx.Err() != nil {
			err = b.Ctx.Err()
			if s != nil {
				s.stop()
			}
			return all, stop, err
		}
		if err != nil {
			if s != nil {
				s.stop()
			}
			b.Progress("%s is left out of %s: %v", t.name, part, err)
			continue
		}
		all = append(all, s)
	}
	return all, stop, nil
}

// latency measures from a save to the start of the command. All tools run at
// once, each on a tree of its own, and saves are made for one at a time.
func (b *bench) latency() error {
	sessions, stop, err := b.wakeAll("latency")
	defer stop()
	if err != nil {
		return err
	}
	var all []*watched
	for _, s := range sessions {
		all = append(all, &watched{session: s, saves: make([][]saved, len(kindsOfSave))})
	}
	if err := b.Pause(2 * time.Second); err != nil { // what the first saves still cause
		return err
	}
	for round := range b.rounds {
		for _, kind := range rand.Perm(len(kindsOfSave)) {
			for _, w := range shuffled(all) {
				if err := b.saveFor(w, kind); err != nil {
					return err
				}
			}
		}
		b.Progress("latency: round %d of %d", round+1, b.rounds)
	}
	if err := b.Pause(2 * time.Second); err != nil {
		return err
	}
	return b.latencyTables(all)
}

// saveFor makes one save when it is the tool's time, and waits for its run.
func (b *bench) saveFor(w *watched, kind int) error {
	if err := b.Pause(w.next.sub(now())); err != nil {
		return err
	}
	one, err := kindsOfSave[kind].save(b, w.project)
	if err != nil {
		return err
	}
	w.saves[kind] = append(w.saves[kind], one)
	w.began = append(w.began, one.began)
	b.ledger.wait(w.tag, one.last, b.bound, w.Gone)
	// A moment without anybody's run, so that nobody is measured beside another.
	if err := b.Pause(30 * time.Millisecond); err != nil {
		return err
	}
	w.next = now().add(b.pause + time.Duration(rand.Int64N(int64(b.pause)/3+1)))
	return nil
}

// reaction is what a tool did upon the saves of one kind.
type reaction struct {
	took   []time.Duration // from the last step of a save to the first run that saw it
	missed int             // saves that no run has seen
	extra  int             // runs beside the one that was wanted
}

// reaction works out what the tool did upon the saves of one kind.
func (b *bench) reaction(w *watched, kind int) reaction {
	return reactions(w.saves[kind], w.began, b.ledger.all(w.tag), b.bound)
}

// reactions compares saves with runs. Runs belong to the save before them;
// began holds the beginnings of all saves, in order, and bound is how long a
// run may take to come.
func reactions(saves []saved, began []instant, runs []ran, bound time.Duration) reaction {
	var r reaction
	for _, s := range saves {
		until := instant(1<<63 - 1)
		for _, next := range began {
			if next > s.began {
				until = next
				break
			}
		}
		seen, count := instant(0), 0
		for _, run := range runs {
			if run.start < s.began || run.start >= until {
				continue
			}
			count++
			if run.start >= s.last && (seen == 0 || run.start < seen) {
				seen = run.start
			}
		}
		if seen == 0 || seen.sub(s.last) > bound {
			r.missed++
			r.extra += count
			continue
		}
		r.took = append(r.took, seen.sub(s.last))
		r.extra += count - 1
	}
	return r
}

func (b *bench) latencyTables(all []*watched) error {
	var floors []*watched
	for _, w := range all {
		if w.tool.name == "floor" {
			floors = append(floors, w)
		}
	}
	for kind, k := range kindsOfSave {
		var base time.Duration
		for _, f := range floors {
			base = harness.Median(b.reaction(f, kind).took)
		}
		fmt.Fprintf(b.Stdout, "Save → command start, %s (%s), %d saves for each tool:\n\n", k.name, k.does, b.rounds)
		var t harness.Table
		t.Row("", "median, ms", "p90, ms", "over the floor, ms", "times the floor", "missed", "extra runs")
		for _, w := range all {
			r := b.reaction(w, kind)
			middle, ok := harness.Median(r.took), len(r.took) > 0
			if !ok {
				t.Row(w.tool.label(), harness.None, harness.None, harness.None, harness.None, fmt.Sprint(r.missed), fmt.Sprint(r.extra))
				continue
			}
			p90 := harness.Quantile(r.took, 0.9)
			over, times := harness.None, harness.None
			if base > 0 {
				over, times = harness.Millis(middle-base), harness.Ratio(middle, base)
			}
			t.Row(w.tool.label(), harness.Millis(middle), harness.Millis(p90), over, times, fmt.Sprint(r.missed), fmt.Sprint(r.extra))
		}
		if err := t.Write(b.Stdout); err != nil {
			return err
		}
	}
	return nil
}
