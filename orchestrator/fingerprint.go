package orchestrator

import (
	"encoding/json"
	"slices"

	"devloop/orchestrator/graph"
	"devloop/orchestrator/runner"
	"devloop/orchestrator/sockets"
	"devloop/schema"
)

// A fingerprint is the meaning of a node as text: if it has not changed, the node does not restart. A
// process's timeouts and what it watches are left out: they apply from now on without a restart.

// fingerprint of a node, with the environment that its commands would get now; environ is what they inherit.
func fingerprint(environ []string, cfg *schema.Config, n graph.Node) string {
	var parts []any
	if n.Watcher != nil {
		parts = watcherPrint(environ, n.Watcher)
	} else {
		parts = processPrint(environ, cfg, n.Process)
	}
	text, err := json.Marshal(parts)
	if err != nil {
		panic("orchestrator: a fingerprint is made of text and numbers: " + err.Error())
	}
	return string(text)
}

func processPrint(environ []string, cfg *schema.Config, p *schema.Process) []any {
	parts := []any{commandPrint(p.Run), p.Dir, environPrint(environ, p.Project, p.Env), p.ListenPID, p.PTY,
		p.Ready != nil && p.Ready.Notify}
	for _, ref := range p.Sockets {
		if s := cfg.Socket(ref.Name); s != nil {
			parts = append(parts, ref.Short, s.Via, s.To, s.Via == schema.ViaProxy && s.Listen.Type == schema.HTTP, sockets.Key(s))
		}
	}
	return parts
}

func watcherPrint(environ []string, w *schema.Watcher) []any {
	parts := []any{patternsPrint(w.Watch), patternsPrint(w.Ignore), patternsPrint(w.Project.Ignore), w.GitIgnore}
	for _, t := range w.Triggers {
		parts = append(parts, t.Abs)
	}
	for _, group := range w.Groups() {
		var stages []any
		for _, s := range group {
			stages = append(stages, []any{s.Name, commandPrint(s.Run), s.Dir, environPrint(environ, w.Project, w.Env, s.Env),
				patternsPrint(s.IfChanged), s.Timeout, s.AllowFailure, s.Interruptible, s.Remote, reusePrint(s.Reuse)})
		}
		parts = append(parts, stages)
	}
	return parts
}

func reusePrint(r *schema.Reuse) []any {
	if r == nil {
		return nil
	}
	parts := []any{patternsPrint(r.Inputs), r.Env}
	for _, out := range r.Outputs {
		parts = append(parts, out.Abs)
	}
	for _, tool := range r.Tools {
		parts = append(parts, commandPrint(tool))
	}
	return parts
}

func commandPrint(c schema.Command) []any { return []any{c.Text, c.Argv, c.Shell().Argv} }

func patternsPrint(list []schema.Pattern) (texts []string) {
	for _, p := range list {
		texts = append(texts, p.Base()+" "+p.String())
	}
	return texts
}

// environPrint is the environment of a command, sorted; or the error that it leads to.
func environPrint(inherited []string, p *schema.Project, layers ...schema.EnvLayer) []string {
	list, err := runner.Environment(inherited, p, layers...)
	if err != nil {
		return []string{err.Error()}
	}
	slices.Sort(list)
	return list
}
