//go:build unix

package shellcmd

import (
	"bytes"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"devloop/orchestrator/test/testenv"
)

// teller is p, the program that the texts name: it tells its arguments and the
// variables that the texts use, and adds its pid to a file. The test binary
// itself would do as well, but there are some thousand starts to be made, and
// with the race detector in it one takes half a second on a busy machine.
const teller = `#!/bin/sh
for arg; do printf 'arg %s\n' "$arg"; done
[ -z "${A+set}" ] || printf 'env A=%s\n' "$A"
[ -z "${B+set}" ] || printf 'env B=%s\n' "$B"
echo $$ >>"$TELL_PID"
`

// TestAsTheShell runs texts by a shell and as they are resolved, and compares
// all there is to see: arguments, environment, files, status.
func TestAsTheShell(t *testing.T) {
	for _, sh := range installedShells(t) {
		t.Run(sh.name, func(t *testing.T) {
			shortened := 0
			for _, text := range []string{
				`p`, `p a b`, `  p	a  `, `p;`, `p # a`, "# a\np", "p \\\n a", "p a\\\nb \"a\\\nb\" 'a\\\nb'",
				`p "a b" 'a$b' \x "\$" a"b"'c'd`, `p '' "" ''""`, `p "\a\\\"\n" '\a' \\ \' \"`, `p a\`, `p "a'b" 'a"b'`,
				`p \$A "\$A" '$A' $A "$A" "x$A" "$A"x ${A} "${A:-x}" ${B:-x y} "${B:-x y}" $`,
				`p "$" "$ " "a$" $' a' $"a" "$'a'"`, `p "^a$"`, `p "$"b "$"'b' "a$"$A`, `p "$[1+2]"`, `p $[1+2]`,
				`p * *.x '*.x' "*.x" \*.x [f]1.x f?.x nothing* [ ] [a`,
				`p ~ ~/a a~ a:~ a=~ --a=~/b "~" '~' \~ ""~ ~"" ~nobody-of-that-name`,
				`p {a,b} {} { } {a} a{b,c}d {1..3} "{a,b}" \{a,b} {a','b}`,
				`p a#b a=b ! a! } ) fi`, `p ! } fi done`, `p a^b a%b a@b a+b -a -- -`, `p é "日本" \é`,
				"p `p a` $(p b) $((1+2)) \"$((1+2))\"", `p $# $* "$@" $0 $-x`,
				`A=1 p`, `A=1 B=2 p A=3`, `A= p`, `A='a b' B="c d" p`, `A=* B=f?.x p`, `A=~ B=a:~/b p`, `A=a~ B={a,b} p`,
				`A=1 p $A`, `A=1 B=2 p "$A$B"`, `A=$A p $A`, `A=1 B=$A p`, `B=$A A=1 p`, `A=1 A=2 p`, `A=$(p x) p`,
				`A=1 p >out$A.x`, `A=1 >out$A.x p`, `>o p a`, `p a>o`, `p a 2>&1 >o`, `p >o >p2`, `p a 3>o`, `p 5>&1`, `p 2>&- a`,
				`p <f1.x`, `p <missing`, `p >/nonexistent/x`, `p a <<E
x
E`,
				`exec p a`, `A=1 exec p $A`, `exec p >o`, `exec p *`,
				`./p a`, `./p *`, `"$HOME/p" a`, `$HOME/p a`, `$HOME'/'p a`, `~/p a`, `~/p* a`, `$A/p a`,
				`echo a 'b  c'`, `echo`, `echo a -n`, `echo -n a`, `echo 'a\nb'`, `echo "a\tb" c`, `echo $A`, `echo a >o`, `true`, `false`, `true a >o`,
				`A=1 echo a`, `missing a`, `missing $A`, `'' a`, `p+ a`, `A+=1 p`, `A[0]=1 p`,
			} {
				if sh.compare(t, text) {
					shortened++
				}
			}
			if shortened < 50 {
				t.Errorf("only %d texts were shortened: this compares the shell with itself", shortened)
			}
			random := rand.New(rand.NewPCG(1, 2))
			for range testenv.Either(30, 150) {
				seed := make([]byte, 3+random.IntN(12))
				for i := range seed {
					seed[i] = byte(random.UintN(256))
				}
				sh.compare(t, textOf(seed))
			}
		})
	}
}

// FuzzAsTheShell does the same with texts put together of what is special to a
// shell.
func FuzzAsTheShell(f *testing.F) {
	testenv.Seeds(f, "testdata/fuzz/FuzzAsTheShell.txtar")
	f.Add([]byte{})
	f.Add([]byte("abc$ *"))
	shells := installedShells(f)
	f.Fuzz(func(t *testing.T, seed []byte) {
		if len(seed) > 40 {
			t.Skip("long texts find nothing that short ones do not")
		}
		for _, sh := range shells {
			sh.compare(t, textOf(seed))
		}
	})
}

// tokens are what random texts are made of. With no other letters, no slash
// and a PATH that has nothing but the test's own program, such a text can
// neither name a command that does harm nor a file outside of its directory;
// without "&", "|" and "(" it cannot leave anything running. Standard error is
// left alone, since what shells say of mistakes differs with a word put in.
var tokens = []string{
	"a", "b", "A", "p", "1", " ", " ", " ", "\t", "'", "'", `"`, `"`, `\`, `\`, "$A", "${A}", "$", "$'", `$"`,
	"*", "?", "[", "]", "{", "}", ",", "..", "~", "=", ":", "#", "!", "^", "%", "@", "+", "-", ";", "\n", "`", "é",
	"f1.x", " A=1 ", " >a ", " 3>&1 ", "<", " p ", "x",
}

// textOf makes a text of a seed: assignments or not, p, and anything.
func textOf(seed []byte) string {
	text := "p "
	for i, b := range seed {
		if i == 0 && b%4 == 0 {
			text = "A="
			continue
		}
		text += tokens[int(b)%len(tokens)]
		if i == 3 && strings.HasPrefix(text, "A=") {
			text += " p "
		}
	}
	return text
}

// shellUnderTest is a shell that could be some system's /bin/sh.
type shellUnderTest struct {
	name string
	path string // a link named sh, so that it behaves like one
	bin  string // a directory that holds p, the program that tells its arguments, and echo, true and false
}

func installedShells(t testing.TB) []shellUnderTest {
	bin := t.TempDir()
	if err := os.WriteFile(filepath.Join(bin, "p"), []byte(teller), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"echo", "true", "false"} {
		path, err := exec.LookPath(name)
		if err != nil {
			t.Fatal(err)
		}
		link(t, path, filepath.Join(bin, name))
	}
	found := []shellUnderTest{{"sh", "/bin/sh", bin}}
	for _, name := range []string{"dash", "bash", "busybox", "mksh", "ksh", "zsh", "yash"} {
		if path, err := exec.LookPath(name); err == nil {
			as := filepath.Join(t.TempDir(), "sh")
			link(t, path, as)
			found = append(found, shellUnderTest{name, as, bin})
		}
	}
	return found
}

func link(t testing.TB, target, path string) {
	t.Helper()
	if err := os.Symlink(target, path); err != nil {
		t.Fatal(err)
	}
}

// compare answers whether there was something to compare.
func (sh shellUnderTest) compare(t *testing.T, text string) bool {
	t.Helper()
	if strings.TrimSpace(text) == "" {
		return false
	}
	plain := Command{Argv: []string{sh.path, "-c", text}}
	c, err := Resolve(text, plain.Argv[:2:2], true)
	if err != nil {
		t.Errorf("%q: %v", text, err)
		return false
	}
	if !c.KeepsPID {
		if c.Direct || !slices.Equal(c.Argv, plain.Argv) {
			t.Errorf("%q: changed to %q, and still no pid is kept", text, c.Argv)
		}
		return false
	}
	want, _ := sh.run(t, plain)
	got, keptPID := sh.run(t, c)
	// What is said of a command that cannot be run differs after exec, and
	// with a directory of that name so does the status.
	cannotRun := func(result string) bool {
		return strings.HasPrefix(result, "status 126\n") || strings.HasPrefix(result, "status 127\n")
	}
	switch {
	case cannotRun(got) && cannotRun(want):
	case got != want:
		t.Errorf("%q as %q, env %q:\n got %q\nwant %q", text, c.Argv, c.Env, got, want)
	case !keptPID && !strings.Contains(text, "`"): // there p may have run alone
		t.Errorf("%q as %q: the program has another pid than what was started", text, c.Argv)
	}
	return true
}

// run runs a command in a directory of its own and tells what came of it, and
// whether the program's pid was that of what was started (true if it
// never ran).
func (sh shellUnderTest) run(t *testing.T, c Command) (result string, keptPID bool) {
	t.Helper()
	dir, err := os.MkdirTemp("", "shellcmd")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	for _, name := range []string{"f1.x", "f2.x"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	link(t, filepath.Join(sh.bin, "p"), filepath.Join(dir, "p"))
	pids := dir + ".pids"
	if err := os.WriteFile(pids, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	defer os.Remove(pids)
	// As whoever starts it does: an absolute program, looked up in PATH.
	program := c.Argv[0]
	if !strings.Contains(program, "/") {
		program = filepath.Join(sh.bin, program)
	}
	var out bytes.Buffer
	cmd := &exec.Cmd{
		Path: program, Args: c.Argv, Dir: dir, Stdout: &out,
		Env: append([]string{"TELL_PID=" + pids, "PATH=" + sh.bin, "HOME=" + sh.bin, "A=x y  f*", "LC_ALL=C.UTF-8"}, c.Env...),
	}
	err = cmd.Run()
	code := cmd.ProcessState.ExitCode() // -1 of nil
	if cmd.ProcessState == nil {
		code = 127 // what a shell makes of a command that it cannot start
	}
	result = fmt.Sprintf("status %d\n%s", code, out.String())
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			data, _ := os.ReadFile(path)
			result += fmt.Sprintf("\nfile %s: %q", strings.TrimPrefix(path, dir), data)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	told, err := os.ReadFile(pids)
	if err != nil {
		t.Fatal(err)
	}
	keptPID = len(told) == 0 || slices.Contains(strings.Fields(string(told)), fmt.Sprint(cmd.Process.Pid))
	result = strings.ReplaceAll(result, dir, "DIR")
	if cmd.Process != nil { // what $$ is, in both forms
		result = strings.ReplaceAll(result, fmt.Sprint(cmd.Process.Pid), "PID")
	}
	return result, keptPID
}
