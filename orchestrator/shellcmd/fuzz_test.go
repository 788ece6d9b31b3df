package shellcmd

import (
	"slices"
	"strings"
	"testing"

	"devloop/orchestrator/test/testenv"

	"mvdan.cc/sh/v3/syntax"
)

// FuzzResolve tries any text, and runs none of them.
func FuzzResolve(f *testing.F) {
	testenv.Seeds(f, "testdata/fuzz/FuzzResolve.txtar")
	for _, text := range []string{
		"cargo run", `p "a b" 'c' \d`, "A=1 p $B", "exec p >x", "a && b", "~/p {a,b} $'x'", "p <<E\nE\n", "p \\", "env -S x", "bash -ceo pipefail x",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := Resolve(text, defaultShell, true)
		if err != nil {
			if strings.Trim(text, " \t\n") != "" && !strings.Contains(text, "\x00") {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		if len(c.Argv) == 0 || c.Direct && !c.KeepsPID || !c.Direct && c.Env != nil {
			t.Fatalf("%q: %+v", text, c)
		}
		Wrapper(c.Argv)
		if !c.Direct {
			got := c.Argv[2]
			if got != text && (!c.KeepsPID || len(got) != len(text)+len("exec ")) {
				t.Fatalf("%q became %q", text, c.Argv)
			}
			return
		}
		// What was taken apart, quoted and put together again, is the same.
		var again strings.Builder
		for _, word := range c.Argv {
			quoted, err := syntax.Quote(word, syntax.LangPOSIX)
			if err != nil {
				return // no POSIX way to write it
			}
			again.WriteString(quoted + " ")
		}
		back, err := Resolve(again.String(), defaultShell, true)
		if err != nil || !back.Direct || !slices.Equal(back.Argv, c.Argv) {
			t.Fatalf("%q is %q, but that, quoted as %q, is %q (%v)", text, c.Argv, again.String(), back.Argv, err)
		}
	})
}
