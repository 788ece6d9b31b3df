//go:build linux

package main

import (
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"devloop/orchestrator/test/testenv"
)

// TestKeys: what each key does, on the real terminal.
func TestKeys(t *testing.T) {
	t.Parallel()
	r := record(t, 24, 80, shopFiles(), "--notify")
	r.Shows(`^● live`)
	r.Await(`\x1b\[\?1004h`)
	r.Press("\x1b[I\x1b[O") // the terminal tells of its focus: no keys
	r.verb(t, "wait")
	saved := func(text string) { r.write(t, "main.go", text+strings.Repeat("//\n", 200)) }

	r.Press("?")
	r.Shows(`keys: a runs all · f what failed`)
	r.Press("f")
	r.Shows(`nothing has failed`)
	r.Press("e")
	r.Shows(`no place in a file is known`)

	saved("package main // undefined\n")
	r.Shows(`^✗ check failed`)
	r.Press("\r") // the output of what failed
	r.Shows(`check +\| \./main\.go:164:6: declared and not used: x119`)
	r.Press("c")
	r.Await(`\x1b\]52;c;` + base64.StdEncoding.EncodeToString([]byte("main.go:45:6: declared and not used: x0")) + `\a`)
	r.Press("e")
	r.Shows(`edited \+45 .*main\.go`)
	r.Press("f")
	r.Shows(`by hand · compile failed`)

	// While watching is paused, a save is kept; whoever asks is told.
	r.Press("p")
	r.Shows(`^.*‖ paused`)
	saved("package main // mended\n")
	r.until(t, "has changed; watching is paused", "status")
	r.fails(t, "watching is paused, and files of check have changed", "wait")
	r.Press("p")
	r.Shows(`fixed after`)
	r.verb(t, "wait")

	// Only what is wished for is seen.
	r.Press("/kept\r")
	r.Shows(`only /kept \(0 all\)`)
	r.Press("\x1b[15~") // F5 is no 1 and no 5
	r.write(t, "talk", "this is dropped\nthis is KEPT\n")
	r.Shows(`talker +\| this is KEPT`)
	r.Press("3")
	r.Shows(`only talker \(0 all\)`)
	r.Press("2")
	r.Shows(`only server \(0 all\)`)
	r.write(t, "talk", "this too\n")
	r.verb(t, "logs", "talker") // it has been heard
	r.Press("!")
	r.Shows(`failures only \(0 all\)`)
	saved("package main // undefined again\n")
	r.Shows(`✗ main\.go · compile failed`)
	r.Press("0")
	r.Shows(`^✗ check failed`)
	r.write(t, "talk", "this at last\n")
	r.Shows(`talker +\| this at last`)
	if all := strings.Join(append(r.Past(), r.Screen().Rows()...), "\n"); strings.Contains(all, "dropped") || strings.Contains(all, "this too") {
		t.Errorf("what was not wished for is seen:\n%s", all)
	}

	r.Press("9")
	r.Shows(`there are 3 nodes`)
	r.Press("qecho typed ahead\r")
	if err := r.Child.Wait(); err != nil {
		t.Error(err)
	}
	r.Await(`\x1b\[\?1004l`)
	if err := unix.SetNonblock(int(r.TTY.Fd()), true); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 100)
	if n, err := unix.Read(int(r.TTY.Fd()), line); err != nil || string(line[:n]) != "echo typed ahead\n" {
		t.Errorf("the shell gets %q, %v", line[:n], err)
	}
}

// until runs another devloop in the project again and again, until it prints the text.
func (r *recording) until(t *testing.T, text string, args ...string) {
	t.Helper()
	testenv.Until(t, func() string {
		if out, err := r.command(args...).CombinedOutput(); !strings.Contains(string(out), text) {
			return fmt.Sprintf("devloop %v: %v\n%s", args, err, out)
		}
		return ""
	})
}

// fails runs another devloop in the project, which fails and prints the text.
func (r *recording) fails(t *testing.T, text string, args ...string) {
	t.Helper()
	if out, err := r.command(args...).CombinedOutput(); err == nil || !strings.Contains(string(out), text) {
		t.Errorf("devloop %v: %v\n%s", args, err, out)
	}
}

func (r *recording) command(args ...string) *exec.Cmd {
	devloop := os.Args[0]
	if r.terminal != nil {
		devloop = r.Child.Path
	}
	cmd := exec.Command(devloop, args...)
	cmd.Dir, cmd.Env = r.dir, r.environ()
	return cmd
}
