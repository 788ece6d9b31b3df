package schema

import (
	"slices"
	"strings"

	"devloop/schema/dotenv"
	"devloop/schema/lazyregexp"
)

// shownRef finds what a shell would fill in, and what it would not: text in single
// quotes, and what a backslash protects.
var shownRef = lazyregexp.New(`'[^']*'|\\.|\$\$|\$\{[A-Za-z_][A-Za-z0-9_]*\}|\$[A-Za-z_][A-Za-z0-9_]*`)

// Shown is the command as people should see it: a variable of the file's `vars`
// has its value there, unless one of these layers, which the command gets, or the
// project's own, gives it another one. What may be a secret stays as it is
// written.
func (c Command) Shown(layers ...EnvLayer) string {
	if c.Argv != nil {
		return strings.Join(c.Argv, " ")
	}
	text := strings.TrimSpace(c.Text)
	if c.project == nil {
		return text
	}
	layers = append(layers, c.project.Env)
	return shownRef.ReplaceAllStringFunc(text, func(ref string) string {
		name := strings.Trim(ref, "${}")
		v := c.project.variable(name)
		if ref[0] != '$' || secretWord.MatchString(name) || v == nil {
			return ref
		}
		if slices.ContainsFunc(layers, func(l EnvLayer) bool { return l.names(name) }) {
			return ref
		}
		return v.Value
	})
}

// names tells whether the layer says anything of a variable.
func (l EnvLayer) names(name string) bool {
	for _, f := range l.Files {
		if f.content != nil && slices.ContainsFunc(f.content.Vars(), func(v dotenv.Var) bool { return v.Name == name }) {
			return true
		}
	}
	return slices.ContainsFunc(l.Vars, func(v EnvVar) bool { return v.Name == name })
}

// nameStages gives the stages that have no name of their own one that shows what
// is run.
func nameStages(c *Config) {
	for i := range c.Watchers {
		w := &c.Watchers[i]
		for j := range w.Stages {
			s := &w.Stages[j]
			s.show(w.Env)
			for k := range s.Parallel {
				s.Parallel[k].show(w.Env)
			}
		}
	}
}

func (s *Stage) show(env EnvLayer) {
	if len(s.Parallel) == 0 && s.Name == s.Run.short() {
		s.Name = shorten(s.Run.Shown(env, s.Env))
	}
}
