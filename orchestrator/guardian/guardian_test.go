//go:build linux || darwin

package guardian_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"devloop/orchestrator/guardian"
	"devloop/orchestrator/proctable"
	"devloop/orchestrator/proctree"
	"devloop/orchestrator/test/testenv"
)

// However the owner ends, the guardian ends what it has left, and then itself.
func TestTheOwnersEnd(t *testing.T) {
	for _, how := range []string{"kill -9", "panic", "SIGHUP"} {
		t.Run(how, func(t *testing.T) {
			argv, dir := aHorror(t, "daemon")
			o := newOwner(t, "", nil, argv...).up()
			o.do("start")
			grown(t, dir, 2)
			switch how {
			case "panic":
				o.order("panic")
			case "SIGHUP":
				o.cmd.Process.Signal(syscall.SIGHUP)
			default:
				o.cmd.Process.Kill()
			}
			o.cmd.Wait()
			nobodyLeft(t, dir)
			endOf(t, o.guardian)
		})
	}
}

// The end in good order has the guardian end nobody, and leaves no crash record.
func TestCloseEndsNobody(t *testing.T) {
	argv, dir := aHorror(t, "daemon")
	record := filepath.Join(t.TempDir(), "crash-record")
	o := newOwner(t, record, nil, argv...).up()
	o.do("start")
	grown(t, dir, 2)
	if st, err := os.Stat(record); err != nil || st.Mode().Perm() != 0o600 {
		t.Fatalf("the crash record: %v, %v", st, err)
	}
	if got := o.do("close"); got != "ok" {
		t.Fatal(got)
	}
	endOf(t, o.guardian)
	if _, err := os.Stat(record); !os.IsNotExist(err) {
		t.Errorf("the crash record after the end: %v", err)
	}
	if got := living(t, dir); len(got) != 2 {
		t.Errorf("%v live, want both", got)
	}
	o.kill()
}

// What commands have left is ended by Finish, with the time to end by itself.
func TestFinishEndsDaemons(t *testing.T) {
	argv, dir := aHorror(t, "polite")
	o := newOwner(t, "", nil, argv...).up()
	o.do("start")
	grown(t, dir, 2)
	if got := o.do("finish"); got != "2 <nil>" {
		t.Errorf("it ended %s", got)
	}
	if got := living(t, dir); len(got) != 0 {
		t.Errorf("%v live", got)
	}
	if got := o.do("finish"); got != "0 <nil>" {
		t.Errorf("the second time it ended %s", got)
	}
	if got := o.do("close"); got != "ok" {
		t.Error(got)
	}
}

// A command that is being started has lost its mark before the guardian is told of its pid: what it writes to tells. One
// of which that is forgotten is nobody's.
func TestWhoIsBeingStarted(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells which pipe a process writes to")
	}
	for _, again := range []bool{false, true} {
		argv, dir := aHorror(t, "bare")
		o := newOwner(t, "", nil, argv...).up()
		o.do("start unknown")
		grown(t, dir, 2)
		if again {
			if err := syscall.Kill(o.guardian, syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			testenv.Until(t, func() string {
				if pid := guardianOf(t, o.cmd.Process.Pid); pid != 0 && pid != o.guardian {
					return ""
				}
				return "no other guardian"
			})
		}
		o.kill()
		nobodyLeft(t, dir)
	}
	argv, dir := aHorror(t, "bare")
	o := newOwner(t, "", nil, argv...).up()
	o.do("start unknown")
	o.do("forgo")
	grown(t, dir, 2)
	o.kill()
	testenv.Until(t, func() string {
		args, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", o.guardian))
		if err == nil && len(args) > 0 { // one that nobody collects has no arguments
			return "the guardian is at work"
		}
		return ""
	})
	if got := living(t, dir); len(got) != 2 {
		t.Errorf("%v live, want both", got)
	}
}

// A directory of the owner's is gone after its sudden end, one that is not its own stays.
func TestDirectories(t *testing.T) {
	for _, way := range []string{"guardian", "sweep"} {
		argv, _ := aHorror(t, "sit")
		record := filepath.Join(t.TempDir(), "crash-record")
		o := newOwner(t, record, nil, argv...).up()
		own, open, gone := filepath.Join(t.TempDir(), "own"), filepath.Join(t.TempDir(), "open"), filepath.Join(t.TempDir(), "gone")
		for dir, mode := range map[string]os.FileMode{own: 0o700, open: 0o755, gone: 0o700} {
			if err := os.Mkdir(dir, mode); err != nil {
				t.Fatal(err)
			}
			o.do("directory " + dir)
		}
		if err := os.WriteFile(filepath.Join(own, "file"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		o.do("no directory " + gone)
		if way == "guardian" {
			o.kill()
			endOf(t, o.guardian)
		} else {
			killBoth(t, o)
			if _, err := guardian.Sweep(record); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := os.Stat(own); !os.IsNotExist(err) {
			t.Errorf("%s: its own directory: %v", way, err)
		}
		for _, dir := range []string{open, gone} {
			if _, err := os.Stat(dir); err != nil {
				t.Errorf("%s: %v", way, err)
			}
		}
	}
}

// A guardian that somebody kills again and again is started again, and knows what the first one knew.
func TestAKilledGuardianComesBack(t *testing.T) {
	argv, dir := aHorror(t, "bare")
	o := newOwner(t, "", nil, argv...).up()
	o.do("start")
	grown(t, dir, 2)
	for range 6 {
		if err := syscall.Kill(o.guardian, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		testenv.Until(t, func() string { // a child of the owner whose arguments say guardian
			if pid := guardianOf(t, o.cmd.Process.Pid); pid != 0 && pid != o.guardian {
				o.guardian = pid
				return ""
			}
			return "no other guardian"
		})
	}
	o.kill()
	nobodyLeft(t, dir)
}

func guardianOf(t *testing.T, owner int) int {
	out, err := exec.Command("ps", "-axww", "-o", "pid=,ppid=,command=").Output()
	if err != nil {
		t.Skip("no ps here: ", err)
	}
	for line := range strings.SplitSeq(string(out), "\n") {
		f := strings.Fields(line)
		if len(f) > 3 && f[1] == strconv.Itoa(owner) && slices.Contains(f, guardian.Marker) {
			pid, _ := strconv.Atoi(f[0])
			return pid
		}
	}
	return 0
}

// When both are killed the crash record tells the next start.
func TestSweep(t *testing.T) {
	for _, kind := range []string{"daemon", "session", "bare"} {
		argv, dir := aHorror(t, kind)
		record := filepath.Join(t.TempDir(), "crash-record")
		o := newOwner(t, record, nil, argv...).up()
		o.do("start")
		grown(t, dir, 2)
		if ended, err := guardian.Sweep(record); len(ended) != 0 || err != nil {
			t.Fatalf("with a living owner it ended %v, %v", ended, err)
		}
		killBoth(t, o)
		if got := living(t, dir); len(got) != 2 {
			t.Fatalf("%s: %v live before the sweep, want both", kind, got)
		}
		ended, err := guardian.Sweep(record)
		if err != nil || len(ended) != 2 {
			t.Errorf("%s: it ended %v, %v", kind, ended, err)
		}
		if got := living(t, dir); len(got) != 0 {
			t.Errorf("%s: %v live", kind, got)
		}
		if _, err := os.Stat(record); !os.IsNotExist(err) {
			t.Errorf("the crash record after the sweep: %v", err)
		}
	}
	if ended, err := guardian.Sweep(filepath.Join(t.TempDir(), "none")); len(ended) != 0 || err != nil {
		t.Errorf("without a crash record: %v, %v", ended, err)
	}
}

// killBoth kills the owner while its guardian is stopped, then that one.
func killBoth(t *testing.T, o *owner) {
	t.Helper()
	if err := syscall.Kill(o.guardian, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	o.kill()
	if err := syscall.Kill(o.guardian, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	endOf(t, o.guardian)
}

// An inner loop's commands are the outer loop's too, and not the other way round.
func TestLoopsInsideLoops(t *testing.T) {
	argv, dir := aHorror(t, "daemon")
	innerArgv, innerDir := aHorror(t, "daemon")
	outer := newOwner(t, "", nil, argv...).up()
	outer.do("start")
	grown(t, dir, 2)
	mark := markIn(t, living(t, dir)[0])
	inner := newOwner(t, "", []string{guardian.Name + "=" + mark}, innerArgv...).up()
	inner.do("start")
	grown(t, innerDir, 2)
	innerMark := markIn(t, living(t, innerDir)[0])
	if !proctree.Carries(innerMark, mark) || proctree.Carries(mark, innerMark) {
		t.Fatalf("the outer mark is %s, the inner %s", mark, innerMark)
	}
	inner.kill()
	nobodyLeft(t, innerDir)
	if got := living(t, dir); len(got) != 2 {
		t.Fatalf("of the outer loop %v live", got)
	}
	inner = newOwner(t, "", []string{guardian.Name + "=" + mark}, innerArgv...).up()
	inner.do("start")
	grown(t, innerDir, 4) // the files of the first two are still there
	outer.kill()
	nobodyLeft(t, dir)
	nobodyLeft(t, innerDir)
	endOf(t, inner.guardian)
	inner.kill()
}

func markIn(t *testing.T, pid int) string {
	t.Helper()
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/environ")
	if err != nil {
		t.Skip("no /proc here: ", err)
	}
	return proctable.Variable(text, guardian.Name)
}

// A stranger who has the mark of another loop, or who merely begins like it, is not touched; nor is who sweeps.
func TestStrangersAreLeftAlone(t *testing.T) {
	mark := guardian.NewMark(nil)
	var strangers []*exec.Cmd
	for _, value := range []string{guardian.NewMark(nil), mark + "0", mark[:15], ""} {
		cmd := exec.Command("/bin/sleep", "60")
		cmd.Env = []string{guardian.Name + "=" + value}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		defer cmd.Wait()
		defer cmd.Process.Kill()
		strangers = append(strangers, cmd)
	}
	victim := exec.Command("/bin/sleep", "60")
	victim.Env = []string{guardian.Name + "=" + mark + "/3"}
	if err := victim.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- victim.Wait() }()
	record := filepath.Join(t.TempDir(), "crash-record")
	text, err := guardian.ThisCrashRecord(mark, func(_ *int, start *uint64, _, _ *string) { *start-- }) // another process had our pid
	if err != nil {
		t.Fatal(err)
	}
	os.WriteFile(record, []byte(text), 0o600)
	if pids, err := guardian.Sweep(record); err != nil || !slices.Equal(pids, []int{victim.Process.Pid}) {
		t.Errorf("it ended %v, %v, want %d", pids, err, victim.Process.Pid)
	}
	if err := <-ended; err == nil || !strings.Contains(err.Error(), "terminated") {
		t.Errorf("the one with the mark ended with %v", err)
	}
	for _, cmd := range strangers {
		if err := cmd.Process.Signal(syscall.Signal(0)); err != nil {
			t.Errorf("%v: %v", cmd.Env, err)
		}
	}
}

var ownerLine = regexp.MustCompile("(?m)^owner .*\n")

func TestCrashRecordsThatAreNotSwept(t *testing.T) {
	mark := guardian.NewMark(nil)
	good, err := guardian.ThisCrashRecord(mark, func(_ *int, start *uint64, _, _ *string) { *start-- })
	if err != nil {
		t.Fatal(err)
	}
	first := "owner 1 4711\n" // the loop of a container
	if again, err := guardian.CrashRecordOf(ownerLine.ReplaceAllLiteralString(good, first)); err != nil || !strings.Contains(again, first) {
		t.Errorf("a crash record of process 1: %q, %v", again, err)
	}
	if again, err := guardian.CrashRecordOf(good + "root 17 4711\nend\nwhat a longer version has left"); err != nil || again != good {
		t.Errorf("read and written again: %q, %v", again, err)
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "crash-record")
	for name, text := range map[string]string{
		"empty":       "",
		"cut off":     strings.TrimSuffix(good, "end\n"),
		"no mark":     strings.Replace(good, "mark "+mark, "mark ", 1),
		"short mark":  strings.Replace(good, "mark "+mark, "mark a/1", 1),
		"two marks":   strings.Replace(good, "owner ", "mark "+mark+"\nowner ", 1),
		"three words": strings.Replace(good, "owner ", "owner 1 2 ", 1),
		"owner 0":     ownerLine.ReplaceAllLiteralString(good, "owner 0 2\n"),
		"root 1":      strings.Replace(good, "end\n", "root 1 4711\nend\n", 1),
		"root 0":      strings.Replace(good, "end\n", "root 0 0\nend\n", 1),
		"an hour":     strings.Replace(good, "grace 5000", "grace 3600000", 1),
		"other words": "devloop crash record 2\n" + good,
	} {
		os.WriteFile(path, []byte(text), 0o600)
		if ended, err := guardian.Sweep(path); err == nil || len(ended) != 0 {
			t.Errorf("%s: %v, %v", name, ended, err)
		}
	}
	os.WriteFile(path, []byte(good), 0o600)
	os.Chmod(path, 0o622)
	if _, err := guardian.Sweep(path); err == nil {
		t.Error("others may write it, and it was swept")
	}
	os.Chmod(path, 0o600)
	link := filepath.Join(dir, "link")
	os.Symlink(path, link)
	if _, err := guardian.Sweep(link); err == nil {
		t.Error("a symbolic link was followed")
	}
	if _, err := guardian.Sweep(dir); err == nil {
		t.Error("a directory was swept")
	}
	// An owner that counts other processes than we do, and one from before the last start of the system.
	text, _ := guardian.ThisCrashRecord(mark, func(_ *int, start *uint64, _, space *string) { *start--; *space = "pid:[1]" })
	os.WriteFile(path, []byte(text), 0o600)
	if ended, err := guardian.Sweep(path); err != nil || len(ended) != 0 {
		t.Errorf("%v, %v", ended, err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Errorf("a crash record of another pid namespace: %v", err)
	}
	text, _ = guardian.ThisCrashRecord(mark, func(_ *int, _ *uint64, boot, _ *string) { *boot = "another" })
	os.WriteFile(path, []byte(text), 0o600)
	if ended, err := guardian.Sweep(path); err != nil || len(ended) != 0 {
		t.Errorf("%v, %v", ended, err)
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("a crash record of another boot: %v", err)
	}
}

func TestMarks(t *testing.T) {
	own := guardian.NewMark(nil)
	if !guardian.Valid(own) || own == guardian.NewMark(nil) {
		t.Errorf("a new mark is %q", own)
	}
	inner := guardian.NewMark([]string{"A=b", guardian.Name + "=" + guardian.CommandMark(own, 7)})
	if !strings.HasPrefix(inner, own+"/7/") || !guardian.Valid(inner) {
		t.Errorf("inside %s it is %s", own, inner)
	}
	for _, tc := range []struct {
		value, mark string
		want        bool
	}{
		{own, own, true}, {own + "/1", own, true}, {own + "/1", own + "/1", true}, {own + "/12", own + "/1", false},
		{own + "/1/" + own, own + "/1", true}, {own, own + "/1", false}, {own, "", false}, {"", "", false},
	} {
		if got := proctree.Carries(tc.value, tc.mark); got != tc.want {
			t.Errorf("Carries(%q, %q) is %v", tc.value, tc.mark, got)
		}
	}
	for _, bad := range []string{"", "/", own + "/", "/" + own, own + "//1", own[:8], own[:8] + "/" + own, own + "\n", own + "/x", strings.Repeat("0", 513)} {
		if guardian.Valid(bad) {
			t.Errorf("%q is taken for a mark", bad)
		}
		if got := guardian.Inherited([]string{guardian.Name + "=" + bad}); got != "" {
			t.Errorf("%q is inherited as %q", bad, got)
		}
	}
	deep := own
	for range 100 {
		deep = guardian.NewMark([]string{guardian.Name + "=" + deep})
		if !guardian.Valid(deep) {
			t.Fatalf("a deep mark is %q", deep)
		}
	}
}

func TestStartRefuses(t *testing.T) {
	for _, mark := range []string{"", "x", "../../etc"} {
		if g, err := guardian.Start("", guardian.Options{Mark: mark}); err == nil {
			g.Close()
			t.Errorf("it starts with the mark %q", mark)
		}
	}
	opt := guardian.Options{Mark: guardian.NewMark(nil), CrashRecord: filepath.Join(t.TempDir(), "none", "crash-record")}
	if g, err := guardian.Start("", opt); err == nil {
		g.Close()
		t.Error("it starts with a crash record that cannot be written")
	}
	opt.CrashRecord = filepath.Join(t.TempDir(), "crash-record")
	if g, err := guardian.Start("/no/such/program", opt); err == nil {
		g.Close()
		t.Error("it starts without a program")
	}
	if _, err := os.Stat(opt.CrashRecord); !os.IsNotExist(err) {
		t.Errorf("a crash record was left: %v", err)
	}
}

// The guardian holds nothing that somebody may wait for: not the owner's output, not its directory, nor what the owner
// itself was given.
func TestWhatTheGuardianHolds(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs /proc")
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cmd := exec.Command(os.Args[0], "-")
	cmd.Env = append(os.Environ(), ownerKey+"=")
	cmd.ExtraFiles = []*os.File{w, w, w}
	in, _ := cmd.StdinPipe()
	out := &bytes.Buffer{}
	cmd.Stdout = out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	defer cmd.Wait()
	defer in.Close()
	var pid int
	testenv.Until(t, func() string {
		pid = guardianOf(t, cmd.Process.Pid)
		stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
		if string(stat) != "devloop-guard\n" {
			return "no guardian"
		}
		return ""
	})
	// It may not have got to its first read; when it has, it holds the pipe, /dev/null twice, and no more than the
	// runtime's own.
	testenv.Until(t, func() string {
		fds, _ := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
		var held []string
		for _, fd := range fds {
			name, _ := os.Readlink(fmt.Sprintf("/proc/%d/fd/%s", pid, fd.Name()))
			if !strings.HasPrefix(name, "anon_inode:") && !strings.HasPrefix(name, "/sys/fs/cgroup/") {
				held = append(held, fd.Name()+" "+name)
			}
		}
		if len(held) != 3 || held[1] != "1 /dev/null" || held[2] != "2 /dev/null" || !strings.HasPrefix(held[0], "0 pipe:") {
			return fmt.Sprint("it holds ", held)
		}
		return ""
	})
	if dir, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid)); dir != "/" {
		t.Errorf("its directory is %s, %v", dir, err)
	}
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT} {
		syscall.Kill(pid, sig)
	}
	if text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid)); err == nil {
		t.Logf("%s", text[bytes.Index(text, []byte("VmRSS")):][:60])
	}
	if p, ok := proctable.Read(pid); !ok || p.Dead {
		t.Error("a signal of a terminal ended it")
	}
	fmt.Fprintln(in, "close")
}

// It acts once os is ready, and costs nothing of what comes later.
func TestActsFirst(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("elsewhere the table of processes takes golang.org/x/sys")
	}
	cmd := exec.Command(os.Args[0], guardian.Marker)
	cmd.Env = []string{"GODEBUG=inittrace=1"}
	trace, err := cmd.CombinedOutput() // with an empty standard input it ends at once
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(trace), "init os @") {
		t.Fatalf("no trace of the initialisation: %s", trace)
	}
	for _, late := range []string{"unicode", "reflect", "testing", "crypto/sha256"} {
		if strings.Contains(string(trace), "init "+late+" @") {
			t.Errorf("%s is initialised before the guardian acts", late)
		}
	}
}

// BenchmarkStart is what a loop's start and end cost by it.
func BenchmarkStart(b *testing.B) {
	opt := guardian.Options{Mark: guardian.NewMark(nil), CrashRecord: filepath.Join(b.TempDir(), "crash-record")}
	var started time.Duration
	for b.Loop() {
		begun := time.Now()
		g, err := guardian.Start("", opt)
		if err != nil {
			b.Fatal(err)
		}
		started += time.Since(begun)
		if err := g.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(started.Microseconds())/float64(b.N), "µs/start")
}

// BenchmarkAdd is what each command costs by it.
func BenchmarkAdd(b *testing.B) {
	g, err := guardian.Start("", guardian.Options{Mark: guardian.NewMark(nil), CrashRecord: filepath.Join(b.TempDir(), "crash-record")})
	if err != nil {
		b.Fatal(err)
	}
	defer g.Close()
	for b.Loop() {
		g.Add(os.Getpid())
		g.Remove(os.Getpid())
	}
}

// BenchmarkFinish is the look for what is left, when there is nothing.
func BenchmarkFinish(b *testing.B) {
	g, err := guardian.Start("", guardian.Options{Mark: guardian.NewMark(nil)})
	if err != nil {
		b.Fatal(err)
	}
	defer g.Close()
	for b.Loop() {
		if ended, err := g.Finish(false); err != nil || len(ended) > 0 {
			b.Fatal(ended, err)
		}
	}
}
