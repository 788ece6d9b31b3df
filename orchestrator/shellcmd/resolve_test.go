package shellcmd

import (
	"slices"
	"strings"
	"testing"
)

var defaultShell = []string{"/bin/sh", "-c"}

// form is how a text is expected to be run.
type form int

const (
	whole    form = iota // by the shell, as it is
	direct               // without a shell
	execForm             // by a shell that becomes the program
	keeps                // as it is, by a shell that becomes the program
)

func TestResolve(t *testing.T) {
	for _, c := range []struct {
		text string
		form form
		want string   // execForm: the text
		argv []string // direct
		env  []string // direct
	}{
		{text: "cargo run", form: direct, argv: []string{"cargo", "run"}},
		{text: "  target/debug/server  ", form: direct, argv: []string{"target/debug/server"}},
		{text: "cargo clippy -- -D clippy::all", form: direct, argv: []string{"cargo", "clippy", "--", "-D", "clippy::all"}},
		{text: "server # the old one", form: direct, argv: []string{"server"}},
		{text: "server;", form: direct, argv: []string{"server"}},
		{text: "server \\\n  --port 1\n", form: direct, argv: []string{"server", "--port", "1"}},
		{text: "server a#b \\\n '#c'", form: direct, argv: []string{"server", "a#b", "#c"}},
		{text: "# about it\nserver", form: direct, argv: []string{"server"}},

		{text: `p "a b" 'a$b' \x "\$" a"b"'c'd`, form: direct, argv: []string{"p", "a b", "a$b", "x", "$", "abcd"}},
		{text: `p '' "" ''""`, form: direct, argv: []string{"p", "", "", ""}},
		{text: `p "\a\\\"" '\a' \\ \' \"`, form: direct, argv: []string{"p", `\a\"`, `\a`, `\`, `'`, `"`}},
		{text: "p \"a\\\nb\" a\\\nb 'a\\\nb'", form: direct, argv: []string{"p", "ab", "ab", "a\\\nb"}},
		{text: `p \$A '*' "?" \[a \~ "~"`, form: direct, argv: []string{"p", "$A", "*", "?", "[a", "~", "~"}},
		{text: `find . -name '*.go' -exec wc {} +`, form: direct, argv: []string{"find", ".", "-name", "*.go", "-exec", "wc", "{}", "+"}},
		{text: `git show HEAD~1 a#b a=b ! ] } fi`, form: direct, argv: []string{"git", "show", "HEAD~1", "a#b", "a=b", "!", "]", "}", "fi"}},
		{text: `go test -run "^TestX$" ./x`, form: direct, argv: []string{"go", "test", "-run", "^TestX$", "./x"}},
		{text: `p '\.go$' "\.rs$"`, form: direct, argv: []string{"p", `\.go$`, `\.rs$`}},
		{text: `p $A '\.go$'`, form: execForm, want: `exec p $A '\.go$'`},
		{text: `p "$[1+1]" "$'x'"`, form: execForm, want: `exec p "$[1+1]" "$'x'"`},
		{text: "größe 日本", form: direct, argv: []string{"größe", "日本"}},

		{text: "A=1 B='x y' p A=2", form: direct, argv: []string{"p", "A=2"}, env: []string{"A=1", "B=x y"}},
		{text: "DEBUG=* C=a{b,c}[d] node server.js", form: direct, argv: []string{"node", "server.js"}, env: []string{"DEBUG=*", "C=a{b,c}[d]"}},
		{text: "A= p", form: direct, argv: []string{"p"}, env: []string{"A="}},
		{text: "A=1 A=2 p", form: direct, argv: []string{"p"}, env: []string{"A=1", "A=2"}},
		{text: "A=x~y p", form: direct, argv: []string{"p"}, env: []string{"A=x~y"}},

		{text: "p $A", form: execForm, want: "exec p $A"},
		{text: `uvicorn app:app --fd "$DEVLOOP_FD_WEB"`, form: execForm, want: `exec uvicorn app:app --fd "$DEVLOOP_FD_WEB"`},
		{text: "p *.go", form: execForm, want: "exec p *.go"},
		{text: "p ~/x", form: execForm, want: "exec p ~/x"},
		{text: "p --x=~/x a:~", form: execForm, want: "exec p --x=~/x a:~"},
		{text: "p {a,b}", form: execForm, want: "exec p {a,b}"},
		{text: "p $'a'", form: execForm, want: "exec p $'a'"},
		{text: "p $(date) `date` $((1+1)) ${A:-x}", form: execForm, want: "exec p $(date) `date` $((1+1)) ${A:-x}"},
		{text: "p >log 2>&1 </dev/null # quiet", form: execForm, want: "exec p >log 2>&1 </dev/null # quiet"},
		{text: " >log p", form: execForm, want: " >log exec p"},
		{text: ">log A=1 p", form: execForm, want: ">log A=1 exec p"},
		{text: "A=1 p $A", form: execForm, want: "A=1 exec p $A"},
		{text: "A=$B p", form: execForm, want: "A=$B exec p"},
		{text: "A=~/x p", form: execForm, want: "A=~/x exec p"},
		{text: "A=a:~/x p", form: execForm, want: "A=a:~/x exec p"},
		{text: "~/bin/p x", form: execForm, want: "exec ~/bin/p x"},
		{text: `"$HOME/bin/p" x`, form: execForm, want: `exec "$HOME/bin/p" x`},
		{text: `$DIR'/'p x`, form: execForm, want: `exec $DIR'/'p x`},
		{text: "p a\\", form: execForm, want: "exec p a\\"},
		{text: "größe 日本 $A", form: execForm, want: "exec größe 日本 $A"},

		{text: "exec p", form: keeps},
		{text: "exec p $A >log", form: keeps},
		{text: "A=1 exec p", form: keeps},
		{text: "exec $A", form: keeps},
		{text: "exec", form: whole},
		{text: "exec >log", form: whole},
		{text: "exec -a name p", form: whole},
		{text: "exec p; p", form: whole},
		{text: "exec p &", form: whole},
		{text: "exec p | p", form: whole},

		{text: "p && p", form: whole},
		{text: "p || p", form: whole},
		{text: "p; p", form: whole},
		{text: "p\np", form: whole},
		{text: "p | p", form: whole},
		{text: "p &", form: whole},
		{text: "! p", form: whole},
		{text: "(p)", form: whole},
		{text: "{ p; }", form: whole},
		{text: "if p; then p; fi", form: whole},
		{text: "while p; do p; done", form: whole},
		{text: "for a in b; do p; done", form: whole},
		{text: "f() { p; }", form: whole},
		{text: "p # one \\\np", form: whole},
		{text: "p $A # one \\\np", form: whole},
		{text: "# one \\\np\np", form: whole},
		{text: "p `p \\\\`", form: whole},
		{text: "p `p '`'`'`", form: whole},
		{text: `p "$(p \\)"`, form: execForm, want: `exec p "$(p \\)"`},
		{text: `p $'\' ';p #'`, form: whole},
		{text: "p $(p # one \\\n)", form: whole},
		{text: "p <<E\nx\nE\n", form: whole},
		{text: "p &>log", form: whole},
		{text: "A=1", form: whole},
		{text: ">log", form: whole},
		{text: "# nothing", form: whole},

		{text: "cd x", form: whole},
		{text: "'cd' x", form: whole},
		{text: `c\d x`, form: whole},
		{text: "A=1 export B", form: whole},
		{text: ". ./env", form: whole},
		{text: "source env", form: whole},
		{text: ": > x", form: whole},
		{text: "test -f x", form: whole},
		{text: "[ a = b ]", form: whole},
		{text: "[[ a == b ]]", form: whole},
		{text: "time p", form: whole},
		{text: "printf x", form: whole},
		{text: "kill %1", form: whole},
		{text: "wait", form: whole},

		{text: "true", form: direct, argv: []string{"true"}},
		{text: "false", form: direct, argv: []string{"false"}},
		{text: "echo a 'b  c' -n", form: direct, argv: []string{"echo", "a", "b  c", "-n"}},
		{text: "echo -n a", form: whole},
		{text: `echo 'a\nb'`, form: whole},
		{text: "echo $A", form: whole},
		{text: "echo a >x", form: execForm, want: "exec echo a >x"},
		{text: "./echo $A", form: execForm, want: "exec ./echo $A"},

		{text: "$A x", form: whole},
		{text: "${A:-/bin/p} x", form: whole},
		{text: "$(dirname /a/b) x", form: whole},
		{text: "p* x", form: whole},
		{text: "-p $A", form: whole},
		{text: "%p", form: whole},
		{text: "-$A/p", form: whole},
		{text: "'' x", form: whole},
		{text: "A+=1 p", form: whole},
		{text: "A[1]=1 p", form: whole},
		{text: "A[4/2]=1 p", form: whole},
		{text: "c++=x", form: direct, argv: []string{"c++=x"}},

		{text: "p 'a", form: whole},
		{text: "p )", form: whole},
		{text: "p <(p)", form: whole},
		{text: "p a\r\n", form: whole},
		{text: "p \xff", form: whole},
	} {
		got, err := Resolve(c.text, defaultShell, true)
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		want := Command{Argv: c.argv, Env: c.env, Direct: c.form == direct, KeepsPID: c.form != whole}
		switch c.form {
		case whole, keeps:
			want.Argv = []string{"/bin/sh", "-c", c.text}
		case execForm:
			want.Argv = []string{"/bin/sh", "-c", c.want}
		}
		if !slices.Equal(got.Argv, want.Argv) || !slices.Equal(got.Env, want.Env) || got.Direct != want.Direct || got.KeepsPID != want.KeepsPID {
			t.Errorf("%q:\n got %+v\nwant %+v", c.text, got, want)
		}
	}
}

func TestResolveOtherShell(t *testing.T) {
	for _, c := range []struct {
		shell, text string
		keeps       bool
		wrapper     string
	}{
		{"fish -c", "exec server", false, ""},
		{"bash -euo pipefail -c", "server", true, ""},
		{"bash -euo pipefail -c", "server >log", false, ""},
		{"bash -euo pipefail -c", "exec server >log", true, ""},
		{"bash -c", "npm run dev", true, "npm run"},
		{"bash -c", "cd x", false, ""},
		{"bash -lc", "server", false, ""},
		{"bash --login -c", "server", false, ""},
		{"/bin/sh -c", "server", false, ""}, // chosen, not default
		{"sh -ec", "exec env A=1 npm start", true, "npm start"},
		{"python3 -c", "exec server", false, ""},
	} {
		shell := strings.Fields(c.shell)
		got, err := Resolve(c.text, shell, false)
		if err != nil {
			t.Errorf("%q, %q: %v", c.shell, c.text, err)
			continue
		}
		if want := append(slices.Clone(shell), c.text); !slices.Equal(got.Argv, want) || got.Direct {
			t.Errorf("%q, %q: got %q, want %q", c.shell, c.text, got.Argv, want)
		}
		if got.KeepsPID != c.keeps || got.Wrapper != c.wrapper {
			t.Errorf("%q, %q: got KeepsPID %v, Wrapper %q; want %v, %q", c.shell, c.text, got.KeepsPID, got.Wrapper, c.keeps, c.wrapper)
		}
	}
}

// TestResolveKeepsShell: the caller's slice is not appended to.
func TestResolveKeepsShell(t *testing.T) {
	shell := append(make([]string, 0, 8), "/bin/sh", "-c")
	first, _ := Resolve("a; b", shell, true)
	if _, err := Resolve("c $D", shell, true); err != nil {
		t.Fatal(err)
	}
	if first.Argv[2] != "a; b" {
		t.Errorf("the first command became %q", first.Argv)
	}
}

func TestResolveErrors(t *testing.T) {
	for _, c := range []struct {
		text  string
		shell []string
		want  string
	}{
		{"", defaultShell, "empty"},
		{" \n\t", defaultShell, "empty"},
		{"a\x00b", defaultShell, "NUL at byte 1"},
		{"a; b", nil, "needs a shell"},
		{"a $B", nil, "needs a shell"},
	} {
		if _, err := Resolve(c.text, c.shell, true); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: got %v, want an error with %q", c.text, err, c.want)
		}
	}
	if c, err := Resolve("a b", nil, true); err != nil || !c.Direct {
		t.Errorf("a command that needs no shell, without one: got %+v, %v", c, err)
	}
}

func TestSole(t *testing.T) {
	for text, want := range map[string]string{
		"cargo test":               "cargo",
		"X=1 cargo test":           "cargo",
		"cargo clippy -- $CLIPPY":  "cargo",
		"cargo test *.rs":          "cargo",
		"cargo test > out.txt":     "",
		"cargo test $X > out.txt":  "",
		"cargo test | tee out.txt": "",
		"cargo test && true":       "",
		"cargo test $(cargo list)": "",
		"cargo test `cargo list`":  "",
		"NO_COLOR=1 cargo test $X": "",
		"$CARGO test":              "",
		"(cargo test)":             "",
		"cargo test & wait":        "",
		"! cargo test":             "",
	} {
		c, err := Resolve(text, defaultShell, true)
		if err != nil || c.Sole != want {
			t.Errorf("%s: %q, want %q; %v", text, c.Sole, want, err)
		}
	}
}
