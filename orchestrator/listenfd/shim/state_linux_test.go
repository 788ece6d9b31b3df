package shim_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// both runs a command directly and through the shim.
func both(t *testing.T, prepare func(*exec.Cmd), argv ...string) (direct, shimmed string) {
	t.Helper()
	a, b := exec.Command(argv[0], argv[1:]...), through(t, nil, argv...)
	if prepare != nil {
		prepare(a)
		prepare(b)
	}
	return output(t, a), output(t, b)
}

// The command finds signals, limits and the like just as if it had been started without the shim.
func TestStateIsKept(t *testing.T) {
	for _, argv := range [][]string{
		{"/bin/grep", "-E", "^(Sig(Blk|Ign|Cgt)|NoNewPrivs|Cap...|Cpus_allowed|Umask):", "/proc/self/status"},
		{"/bin/cat", "/proc/self/limits"},
		{"/bin/sh", "-c", "pwd; cut -d' ' -f5-8 /proc/self/stat; nice"}, // group, session, terminal
	} {
		if direct, shimmed := both(t, nil, argv...); direct != shimmed {
			t.Errorf("%q\ndirect  %s\nshimmed %s", argv, direct, shimmed)
		}
	}
}

func TestSignalsAreDefault(t *testing.T) {
	status := output(t, through(t, nil, "/bin/cat", "/proc/self/status"))
	for _, set := range []string{"SigBlk", "SigIgn", "SigCgt"} {
		if !regexp.MustCompile(`(?m)^` + set + `:\s+0+$`).MatchString(status) {
			t.Errorf("%s is not empty:\n%s", set, status)
		}
	}
}

// What nohup and shells have their commands ignore stays ignored.
func TestIgnoredSignalsAreKept(t *testing.T) {
	const script = `trap "" HUP INT TSTP TTIN TTOU; exec "$@"`
	look := []string{"/bin/grep", "SigIgn", "/proc/self/status"}
	ignoring := func(argv []string) string {
		return output(t, exec.Command("/bin/sh", append([]string{"-c", script, "sh"}, argv...)...))
	}
	direct, shimmed := ignoring(look), ignoring(through(t, nil, look...).Args)
	if direct != shimmed || !strings.ContainsAny(shimmed, "123456789") {
		t.Errorf("direct %s, shimmed %s", direct, shimmed)
	}
}

// Of descriptors the command has what it was given, and their modes, which others share, are untouched.
func TestDescriptorsAreKept(t *testing.T) {
	given, err := os.Create(filepath.Join(t.TempDir(), "given"))
	if err != nil {
		t.Fatal(err)
	}
	defer given.Close()
	give := func(cmd *exec.Cmd) { cmd.ExtraFiles = []*os.File{given, given} }
	// ls shows them, and the one that it reads the directory with.
	direct, shimmed := both(t, give, "/bin/ls", "/proc/self/fd")
	if direct != shimmed || len(strings.Fields(shimmed)) < 6 {
		t.Errorf("direct %q, shimmed %q", strings.Fields(direct), strings.Fields(shimmed))
	}

	for _, mode := range []int{0, syscall.O_NONBLOCK} {
		var ends [2]int
		if err := syscall.Pipe2(ends[:], syscall.O_CLOEXEC|mode); err != nil {
			t.Fatal(err)
		}
		in, out := os.NewFile(uintptr(ends[0]), "in"), os.NewFile(uintptr(ends[1]), "out")
		cmd := through(t, nil, "/bin/true")
		cmd.Stdin, cmd.Stdout, cmd.ExtraFiles = in, out, []*os.File{in}
		if err := cmd.Run(); err != nil {
			t.Error(err)
		}
		for _, fd := range ends {
			flags, err := unix.FcntlInt(uintptr(fd), syscall.F_GETFL, 0)
			if err != nil || flags&syscall.O_NONBLOCK != mode {
				t.Errorf("opened with %#x, the flags are now %#x (%v)", mode, flags, err)
			}
		}
		_ = in.Close()
		_ = out.Close()
	}
}

// The shim acts once os is ready, and costs nothing of what comes later: not even unicode, which everything else needs.
func TestActsFirst(t *testing.T) {
	cmd := through(t, []string{"GODEBUG=inittrace=1"}, "/no/such/command")
	trace, err := cmd.CombinedOutput()
	if err == nil {
		t.Fatal("started")
	}
	if !strings.Contains(string(trace), "init os @") {
		t.Fatalf("no trace of the initialisation: %s", trace)
	}
	for _, late := range []string{"unicode", "reflect", "testing", "crypto/sha256"} {
		if strings.Contains(string(trace), "init "+late+" @") {
			t.Errorf("%s is initialised before the shim acts", late)
		}
	}
}
