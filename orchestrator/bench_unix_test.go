//go:build unix

package orchestrator_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"devloop/orchestrator"
)

// What devloop promises about time is printed here and asserted nowhere:
//
//	go test ./orchestrator -run '^$' -bench . -benchtime 20x

// pause stands between two saves, as people make them: quicker ones are one
// burst, which settles more slowly.
const pause = 400 * time.Millisecond

// BenchmarkSaveToPage measures from a save to the first answer of the new
// version, and beside it the same commands by themselves: the stages, and the
// bare start of the server until it answers. The rest is devloop's.
func BenchmarkSaveToPage(b *testing.B) {
	p := start(b, map[string]string{
		"devloop.yaml": seedRecipe + server("    watch: .trigger\n"),
		"src/main":     "0",
	}, orchestrator.Options{})
	url := p.url()
	p.page(url)
	p.screen.wait(b, `server\s*\| ✓ ready`)
	bare := newBareServer(b, p.dir)
	var all, commands []time.Duration
	version := 0
	for b.Loop() {
		version++
		text := fmt.Sprint(version)
		<-time.After(pause)
		began := time.Now()
		p.write("src/main", text)
		for p.page(url) != text {
		}
		all = append(all, time.Since(began))
		p.screen.wait(b, `server\s*\| ✓ ready`)
		commands = append(commands, bare.cycle(b))
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(all), "save-to-page-ms")
	b.ReportMetric(median(commands), "commands-ms")
	var rest []time.Duration
	for i := range all {
		rest = append(rest, all[i]-commands[i])
	}
	b.ReportMetric(median(rest), "devloop-ms")
	p.end(0)
}

// BenchmarkSwap restarts a server that drains, under 50 fresh connections a
// second, and counts what a client sees of it.
func BenchmarkSwap(b *testing.B) {
	p := start(b, map[string]string{
		"devloop.yaml": seedRecipe + server("    watch: .trigger\n"),
		"src/main":     "0",
	}, orchestrator.Options{})
	url := p.url()
	p.page(url)
	p.screen.wait(b, `server\s*\| ✓ ready`)
	var (
		mu       sync.Mutex
		took     []time.Duration
		failed   int
		requests sync.WaitGroup
	)
	stop := make(chan struct{})
	requests.Go(func() {
		every := time.NewTicker(time.Second / 50)
		defer every.Stop()
		for {
			select {
			case <-stop:
				return
			case <-every.C:
			}
			requests.Go(func() {
				began := time.Now()
				_, err := get(url)
				mu.Lock()
				defer mu.Unlock()
				took = append(took, time.Since(began))
				if err != nil {
					failed++
				}
			})
		}
	})
	version := 0
	for b.Loop() {
		version++
		<-time.After(pause)
		p.write("src/main", fmt.Sprint(version))
		p.screen.wait(b, `server\s*\| ✓ ready`)
	}
	close(stop)
	requests.Wait()
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(len(took)), "requests")
	b.ReportMetric(float64(failed), "failed")
	b.ReportMetric(median(took), "median-ms")
	b.ReportMetric(ms(slices.Max(took)), "slowest-ms")
	p.end(0)
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func median(all []time.Duration) float64 {
	return ms(slices.Sorted(slices.Values(all))[len(all)/2]) // all keeps its order: runs are compared pair by pair
}

// bareServer is what a person would type by hand: the stages, then the old
// server's end and the new one's start, on a socket that stays open.
type bareServer struct {
	dir  string
	url  string
	file *os.File
	cmd  *exec.Cmd
}

func newBareServer(b *testing.B, dir string) *bareServer {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	file, err := l.(*net.TCPListener).File()
	if err != nil {
		b.Fatal(err)
	}
	s := &bareServer{dir: dir, url: "http://" + l.Addr().String(), file: file}
	l.Close()
	s.start(b)
	b.Cleanup(func() { s.stop(); file.Close() })
	return s
}

func (s *bareServer) start(b *testing.B) {
	exe, _ := os.Executable()
	// The shell makes LISTEN_PID true for the server that it becomes.
	s.cmd = exec.Command("/bin/sh", "-c", `LISTEN_PID=$$ exec "$0" version`, exe)
	s.cmd.Dir = s.dir
	s.cmd.Env = append(os.Environ(), childEnv+"=server")
	s.cmd.ExtraFiles = []*os.File{s.file}
	if err := s.cmd.Start(); err != nil {
		b.Fatal(err)
	}
	if _, err := get(s.url); err != nil {
		b.Fatal(err)
	}
}

func (s *bareServer) stop() {
	s.cmd.Process.Signal(syscall.SIGTERM)
	s.cmd.Wait()
}

// cycle runs the stages, stops the server and starts it until it answers.
func (s *bareServer) cycle(b *testing.B) time.Duration {
	began := time.Now()
	for _, stage := range []string{"! grep -r BROKEN src", "cp src/main version"} {
		cmd := exec.Command("/bin/sh", "-c", stage)
		cmd.Dir = s.dir
		if err := cmd.Run(); err != nil {
			b.Fatal(err)
		}
	}
	s.stop()
	s.start(b)
	return time.Since(began)
}
