//go:build unix

package procgroup

import (
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"
)

func TestParseSignal(t *testing.T) {
	for _, name := range []string{"SIGTERM", "TERM", "term", "sigterm"} {
		if sig, err := ParseSignal(name); err != nil || sig != syscall.SIGTERM {
			t.Errorf("ParseSignal(%q) = %v, %v", name, sig, err)
		}
	}
	for _, name := range []string{"", "SIG", "15", "SIGSIGTERM", "NOSUCH", " TERM"} {
		if sig, err := ParseSignal(name); err == nil {
			t.Errorf("ParseSignal(%q) = %v", name, sig)
		}
	}
	for n := syscall.Signal(1); n < 32; n++ {
		name := SignalName(n)
		if strings.HasPrefix(name, "SIG") && !strings.ContainsAny(name[3:], "0123456789") || name == "SIGUSR1" || name == "SIGUSR2" {
			if sig, err := ParseSignal(name); err != nil || sig != n {
				t.Errorf("ParseSignal(SignalName(%d)) = %v, %v", n, sig, err)
			}
		}
	}
}

type strangeSignal struct{}

func (strangeSignal) Signal()        {}
func (strangeSignal) String() string { return "strange" }

func TestStrangeSignalsAreRefused(t *testing.T) {
	tr := newTestTree(t)
	g := tr.start(Spec{}, tuning{}, "sit", "leader")
	for _, send := range []func(os.Signal) error{g.Signal, g.SignalLeader, g.Stop} {
		if err := send(strangeSignal{}); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("got %v", err)
		}
	}
	_ = g.Kill()
	waitFor(t, g.Done(), "the group's end")
}
