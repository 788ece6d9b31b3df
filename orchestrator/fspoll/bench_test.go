//go:build linux || darwin || freebsd

package fspoll

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// bigTree makes 2,000 directories with 20,000 files.
func bigTree(b *testing.B) string {
	dir := b.TempDir()
	for i := range 40 {
		for j := range 50 {
			sub := filepath.Join(dir, fmt.Sprintf("package%02d", i), fmt.Sprintf("part%02d", j))
			if err := os.MkdirAll(sub, 0o777); err != nil {
				b.Fatal(err)
			}
			for k := range 10 {
				if err := os.WriteFile(filepath.Join(sub, fmt.Sprintf("source%d.go", k)), nil, 0o666); err != nil {
					b.Fatal(err)
				}
			}
		}
	}
	return dir
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// processTime is what all threads have used of a core.
func processTime(b *testing.B) time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &ts); err != nil {
		b.Fatal(err)
	}
	return time.Duration(ts.Nano())
}

func BenchmarkBigTree(b *testing.B) {
	dir := bigTree(b)
	now := time.Now().Add(time.Hour)
	before := heap()
	w, err := newWatcher(Options{Roots: []string{dir}})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { w.ask.close() })
	b.Run("first scan", func(b *testing.B) {
		for b.Loop() {
			w.ask.close()
			if w, err = newWatcher(Options{Roots: []string{dir}}); err != nil {
				b.Fatal(err)
			}
			w.tick(now)
		}
		b.ReportMetric(float64(heap()-before)/float64(w.files), "B/file")
	})
	b.Run("full look", func(b *testing.B) {
		for b.Loop() {
			w.Sync(1)
			w.tick(now)
			w.Take()
		}
	})
	b.Run("idle", func(b *testing.B) {
		var simulated time.Duration
		began := processTime(b)
		for b.Loop() {
			pause := w.tick(now)
			now = now.Add(pause)
			simulated += pause
		}
		cpu := processTime(b) - began
		b.ReportMetric(100*float64(cpu)/float64(simulated), "%core")
		b.ReportMetric(w.Stats().Interval.Seconds(), "s-interval")
	})
}
