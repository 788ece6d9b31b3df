package proctable

import (
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"

	"devloop/orchestrator/test/testenv"
)

// Whom a signal could reach is told from the kernel's own threads by a flag: session 0 has both, where process 1 never began
// a session, as in a small machine or behind nsenter.
func TestParseStat(t *testing.T) {
	const (
		middle = " 98 0 0 0 0 0 0 0 20 0 1 0 1100"
		tail   = middle + " 3000000 390 18446744073709551615 1 2 3 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0 4 5 6 7 8 9 "
		two    = " 98 0 0 0 0 0 0 0 20 0 2 0 1100"
	)
	for _, tc := range []struct {
		line string
		want Process
	}{
		{"12 (cat) R 10 11 9 0 -1 4194304" + tail + "10 0", Process{PID: 12, Parent: 10, Group: 11, Session: 9, Foreground: -1, Start: 1100, Begun: true}},
		{"12 () R 10 11 9 0 -1 4194304" + tail + "10 0", Process{PID: 12, Parent: 10, Group: 11, Session: 9, Foreground: -1, Start: 1100, Begun: true}},
		{"12 (cat) T 1 0 0 0 -1 4194304" + tail + "0 0", Process{PID: 12, Parent: 1, Foreground: -1, Start: 1100, Stopped: true}},
		{"12 (a) b) (c) D 1 0 0 0 -1 4194304" + tail + "10 0", Process{PID: 12, Parent: 1, Foreground: -1, Start: 1100, Stuck: true, Begun: true}},
		{"12 (kworker/R-slub) I 2 0 0 0 -1 69238880" + tail + "0 0", Process{PID: 12, Parent: 2, Foreground: -1, Start: 1100, Kernel: true}},
		{"12 (cat) Z 10 11 9 0 -1 4194304" + tail + "0 0", Process{PID: 12, Parent: 10, Group: 11, Session: 9, Foreground: -1, Start: 1100, Dead: true}},
		{"12 (cat) X 10 11 9 0 -1 4194304" + tail + "0 0", Process{PID: 12, Parent: 10, Group: 11, Session: 9, Foreground: -1, Start: 1100, Dead: true}},
		{"12 (cat) Z 10 11 9 0 -1 4194304" + two, Process{PID: 12, Parent: 10, Group: 11, Session: 9, Foreground: -1, Start: 1100}},    // its first thread is dead
		{"12 (cat) S 10 11 9 0 -1 4194304" + middle, Process{PID: 12, Parent: 10, Group: 11, Session: 9, Foreground: -1, Start: 1100}}, // before Linux 3.5
		{"12 (cat) S 10 11 9 34816 15 4194304" + tail + "10 0", Process{PID: 12, Parent: 10, Group: 11, Session: 9, Foreground: 15, Start: 1100, Begun: true}},
		{"12 (cat) S 10 11 9 0 -1 x" + tail + "10 0", Process{}},
		{"12 (cat) S x 11 9 0 -1 4194304" + tail + "10 0", Process{}},
		{"12 (cat) S 10 11 9", Process{}},
		{"12 cat S 10 11 9 0 -1 4194304" + tail + "10 0", Process{}},
		{")(", Process{}},
		{"", Process{}},
	} {
		if got, ok := parseStat([]byte(tc.line)); ok != (tc.want.PID != 0) || got != tc.want {
			t.Errorf("%q: got %+v, %v", tc.line, got, ok)
		}
	}
}

func FuzzParseStat(f *testing.F) {
	f.Add("12 (a) b) (c) Z 1 10 9 0 -1 4194304 98 0 0 0 0 0 0 0 20 0 1 0 1100")
	f.Fuzz(func(t *testing.T, line string) {
		if p, ok := parseStat([]byte(line)); ok && (p.PID <= 0 || p.Dead && p.Stopped) {
			t.Errorf("%q: %+v", line, p)
		}
	})
}

func TestRead(t *testing.T) {
	session, _, _ := syscall.Syscall(syscall.SYS_GETSID, 0, 0, 0)
	self, ok := Read(os.Getpid())
	if !ok || self.PID != os.Getpid() || self.Parent != os.Getppid() || self.Group != syscall.Getpgrp() || self.Session != int(session) || self.Start == 0 || !self.Begun {
		t.Errorf("of this process it reads %+v", self)
	}
	if text, known := Environ(os.Getpid()); !known || len(text) == 0 {
		t.Errorf("of this process it reads %q, %v", text, known)
	}
	const nobody = 1 << 22 // more than there can be (pid_max)
	if p, ok := Read(nobody); ok {
		t.Errorf("of nobody it reads %+v", p)
	}
	if text, known := Environ(nobody); !known || len(text) != 0 {
		t.Errorf("of nobody it reads %q, %v", text, known)
	}
}

// sleeper is a process in a session of its own.
func sleeper(t *testing.T) Process {
	t.Helper()
	cmd := exec.Command("/bin/sleep", "60")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	p, ok := Read(cmd.Process.Pid)
	if !ok {
		t.Fatal("it is not in the table")
	}
	return p
}

// Older sessions are left out.
func TestListSince(t *testing.T) {
	p := sleeper(t)
	var known Sessions
	for _, tc := range []struct {
		since uint64
		known *Sessions
		want  bool
	}{{0, nil, true}, {p.Start, nil, true}, {p.Start, &known, true}, {p.Start + 1, nil, p.Session == 0}} {
		procs, err := List(tc.since, tc.known)
		if err != nil {
			t.Fatal(err)
		}
		if got := slices.ContainsFunc(procs, func(q Process) bool { return q.PID == p.PID && q.Start == p.Start }); got != tc.want {
			t.Errorf("since %d: %+v is listed: %v", tc.since, p, got)
		}
	}
}

// Children and descendants are listed, whichever thread started them.
func TestDescendants(t *testing.T) {
	cmd := exec.Command("/bin/sh", "-c", "sh -c 'sleep 60 & wait' & sleep 60 & echo; wait")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL); _ = cmd.Wait() }()
	if _, err := out.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	pids, err := Children(cmd.Process.Pid)
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip("this kernel lists no children")
	}
	if err != nil || len(pids) != 2 {
		t.Errorf("the children are %v, %v", pids, err)
	}
	for _, pid := range pids {
		if p, ok := Read(pid); !ok || p.Parent != cmd.Process.Pid {
			t.Errorf("%+v is a child", p)
		}
	}
	self, _ := Read(os.Getpid())
	testenv.UntilTrue(t, "two shells and two sleeps are listed", func() bool {
		ours := 0
		for _, p := range Descend([]Process{self}) {
			if p.Group == cmd.Process.Pid {
				ours++
			}
		}
		return ours == 4
	})
}

// The pid alone does not name a process.
func TestSignalChecksTheStart(t *testing.T) {
	p := sleeper(t)
	if err := Signal(p.PID, p.Start+1, syscall.SIGKILL); !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("a process of another start: %v", err)
	}
	if err := Signal(p.PID, p.Start, 0); err != nil {
		t.Errorf("the right process: %v", err)
	}
}

func TestVariable(t *testing.T) {
	for text, want := range map[string]string{
		"A=b\x00NAME=x\x00C=d\x00":                         "x",
		strings.Repeat("A=b\x00", 10_000) + "NAME=x\x00C=": "x",
		"NAME=x":       "x",
		"NAMEX=x\x00":  "",
		"XNAME=x\x00":  "",
		"\x00\x00\x00": "",
		"":             "",
		"A=NAME=x\x00": "",
	} {
		if got := Variable([]byte(text), "NAME"); got != want {
			t.Errorf("in %.40q it is %q", text, got)
		}
	}
}

func BenchmarkList(b *testing.B) {
	var n int
	for b.Loop() {
		procs, err := List(0, nil)
		if err != nil {
			b.Fatal(err)
		}
		n = len(procs)
	}
	b.ReportMetric(float64(n), "processes")
}
