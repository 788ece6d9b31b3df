package schema

import (
	"strings"
	"time"

	"devloop/schema/yamltree"
)

// commandStage has the keys of a stage that runs a command.
var commandStage = &table[Stage]{
	what: "a stage",
	keys: []key[Stage]{
		row("name", textType, func(s *Stage) *string { return &s.Name }, "its name in output").or("a short form of the command"),
		row("run", commandType, func(s *Stage) *Command { return &s.Run }, "a command for the shell, or a list of arguments").must(),
		row("dir", dirType, func(s *Stage) *string { return &s.Dir }, "where it runs").or("the watcher's"),
		row("env", envType, func(s *Stage) *[]EnvVar { return &s.Env.Vars }, "its environment; null unsets a variable"),
		row("env_file", envFilesType, func(s *Stage) *[]EnvFile { return &s.Env.Files }, "files of variables"),
		row("if_changed", watchType, func(s *Stage) *[]Pattern { return &s.IfChanged }, "skip it unless one of these has changed since its last pass began"),
		row("timeout", durationType, func(s *Stage) *time.Duration { return &s.Timeout }, "it fails if it takes longer").or("none"),
		row("allow_failure", boolType, func(s *Stage) *bool { return &s.AllowFailure }, "continue if it fails").or("false"),
		row("nice", rangeType(0, 19), func(s *Stage) *int { return &s.Nice }, "its CPU priority, as for nice(1): higher gives way to others").or("0"),
		row("problems", problemsType, func(s *Stage) *Problems { return &s.Problems }, "how its output is read for places in files: a tool's name, a regular expression with the groups `file` and `line`, or `off`").or("auto: all tools that are known"),
		row("reuse", reuseType, func(s *Stage) **Reuse { return &s.Reuse }, "do not run it again if it has passed with the same inputs: true, or what they are").or("false"),
		row("remote", boolType, func(s *Stage) *bool { return &s.Remote }, "run it on the engine that `remote.execute` at the top names").or("false"),
		row("interruptible", boolType, func(s *Stage) *bool { return &s.Interruptible }, "a change may cancel it midway").or("true"),
		row("if", leftOutType, func(s *Stage) *bool { return &s.leftOut }, "leave it out unless this is true, such as `${TESTS} == gate`").or("true"),
	},
	aliases: stageAliases,
}

// groupStage has the one key of a stage that is a group.
var groupStage = &table[Stage]{
	what: "a parallel group",
	keys: []key[Stage]{
		row("parallel", filled(listOf(stageType(nil), false, "a list of stages")), func(s *Stage) *[]Stage { return &s.Parallel }, "stages that run side by side").must(),
	},
	aliases: notOfGroup(),
}

// notOfGroup hints at the stages of a group for the keys that only they have.
func notOfGroup() aliases {
	hints := aliases{}
	for _, one := range stageAliases {
		if commandStage.find(one.hint) != nil {
			one.hint = "give each stage of the group a `" + one.hint + "`"
		}
		if one.names != "parallel" { // which a group has
			hints = append(hints, one)
		}
	}
	return append(hints, alias{"give it to each stage of the group", strings.Join(commandStage.names(), " ")})
}

// stagesType is a list in its order; a lone command is a list of one.
var stagesType = func() typ[[]Stage] {
	t := listOf(stageType(groupStage), true, "a list of stages") // an empty one: see watchersType
	read := t.read
	t.read = func(d *decoder, n *yamltree.Node) ([]Stage, bool) {
		if n.Kind != yamltree.Mapping || n.Custom || len(n.Pairs) == 0 || n.Flow && n.Misread() != "" {
			return read(d, n)
		}
		hint := "put a `- ` before each stage"
		if first := n.Pairs[0]; commandStage.find(first.Key.Text) == nil && first.Value.Kind == yamltree.Scalar {
			hint = "stages have an order: write each as an item, `- " + yamltree.FirstLine(first.Value.Text) + "`"
		}
		d.mistake(n.Pos, "`stages` needs a list of stages, not a mapping", hint)
		return nil, false
	}
	return t
}()

// stageType is a command, or its keys, or, unless group is nil, a group.
func stageType(group *table[Stage]) typ[Stage] {
	s := shape{name: "stage", or: []shape{commandType.shape, commandStage.shape()}}
	if group != nil {
		s.or = append(s.or, group.shape())
	}
	return typ[Stage]{shape: s, read: func(d *decoder, n *yamltree.Node) (Stage, bool) {
		s := Stage{Pos: n.Pos, Interruptible: true}
		if n.Null() {
			d.mistake(n.Pos, "an empty stage", "remove the `-`, or write a command after it")
			return s, false
		}
		if n.Kind == yamltree.List && !n.Custom {
			d.mistake(n.Pos, "a stage cannot be a list", "write `run: […]` for an argv, or `parallel: […]` for a group")
			return s, false
		}
		if hint := n.Misread(); n.Kind == yamltree.Mapping && n.Get("run") == nil && hint != "" {
			d.mistake(n.Pos, "a stage is a command or a mapping of keys", hint)
			return s, false
		}
		if n.Kind != yamltree.Mapping || n.Custom {
			before := d.key
			d.key = "run"
			s.Run, _ = commandType.read(d, n)
			d.key = before
		} else if n.Get("parallel") == nil {
			commandStage.read(d, n, &s, "the stage", n.Pos)
		} else if group != nil {
			g := Stage{Pos: n.Pos}
			group.read(d, n, &g, "the group", n.Pos)
			return g, len(g.Parallel) > 0
		} else {
			d.mistake(n.KeyOf("parallel").Pos, "a group within a group", "write its stages out in the outer one")
			return s, false
		}
		if s.Name == "" {
			s.Name = s.Run.short()
		}
		return s, true
	}}
}
