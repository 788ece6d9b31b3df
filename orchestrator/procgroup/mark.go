package procgroup

import "devloop/orchestrator/proctree"

// withMark adds the mark to an environment. It leaves env alone.
func withMark(env []string, mark string) []string {
	if mark == "" {
		return env
	}
	return append(env[:len(env):len(env)], proctree.MarkName+"="+mark)
}
