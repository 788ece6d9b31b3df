package console

import "path/filepath"

// colorHints are the variables by which programs that many projects build and
// test with are asked for colours. Each is its program's own, and nothing else
// reads it: doc.rust-lang.org/cargo/reference/environment-variables.html,
// docs.pytest.org/en/stable/reference, mypy.readthedocs.io/en/stable.
var colorHints = map[string][2]string{
	"cargo":  {"CARGO_TERM_COLOR", "always"},
	"pytest": {"PY_COLORS", "1"},
	"mypy":   {"MYPY_FORCE_COLOR", "1"},
}

// ColorHint returns the variable that asks a program to write colours though its
// output is a pipe; no name if there is none that is sound. It is for a program
// whose output goes to the screen, when [Options.Color] is on.
//
// The variables that many programs share, such as FORCE_COLOR and
// CLICOLOR_FORCE, are not sound: whatever the program starts inherits them, and
// much of that writes into files and into other programs' pipes, where escape
// codes are wrong.
//
// lookup has the program's environment. A wish that it holds wins: with
// NO_COLOR, or with the variable itself, there is no hint.
func ColorHint(program string, lookup func(name string) (string, bool)) (name, value string) {
	hint, known := colorHints[filepath.Base(program)]
	if !known {
		return "", ""
	}
	if no, _ := lookup("NO_COLOR"); no != "" {
		return "", ""
	}
	if _, set := lookup(hint[0]); set {
		return "", ""
	}
	return hint[0], hint[1]
}
