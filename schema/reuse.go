package schema

import (
	"path/filepath"
	"strings"

	"devloop/schema/yamltree"
)

var reuseKeys = &table[Reuse]{
	what: "`reuse`",
	keys: []key[Reuse]{
		row("inputs", watchType, func(r *Reuse) *[]Pattern { return &r.Inputs }, "the files that it reads").or("the watcher's `watch`, less its `ignore`"),
		row("outputs", filled(listOf(outputType, true, "a list of paths")), func(r *Reuse) *[]Path { return &r.Outputs }, "files and directories that it makes, which are kept and put back"),
		row("env", filled(listOf(keyVariableType, true, "a list of names")), func(r *Reuse) *[]string { return &r.Env }, "variables of the environment whose values it depends on"),
		row("tools", filled(listOf(commandType, true, "a list of commands")), func(r *Reuse) *[]Command { return &r.Tools }, "commands that print the versions of its tools, such as `rustc -V`"),
	},
	aliases: reuseAliases,
}

// reuseType is true, false, or what the stage depends on and makes.
var reuseType = typ[*Reuse]{
	shape: shape{name: "boolean", or: []shape{reuseKeys.shape()}},
	read: func(d *decoder, n *yamltree.Node) (*Reuse, bool) {
		r := &Reuse{Pos: n.Pos}
		if n.Kind == yamltree.Mapping && !n.Custom {
			reuseKeys.read(d, n, r, "`reuse`", n.Pos)
			return r, true
		}
		if n.Kind == yamltree.List && !n.Custom {
			d.mistake(n.Pos, "`reuse` needs `true`, or a mapping of keys, not a list", "write `reuse: {inputs: […]}`")
			return nil, false
		}
		on, ok := boolType.read(d, n)
		if !on {
			r = nil
		}
		return r, ok
	},
}

// outputType is a file or a directory that a stage makes within the project.
var outputType = typ[Path]{
	shape: shape{name: "path"},
	read: func(d *decoder, n *yamltree.Node) (Path, bool) {
		path, ok := d.path(n, "a path")
		if !ok {
			return path, false
		}
		if strings.ContainsAny(path.Text, "*?[") {
			d.mistake(n.Pos, "an output is one file or directory, not a pattern", "name the directory: all that is in it is kept")
			return path, false
		}
		switch where := d.within(path.Abs); where {
		case ".":
			d.mistake(n.Pos, "the whole project cannot be an output", "name the files and directories that the stage makes")
			return path, false
		case "":
			d.mistake(n.Pos, "the output "+yamltree.Quote(path.Text)+" is outside of the project", "only what is below the directory of devloop.yaml can be put back")
			return path, false
		}
		return path, true
	},
}

// within is a path relative to the project that is being read, "" if it is outside.
func (d *decoder) within(abs string) string { return relativeTo(d.dir, abs) }

// relativeTo is a path relative to a directory, "" if it is outside.
func relativeTo(dir, abs string) string {
	rel, err := filepath.Rel(dir, abs)
	if err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
		return ""
	}
	return rel
}

// keyVariableType is the name of a variable whose value counts.
var keyVariableType = typ[string]{
	shape: shape{name: "string"},
	read: func(d *decoder, n *yamltree.Node) (string, bool) {
		name, ok := d.word(n, "the name of a variable")
		switch {
		case !ok:
			return "", false
		case isOwn(name):
			d.mistake(n.Pos, "`"+name+"` is set by devloop itself, and differs from run to run", "a stage that depends on it cannot be reused")
			return "", false
		case refName.FindString(name) != name:
			hint := "a name, without its value"
			if bare := strings.Trim(name, "${}"); refName.FindString(bare) == bare {
				hint = "write `" + bare + "`"
			} else if bare, _, set := strings.Cut(name, "="); set {
				hint = "write `" + bare + "`; a value belongs in the stage's `env`"
			}
			d.mistake(n.Pos, yamltree.Quote(name)+" is not the name of a variable", hint)
			return "", false
		}
		return name, true
	},
}
