package shellcmd

import (
	"slices"
	"strings"
)

// shellCall is an argv that has a shell run a text.
type shellCall struct {
	name    string // of the shell: "bash"
	options []string
	text    string
}

// The shells whose language is near enough to POSIX's to read their text.
var shells = []string{"sh", "dash", "ash", "bash", "ksh", "mksh", "zsh", "yash"}

// shellText recognises "sh -c TEXT", also with other options before -c.
func shellText(argv []string) (shellCall, bool) {
	if len(argv) == 0 {
		return shellCall{}, false
	}
	s := shellCall{name: programName(argv[0])}
	if !slices.Contains(shells, s.name) {
		return s, false
	}
	for i, arg := range argv[1:] {
		flags, short := strings.CutPrefix(arg, "-")
		switch {
		case !short && i > 0 && strings.HasSuffix(argv[i], "o"):
			continue // the value of -o, as in "bash -euo pipefail -c"
		case !short || flags == "" || flags == "-":
			return s, false
		}
		s.options = append(s.options, arg)
		if !strings.HasPrefix(flags, "-") && strings.Contains(flags, "c") && i+2 < len(argv) {
			s.text = argv[i+2]
			return s, true
		}
	}
	return s, false
}

// execs tells whether the shell becomes the program that its text names, and
// what wrapper that is; if it does not, it is the wrapper itself.
//
// It does if the text says exec, and with bash, which execs a text of one
// simple command, if that has no redirections. Others may (dash 0.5.12 does
// not).
func (s shellCall) execs() (keepsPID bool, wrapper string) {
	l, ok := parseLine(s.text)
	if !ok {
		return false, s.name + " -c"
	}
	if words, ok := l.saysExec(); ok {
		return true, Wrapper(words)
	}
	if s.name == "bash" && len(l.redirs) == 0 && !s.interactive() && l.program() {
		return true, Wrapper(l.words)
	}
	return false, s.name + " -c"
}

// interactive tells of a shell that reads start-up files, where anything can
// be set that makes it wait for what it runs, a trap for one.
func (s shellCall) interactive() bool {
	return slices.ContainsFunc(s.options, func(o string) bool {
		return strings.HasPrefix(o, "--") || strings.ContainsAny(o, "il")
	})
}
