package schema

import (
	"slices"
	"strconv"
	"strings"

	"devloop/schema/nearest"
	"devloop/schema/yamltree"
)

// signals are the names that the Unix systems share, and those that one of them
// has: a file is checked in, and must be as valid on the next machine.
var signals = []string{
	"SIGHUP", "SIGINT", "SIGQUIT", "SIGILL", "SIGTRAP", "SIGABRT", "SIGBUS", "SIGFPE", "SIGKILL",
	"SIGUSR1", "SIGSEGV", "SIGUSR2", "SIGPIPE", "SIGALRM", "SIGTERM", "SIGCHLD", "SIGCONT", "SIGSTOP",
	"SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGURG", "SIGXCPU", "SIGXFSZ", "SIGVTALRM", "SIGPROF", "SIGWINCH",
	"SIGIO", "SIGSYS", "SIGPWR", "SIGINFO",
}

// numbered are the numbers that POSIX fixes for kill(1); the others differ
// between systems, which is why the language has no numbers.
var numbered = map[int]string{
	1: "SIGHUP", 2: "SIGINT", 3: "SIGQUIT", 6: "SIGABRT", 9: "SIGKILL", 14: "SIGALRM", 15: "SIGTERM",
}

// signalType is the name of a signal with or without SIG; its value has it.
var signalType = typ[string]{
	shape: shape{name: "signal"},
	read: func(d *decoder, n *yamltree.Node) (string, bool) {
		const wanted = "the name of a signal such as `SIGTERM`"
		text, ok := d.text(n, wanted)
		if !ok {
			return "", false
		}
		if number, err := strconv.Atoi(text); err == nil {
			hint := "numbers differ between systems"
			if name := numbered[number]; name != "" {
				hint = "write `" + name + "`"
			}
			d.mistake(n.Pos, "`"+d.key+"` needs "+wanted+", not a number", hint)
			return "", false
		}
		name := signalName(text)
		if isSignal(name) {
			return name, true
		}
		d.mistake(n.Pos, yamltree.Quote(text)+" is not a signal", signalHint(name))
		return "", false
	},
}

// signalHint compares without the SIG that all names share.
func signalHint(name string) string {
	words := make([]string, len(signals))
	for i, s := range signals {
		words[i] = strings.TrimPrefix(s, "SIG")
	}
	if near, ok := nearest.Of(strings.TrimPrefix(name, "SIG"), words); ok {
		return "did you mean `SIG" + near + "`?"
	}
	return ""
}

func isSignal(name string) bool { return slices.Contains(signals, name) }

func signalName(text string) string {
	return "SIG" + strings.TrimPrefix(strings.ToUpper(text), "SIG")
}
