package schema

import (
	"errors"
	"io/fs"

	"devloop/schema/dotenv"
	"devloop/schema/smallfile"
	"devloop/schema/yamltree"
)

// Environment is the environment of a command while it is being built.
type Environment interface {
	Lookup(name string) (value string, ok bool)
	Set(name, value string)
	Unset(name string)
}

// Apply adds the layer to an environment: its files in order, as they were when the configuration was
// loaded, then its variables. The error is a Mistake in a file, without any value; in the environment of
// the load there was none.
func (l EnvLayer) Apply(env Environment) error {
	for i := range l.Files {
		f := &l.Files[i]
		if f.content == nil {
			continue
		}
		if _, bad := f.content.Expand(env); bad != nil {
			return f.mistake(*bad)
		}
	}
	for _, v := range l.Vars {
		if v.Unset {
			env.Unset(v.Name)
		} else {
			env.Set(v.Name, v.Value)
		}
	}
	return nil
}

// Refers tells whether a value in the file refers to a variable, for exports to another tool.
func (f EnvFile) Refers() bool { return f.content != nil && f.content.Refers() }

// mistake places one in the file. The line is not shown: it may contain a secret.
func (f *EnvFile) mistake(m dotenv.Mistake) Mistake {
	return Mistake{Pos: f.at(m.Pos), Msg: m.Msg, Hint: m.Hint}
}

func (f *EnvFile) at(pos dotenv.Pos) Pos { return Pos{File: f.shown, Line: pos.Line, Col: pos.Col} }

// mayDefine tells whether one of the files sets a variable, or is missing and might.
func (l EnvLayer) mayDefine(name string) bool {
	for _, f := range l.Files {
		if f.content == nil {
			return true
		}
		for _, v := range f.content.Vars() {
			if v.Name == name {
				return true
			}
		}
	}
	return false
}

// envFiles reads the env files of all commands, and finds what is wrong in them.
func (l *loader) envFiles(c *Config) {
	if l.structure {
		return
	}
	read := map[string]*dotenv.File{}
	tops := map[*Project]*envDraft{}
	for _, p := range c.Projects {
		env := &envDraft{below: l.opt.LookupEnv}
		for _, v := range p.Vars {
			env.Set(v.Name, v.Value)
		}
		l.envLayer(p.Env, env, read)
		tops[p] = env
	}
	for i := range c.Watchers {
		w := &c.Watchers[i]
		env := tops[w.Project].above()
		l.envLayer(w.Env, env, read)
		for _, s := range w.Stages {
			l.envLayer(s.Env, env.above(), read)
			for _, p := range s.Parallel {
				l.envLayer(p.Env, env.above(), read)
			}
		}
	}
	for i := range c.Processes {
		p := &c.Processes[i]
		l.envLayer(p.Env, tops[p.Project].above(), read)
	}
}

// envLayer reads the files of a layer, and adds it to the environment that its commands will have, to find
// unset variables.
func (l *loader) envLayer(layer EnvLayer, env *envDraft, read map[string]*dotenv.File) {
	good := true
	for i := range layer.Files {
		f := &layer.Files[i]
		at := l.display(f.Path)
		f.shown = at.file
		content, known := read[f.Path]
		if !known {
			content = l.envFile(f, at)
			read[f.Path] = content
		}
		f.content = content
		if content == nil {
			continue
		}
		unset, bad := content.Expand(env)
		for _, ref := range unset {
			w := Mistake{Pos: f.at(ref.Pos), Msg: "`$" + ref.Name + "` is not set, so it is empty here", Hint: "`${" + ref.Name + ":-}` says that it may be; `$$` is a `$`"}
			if !ref.Braced && secretWord.MatchString(ref.Of) { // what follows the `$` may be part of the secret
				w.Msg, w.Hint = "this `$` refers to a variable that is not set, so it is empty here", "`$$` is a `$`"
			}
			l.warnings = append(l.warnings, w)
		}
		if bad != nil {
			l.mistakes = append(l.mistakes, f.mistake(*bad))
			good = false
		}
	}
	if good {
		_ = EnvLayer{Vars: layer.Vars}.Apply(env) // it has no files
	}
}

// envFile reads one file; nil if it does not exist, or has a mistake, which is reported.
func (l *loader) envFile(f *EnvFile, at place) *dotenv.File {
	l.lookAt(f.Path)
	info, err := l.opt.Stat(f.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if f.Required {
			l.mistake(f.Pos, "there is no file "+yamltree.Quote(at.file), "without `required` it may be missing")
		}
		return nil
	case err == nil:
		if bad := smallfile.Usable(info); bad != nil {
			l.mistake(f.Pos, yamltree.Quote(at.file)+" is "+bad.Error(), "")
			return nil
		}
		if !l.trusts(f.Pos, at, info, false) {
			return nil
		}
	}
	text, err := l.opt.ReadFile(f.Path)
	if errors.Is(err, fs.ErrNotExist) && !f.Required {
		return nil // a moment ago it existed
	}
	if err != nil {
		l.unreadable(f.Pos, at, err)
		return nil
	}
	content, mistakes := dotenv.Parse(text)
	for _, m := range mistakes {
		l.mistakes = append(l.mistakes, f.mistake(m))
	}
	if content != nil {
		for _, v := range content.Vars() {
			if isOwn(v.Name) {
				l.warnings = append(l.warnings, Mistake{Pos: f.at(v.Pos), Msg: "`" + v.Name + "` is set by devloop itself, whatever is written here"})
			}
		}
	}
	return content
}

// envDraft is the environment of a command as far as it is known before the start: what was set or unset
// over what is below.
type envDraft struct {
	below  func(name string) (string, bool)
	values map[string]EnvVar
}

// above is an environment that begins with what e is now.
func (e *envDraft) above() *envDraft { return &envDraft{below: e.Lookup} }

func (e *envDraft) Lookup(name string) (string, bool) {
	if v, known := e.values[name]; known {
		return v.Value, !v.Unset
	}
	return e.below(name)
}

func (e *envDraft) Set(name, value string) { e.put(EnvVar{Name: name, Value: value}) }

func (e *envDraft) Unset(name string) { e.put(EnvVar{Name: name, Unset: true}) }

func (e *envDraft) put(v EnvVar) {
	if e.values == nil {
		e.values = map[string]EnvVar{}
	}
	e.values[v.Name] = v
}
