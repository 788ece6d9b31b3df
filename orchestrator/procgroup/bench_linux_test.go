package procgroup

import (
	"os/exec"
	"syscall"
	"testing"
)

// What a mark and a reaper add to a start and to a stop, on a machine with 500
// other processes: older ones, and such as a build has started since.
func BenchmarkMark(b *testing.B) {
	crowd := func(b *testing.B, n int, env []string) {
		for range n {
			cmd := exec.Command("/bin/sleep", "600")
			cmd.Env = env
			cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
			if err := cmd.Start(); err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
		}
	}
	for _, how := range []struct {
		name   string
		crowd  int
		mark   string
		reaper bool
	}{
		{name: "plain/alone"},
		{name: "mark/alone", mark: "0123456789abcdef/1"},
		{name: "mark+reaper/alone", mark: "0123456789abcdef/1", reaper: true},
		{name: "plain/500", crowd: 500},
		{name: "mark/500", crowd: 500, mark: "0123456789abcdef/1"},
		{name: "mark+reaper/500", crowd: 500, mark: "0123456789abcdef/1", reaper: true},
	} {
		prepare := func(b *testing.B) {
			crowd(b, how.crowd, nil)
			if how.reaper {
				r, err := StartReaper(ReaperOptions{})
				if err != nil {
					b.Fatal(err)
				}
				b.Cleanup(r.Close)
			}
		}
		start := func(b *testing.B) *Group {
			g, err := Start(Spec{Argv: []string{"/bin/sleep", "600"}, Mark: how.mark, Output: func(Block) {}})
			if err != nil {
				b.Fatal(err)
			}
			return g
		}
		b.Run("start/"+how.name, func(b *testing.B) {
			prepare(b)
			for b.Loop() {
				g := start(b)
				b.StopTimer()
				g.Kill()
				<-g.Done()
				b.StartTimer()
			}
		})
		b.Run("stop/"+how.name, func(b *testing.B) {
			prepare(b)
			for b.Loop() {
				b.StopTimer()
				g := start(b)
				b.StartTimer()
				if err := g.Stop(syscall.SIGTERM); err != nil {
					b.Fatal(err)
				}
				<-g.Done()
			}
		})
	}
}
