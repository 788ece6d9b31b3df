package procgroup

import "strings"

// MarkName is the environment variable that carries [Spec.Mark].
const MarkName = "DEVLOOP_MARK"

// withMark adds the mark to an environment. It leaves env alone.
func withMark(env []string, mark string) []string {
	if mark == "" {
		return env
	}
	return append(env[:len(env):len(env)], MarkName+"="+mark)
}

// carries says that a process with the mark value belongs to mark: it is the
// same, or continues it after a slash, as the marks of a loop do that a command
// of this one has started.
func carries(value, mark string) bool {
	rest, ok := strings.CutPrefix(value, mark)
	return ok && mark != "" && (rest == "" || rest[0] == '/')
}
