// Command pipebench measures how fast the output of commands goes through
// devloop, beside a bare pipe in the same run, and prints Markdown tables. It
// never measures anything but whole processes, from outside.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"
)

// patience is how long one measurement may take.
const patience = 2 * time.Minute

func main() {
	if len(os.Args) == 4 && os.Args[1] == "__write" {
		write(os.Args[2], os.Args[3])
		return
	}
	var (
		binary = flag.String("devloop", "", "the devloop to measure (default: built from this repository)")
		rounds = flag.Int("rounds", 7, "how often each is measured; medians are printed")
		mb     = flag.Int("mb", 300, "megabytes of long lines in one measurement")
		short  = flag.Int("lines", 1_000_000, "short lines of each of four children")
	)
	flag.Parse()
	if *rounds < 1 || *mb < 1 || *short < 1 {
		fmt.Fprintln(os.Stderr, "pipebench: -rounds, -mb and -lines are no less than 1")
		os.Exit(2)
	}
	if err := run(*binary, *rounds, *mb, *short); err != nil {
		fmt.Fprintln(os.Stderr, "pipebench:", err)
		os.Exit(1)
	}
}

// write is the child: what it writes is the same each time.
func write(kind, amount string) {
	n, err := strconv.Atoi(amount)
	if err != nil {
		fmt.Fprintln(os.Stderr, "pipebench:", err)
		os.Exit(2)
	}
	if kind == "long" {
		_, err = longLines(os.Stdout, n)
	} else {
		err = shortLines(os.Stdout, n)
	}
	if err != nil {
		os.Exit(1)
	}
	// An end would be told on the screen, and a restart begun: it waits.
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGTERM, os.Interrupt)
	<-told
}

func run(binary string, rounds, mb, short int) error {
	dir, err := os.MkdirTemp("", "pipebench-*")
	if err != nil {
		return fmt.Errorf("make directory: %w", err)
	}
	defer os.RemoveAll(dir)
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find program: %w", err)
	}
	if binary == "" {
		binary = filepath.Join(dir, "devloop")
		if out, err := exec.Command("go", "build", "-o", binary, "devloop/cmd/devloop").CombinedOutput(); err != nil {
			return fmt.Errorf("build devloop: %w\n%s", err, out)
		}
	} else if binary, err = filepath.Abs(binary); err != nil {
		return fmt.Errorf("find devloop: %w", err)
	}
	want, err := expect(mb)
	if err != nil {
		return err
	}
	b := &bench{dir: dir, self: self, devloop: binary}
	fmt.Printf("%d MB of lines, median of %d rounds:\n\n", mb, rounds)
	fmt.Println("| pipe to the reader | bare, MB/s | through devloop, MB/s | ratio | lowest … highest ratio | peak memory, MiB | lines missing | same hash |")
	fmt.Println("|---|---|---|---|---|---|---|---|")
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
			bare, through, ratio, peak = append(bare, x), append(through, y), append(ratio, y/x), append(peak, c.peak)
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
		fmt.Printf("| %s | %.0f | %.0f | %.0f %% | %.0f … %.0f %% | %.0f | %d | %v |\n", name, median(bare), median(through),
			100*median(ratio), 100*slices.Min(ratio), 100*slices.Max(ratio), slices.Max(peak), want.lines-got.lines, same)
	}
	fmt.Printf("\n%d short lines of each of four children at once:\n\n", short)
	fmt.Println("| lines a second, median | lowest … highest | peak memory, MiB | lines missing or out of order |")
	fmt.Println("|---|---|---|---|")
	var rate, peak []float64
	wrong := 0
	for range rounds {
		r, err := b.short(short)
		if err != nil {
			return err
		}
		rate, peak, wrong = append(rate, float64(4*short)/r.took.Seconds()), append(peak, r.peak), wrong+r.wrong
	}
	fmt.Printf("| %.0f | %.0f … %.0f | %.0f | %d |\n", median(rate), slices.Min(rate), slices.Max(rate), slices.Max(peak), wrong)
	if bad || wrong > 0 {
		return errors.New("what arrived is not what was written")
	}
	return nil
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}
