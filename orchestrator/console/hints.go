package console

import "strings"

// ColorHints returns the variables, NAME=value, that ask programs to write
// colours though their output is no terminal: for commands without a terminal
// of their own, when [Options.Color] is on. A wish that environ holds already
// wins: each name that is set in it is left out, and with NO_COLOR set there
// are none.
//
// FORCE_COLOR is Node's, Python's and pytest's (1, 2 or 3: 16 or 256 colours,
// or all; see nodejs.org/api/tty.html), CLICOLOR_FORCE that of many Unix
// programs (bixense.com/clicolors), CARGO_TERM_COLOR cargo's.
func ColorHints(environ []string) []string {
	set := make(map[string]string, len(environ))
	for _, kv := range environ {
		name, value, _ := strings.Cut(kv, "=")
		set[name] = value
	}
	if set["NO_COLOR"] != "" {
		return nil
	}
	depth := "1"
	switch term := set["TERM"]; {
	case set["COLORTERM"] == "truecolor" || set["COLORTERM"] == "24bit":
		depth = "3"
	case strings.Contains(term, "256"):
		depth = "2"
	}
	var hints []string
	for _, hint := range [][2]string{{"FORCE_COLOR", depth}, {"CLICOLOR_FORCE", "1"}, {"CARGO_TERM_COLOR", "always"}} {
		if _, ok := set[hint[0]]; !ok {
			hints = append(hints, hint[0]+"="+hint[1])
		}
	}
	return hints
}
