// Package output measures how fast the output of commands goes through devloop,
// beside a bare pipe in the same run. It never measures anything but whole
// processes, from outside.
package output

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"syscall"
	"time"

	"devloop/cmd/devbench/harness"
)

// patience is how long one measurement may take.
const patience = 2 * time.Minute

// Part is what can be measured.
var Part = harness.Part{Verbs: []string{"output"}, Run: run, Helpers: map[string]func([]string) error{"__write": write}}

// write is the child whose output goes through: it writes KIND AMOUNT, the same
// each time.
func write(args []string) error {
	if len(args) != 2 {
		return errors.New("usage: __write KIND AMOUNT")
	}
	n, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	switch args[0] {
	case "long":
		_, err = longLines(os.Stdout, n)
	case "paced":
		err = pacedLines(os.Stdout, n)
	default:
		err = shortLines(os.Stdout, n)
	}
	if err != nil {
		return err
	}
	// An end would be told on the screen, and a restart begun: it waits.
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGTERM, os.Interrupt)
	<-told
	return nil
}

// run measures; args are the flags.
func run(ctx context.Context, _, args []string, stdout, stderr io.Writer) (err error) {
	f := harness.NewFlags(stderr, "output")
	var (
		rounds = f.Int("rounds", 7, "how often each is measured; medians are printed")
		mb     = f.Int("mb", 300, "megabytes of long lines in one measurement")
		short  = f.Int("lines", 1_000_000, "short lines of each of four children")
		flood  = f.Int("seconds", 10, "how long 10,000 lines a second go to a terminal")
	)
	if err := f.Parse(args); err != nil {
		return err
	}
	if *rounds < 1 || *mb < 1 || *short < 1 || *flood < 1 {
		return errors.New("-rounds, -mb, -lines and -seconds must be at least 1")
	}
	b := &bench{}
	if b.Bench, err = f.Begin(ctx, "", stdout, stderr); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	return errors.Join(b.longTable(*mb, *rounds), b.shortTable(*short, *rounds), b.screenTable(*flood))
}

var errChanged = errors.New("what arrived is not what was written")

func (b *bench) longTable(mb, rounds int) error {
	want, err := expect(mb)
	if err != nil {
		return err
	}
	fmt.Fprintf(b.Stdout, "%d MB of lines, median of %d rounds:\n\n", mb, rounds)
	var t harness.Table
	t.Row("pipe to the reader", "bare, MB/s", "through devloop, MB/s", "ratio", "lowest … highest ratio", "peak memory, MiB", "lines missing", "same hash")
	bad := false
	for _, size := range []int{0, 1 << 20} {
		var bare, through, ratio, peak []float64
		for range rounds {
			a, err := b.long(false, size, mb, nil)
			if err != nil {
				return err
			}
			c, err := b.long(true, size, mb, nil)
			if err != nil {
				return err
			}
			x, y := float64(want.bytes)/1e6/a.took.Seconds(), float64(want.bytes)/1e6/c.took.Seconds()
			bare, through, ratio, peak = append(bare, x), append(through, y), append(ratio, 100*y/x), append(peak, c.peak)
		}
		got := newTally() // hashing takes time, so this round is not timed
		if _, err := b.long(true, size, mb, got); err != nil {
			return err
		}
		same := got.sum() == want.sum
		bad = bad || !same || got.lines != want.lines
		name := "default"
		if size > 0 {
			name = "1 MiB"
		}
		t.Row(name, whole(harness.Median(bare)), whole(harness.Median(through)), whole(harness.Median(ratio))+" %",
			whole(slices.Min(ratio))+" … "+whole(slices.Max(ratio))+" %", whole(slices.Max(peak)), strconv.Itoa(want.lines-got.lines), strconv.FormatBool(same))
	}
	err = t.Write(b.Stdout)
	if bad {
		err = errors.Join(err, errChanged)
	}
	return err
}

func (b *bench) shortTable(short, rounds int) error {
	fmt.Fprintf(b.Stdout, "%d short lines of each of four children at once:\n\n", short)
	var t harness.Table
	t.Row("lines a second, median", "lowest … highest", "peak memory, MiB", "lines missing or out of order")
	var rate, peak []float64
	wrong := 0
	for range rounds {
		r, err := b.short(short)
		if err != nil {
			return err
		}
		rate, peak, wrong = append(rate, float64(4*short)/r.took.Seconds()), append(peak, r.peak), wrong+r.wrong
	}
	t.Row(whole(harness.Median(rate)), whole(slices.Min(rate))+" … "+whole(slices.Max(rate)), whole(slices.Max(peak)), strconv.Itoa(wrong))
	err := t.Write(b.Stdout)
	if wrong > 0 {
		err = errors.Join(err, errChanged)
	}
	return err
}

func whole(v float64) string { return strconv.FormatFloat(v, 'f', 0, 64) }
