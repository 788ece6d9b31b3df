package procgroup

import (
	"syscall"
	"testing"
)

// TestCatches: a shell with a trap catches, one that ignores does too, and one
// without either is ended by the signal.
func TestCatches(t *testing.T) {
	for script, want := range map[string]bool{
		`trap 'exit 0' TERM; echo up; read x`: true,
		`trap '' TERM; echo up; read x`:       true,
		`echo up; read x`:                     false,
	} {
		up := make(chan struct{})
		said := false
		g, err := Start(Spec{Argv: []string{"/bin/sh", "-c", script + " < /dev/zero; exec sleep 60"}, Output: func(Block) {
			if !said {
				said = true
				close(up)
			}
		}})
		if err != nil {
			t.Fatal(err)
		}
		<-up
		if got, err := g.Catches(syscall.SIGTERM); err != nil || got != want {
			t.Errorf("%s: %v, %v", script, got, err)
		}
		if err := g.Kill(); err != nil {
			t.Error(err)
		}
		<-g.Done()
	}
}
