package procgroup

import "devloop/orchestrator/proctree"

// MarkName is the environment variable that carries [Spec.Mark].
const MarkName = proctree.MarkName

// withMark adds the mark to an environment. It leaves env alone.
func withMark(env []string, mark string) []string {
	if mark == "" {
		return env
	}
	return append(env[:len(env):len(env)], MarkName+"="+mark)
}
