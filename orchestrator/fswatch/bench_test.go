package fswatch

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"testing"
	"time"
)

// openBench opens a watcher on dir, and waits until it is ready.
func openBench(b *testing.B, dir string) *Watcher {
	b.Helper()
	w, err := Open(Options{Roots: []string{dir}})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { w.Close() })
	await(b, w.Ready())
	w.Take()
	return w
}

func realTemp(b testing.TB) string {
	dir, err := filepath.EvalSymlinks(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	return dir
}

// BenchmarkSync is a barrier from call to delivery, with nothing else to do.
func BenchmarkSync(b *testing.B) {
	w := openBench(b, realTemp(b))
	for token := uint64(0); b.Loop(); token++ {
		w.Sync(token)
		for {
			<-w.Wake()
			if slices.Contains(w.Take().Synced, token) {
				break
			}
		}
	}
}

// BenchmarkWake is a write in place, from before the system call until the change has been taken.
func BenchmarkWake(b *testing.B) {
	dir := realTemp(b)
	f, err := os.Create(filepath.Join(dir, "x"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	w := openBench(b, dir)
	for b.Loop() {
		if _, err := f.WriteAt([]byte("x"), 0); err != nil {
			b.Fatal(err)
		}
		for {
			<-w.Wake()
			if len(w.Take().Changes) > 0 {
				break
			}
		}
	}
}

// BenchmarkStorm rewrites 10,000 files in 100 directories and waits for all of it.
func BenchmarkStorm(b *testing.B) {
	dir := realTemp(b)
	var files []string
	for i := range 10_000 {
		file := filepath.Join(dir, fmt.Sprint("d", i%100), fmt.Sprint("f", i))
		if i < 100 {
			os.Mkdir(filepath.Dir(file), 0o777)
		}
		files = append(files, file)
		if err := os.WriteFile(file, nil, 0o666); err != nil {
			b.Fatal(err)
		}
	}
	w := openBench(b, dir)
	for token := uint64(0); b.Loop(); token++ {
		seen := 0
		for _, file := range files {
			if err := os.WriteFile(file, []byte("x"), 0o666); err != nil {
				b.Fatal(err)
			}
		}
		w.Sync(token)
		for done := false; !done; {
			<-w.Wake()
			batch := w.Take()
			seen += len(batch.Changes)
			done = slices.Contains(batch.Synced, token)
		}
		if seen < len(files) {
			b.Fatalf("%d of %d files were reported", seen, len(files))
		}
	}
}

// BenchmarkReady opens a watcher on 22,000 directories with 200,000 files; run it with -benchtime=5x or so. It
// reports the time until ready, and the memory of the process: heap in use afterwards, and resident pages.
func BenchmarkReady(b *testing.B) {
	if testing.Short() {
		b.Skip("makes a big tree")
	}
	dir := realTemp(b)
	dirs, files := 0, 0
	for i := range 20 {
		for j := range 100 {
			for k := range 11 {
				d := filepath.Join(dir, fmt.Sprintf("package%02d", i), fmt.Sprintf("module%03d", j), fmt.Sprintf("part%02d", k))
				if err := os.MkdirAll(d, 0o777); err != nil {
					b.Fatal(err)
				}
				dirs++
				for f := range 9 {
					if err := os.WriteFile(filepath.Join(d, fmt.Sprintf("source%d.go", f)), nil, 0o666); err != nil {
						b.Fatal(err)
					}
					files++
				}
			}
		}
	}
	runtime.GC()
	debug.FreeOSMemory()
	before := resident()
	var resting uint64
	for b.Loop() {
		w, err := Open(Options{Roots: []string{dir}})
		if err != nil {
			b.Fatal(err)
		}
		<-w.Ready()
		b.StopTimer()
		if s := w.Stats(); s.Unwatched > 0 {
			b.Fatalf("%d directories are not watched", s.Unwatched)
		}
		resting = resident()
		var mem runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&mem)
		b.ReportMetric(float64(mem.HeapAlloc)/(1<<20), "heap-MiB")
		b.ReportMetric(float64(w.Stats().Directories), "dirs")
		start := time.Now()
		w.Close()
		b.ReportMetric(float64(time.Since(start).Milliseconds()), "close-ms")
		b.StartTimer()
	}
	b.ReportMetric(float64(resting)/(1<<20), "RSS-MiB")
	b.ReportMetric(float64(before)/(1<<20), "RSS-before-MiB")
	b.Logf("%d leaf directories, %d files", dirs, files)
}

// resident is the memory of this process that is in RAM, in bytes; 0 where it is not known.
func resident() uint64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := bytes.Cut(text, []byte("VmRSS:"))
	fields := bytes.Fields(rest)
	if len(fields) == 0 {
		return 0
	}
	kib, _ := strconv.ParseUint(string(fields[0]), 10, 64)
	return kib << 10
}
