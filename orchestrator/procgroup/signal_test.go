//go:build unix

package procgroup

import (
	"cmp"
	"errors"
	"os"
	"os/exec"
	"strconv"
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
		name := signalName(n)
		if strings.HasPrefix(name, "SIG") && !strings.ContainsAny(name[3:], "0123456789") || name == "SIGUSR1" || name == "SIGUSR2" {
			if sig, err := ParseSignal(name); err != nil || sig != n {
				t.Errorf("ParseSignal(signalName(%d)) = %v, %v", n, sig, err)
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

// TestNice holds that a command gives way from its start on, and that 19 is the end.
func TestNice(t *testing.T) {
	own := niceOf(t, 0)
	for _, nice := range []int{0, 10, 30} {
		g, err := Start(Spec{Argv: []string{"/bin/sleep", "60"}, Nice: nice})
		if err != nil {
			t.Fatal(err)
		}
		if got, want := niceOf(t, g.PID()), min(own+nice, 19); got != want {
			t.Errorf("with %d it has %d, want %d", nice, got, want)
		}
		g.Kill()
		waitFor(t, g.Done(), "the group's end")
	}
}

func niceOf(t *testing.T, pid int) int {
	t.Helper()
	out, err := exec.Command("ps", "-o", "nice=", "-p", strconv.Itoa(cmp.Or(pid, os.Getpid()))).Output()
	if err != nil {
		t.Fatal(err)
	}
	nice, err := strconv.Atoi(strings.TrimSpace(string(out)))
	if err != nil {
		t.Fatal(err)
	}
	return nice
}
