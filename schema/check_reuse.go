package schema

import (
	"strings"

	"devloop/schema/lazyregexp"
	"devloop/schema/yamltree"
)

// perRun finds the variables that devloop sets for a stage, none of which is part of what a pass is known by.
var perRun = lazyregexp.New(`\bDEVLOOP_(CHANGED(_FILE)?|RUN|WATCHER|STAGE)\b`)

// builder is a command that is run for the files that it makes.
var builder = lazyregexp.New(`^\s*(cargo\s+(build|install)\b|go\s+build\s(.*\s)?-o\b|(npm|pnpm|yarn|bun)\s+(run\s+)?build\b|(npx\s+)?(vite|webpack|rollup|esbuild|parcel)\b.*\bbuild\b|(npx\s+)?(webpack|rollup)\b|(npx\s+)?tsc\b|(mvn|\./mvnw)\s(.*\s)?package\b|(gradle|\./gradlew)\s(.*\s)?(build|assemble)\b|dotnet\s+(build|publish)\b|docker\s+build\b|cmake\s+--build\b)`)

// reuse finds a stage that no earlier pass can stand for, one whose outputs are in each other's way, and one
// that seems to make something without saying what.
func (k *checker) reuse(w *Watcher, s *Stage) {
	if s.Remote {
		k.remoteStage(w, s)
	}
	if s.Reuse == nil {
		return
	}
	text := s.Run.Text + strings.Join(s.Run.Argv, " ")
	if name := perRun.FindString(text); name != "" {
		k.both(s.Reuse.Pos, "the command uses `"+name+"`, so no earlier pass can stand for this run", "remove `reuse`, or do without `"+name+"`", s.Run.Pos, "the command")
	}
	for _, tool := range s.Reuse.Tools {
		k.lateRefs(tool, nil, k.outside(w.Project, w.Env, s.Env))
	}
	for i, out := range s.Reuse.Outputs {
		for j, other := range s.Reuse.Outputs {
			if i == j || i < j && out.Abs == other.Abs || relativeTo(other.Abs, out.Abs) == "" {
				continue
			}
			k.both(out.Pos, "the output "+yamltree.Quote(out.Text)+" is part of "+yamltree.Quote(other.Text), "remove it: all that is in a directory is kept", other.Pos, "the other one")
			break
		}
	}
	if len(s.Reuse.Outputs) == 0 && builder.MatchString(text) && !strings.Contains(text, "--noEmit") {
		k.warn(s.Reuse.Pos, "what `"+shorten(text)+"` builds is not kept", "name it: `reuse: {outputs: […]}`; when an earlier pass is reused, it is put back")
	}
}

// outputs finds stages that would take what they make from each other: an output directory is put back as a whole.
func (k *checker) outputs(c *Config) {
	type made struct {
		Path
		stage *Stage
	}
	var all []made
	for i := range c.Watchers {
		for _, group := range c.Watchers[i].Groups() {
			for _, s := range group {
				if s.Reuse == nil {
					continue
				}
				for _, out := range s.Reuse.Outputs {
					for _, other := range all {
						if other.stage != s && (relativeTo(other.Abs, out.Abs) != "" || relativeTo(out.Abs, other.Abs) != "") {
							k.both(out.Pos, "the output "+yamltree.Quote(out.Text)+" is also an output of `"+other.stage.Name+"`, or a part of one", "what a stage has made is put back as a whole: let each make files of its own", other.Pos, "the other one")
							break
						}
					}
					all = append(all, made{out, s})
				}
			}
		}
	}
}

// remoteStage finds what an engine could not do with a stage: it has the inputs and nothing else, and gives back the
// outputs.
func (k *checker) remoteStage(w *Watcher, s *Stage) {
	if k.config.Remote == nil || k.config.Remote.Execute == "" {
		hint := "at the top of the file: `remote: {execute: grpcs://engine.example.com}`"
		if w.Project != k.config.root() {
			hint = "at the top of " + k.config.File + ", which includes this file: `remote: {execute: grpcs://engine.example.com}`"
		}
		k.mistake(s.Pos, "`remote: true` needs an engine to run on", hint)
	}
	if s.Reuse == nil {
		k.mistake(s.Pos, "`remote: true` needs `reuse`, for the engine gets the stage's inputs and gives back its outputs", "such as `reuse: {inputs: [src], outputs: [dist]}`")
		return
	}
	inputs := s.Reuse.Inputs
	if len(inputs) == 0 {
		inputs = w.Watch
	}
	for _, p := range inputs {
		if relativeTo(slashed(w.Project.Dir), p.Base()) == "" {
			k.both(p.Pos, "a stage with `remote: true` cannot have inputs outside of the project, as "+yamltree.Quote(p.String())+" is", "name what it needs from within: `reuse: {inputs: […]}`", s.Pos, "the stage")
		}
	}
	if relativeTo(w.Project.Dir, s.Dir) == "" {
		k.mistake(s.Pos, "a stage with `remote: true` cannot run outside of the project", "remove `dir`, or name one within it")
	}
}
