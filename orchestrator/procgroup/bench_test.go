//go:build unix

package procgroup

import (
	"os"
	"syscall"
	"testing"
)

// One command from Start to Done, nothing but the start and the end.
func BenchmarkStartToDone(b *testing.B) {
	for b.Loop() {
		g, err := Start(Spec{Argv: []string{"/bin/true"}, Output: func(Block) {}})
		if err != nil {
			b.Fatal(err)
		}
		<-g.Done()
	}
}

// From Stop to Done of a program that obeys at once.
func BenchmarkStopToDone(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		g, err := Start(Spec{Argv: []string{"/bin/sleep", "1000"}, Output: func(Block) {}})
		if err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		if err := g.Stop(syscall.SIGTERM); err != nil {
			b.Fatal(err)
		}
		<-g.Done()
	}
}

// What a group that writes as fast as it can gets through.
func BenchmarkOutput(b *testing.B) {
	const mib = 300
	for b.Loop() {
		n := 0
		g, err := Start(Spec{
			Argv:   []string{os.Args[0], "pump", "300"},
			Env:    childEnv(),
			Output: func(bl Block) { n += len(bl.Text) },
		})
		if err != nil {
			b.Fatal(err)
		}
		<-g.Done()
		if n < mib<<20 {
			b.Fatalf("%d bytes of %d MiB", n, mib)
		}
	}
	b.SetBytes(mib << 20)
}

// From Kill to Done of two processes that do nothing.
func BenchmarkKillToDone(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		g, err := Start(Spec{Argv: []string{"/bin/sh", "-c", "sleep 1000; :"}, Output: func(Block) {}})
		if err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		if err := g.Kill(); err != nil {
			b.Fatal(err)
		}
		<-g.Done()
	}
}
