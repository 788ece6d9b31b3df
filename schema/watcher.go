package schema

import (
	"time"

	"devloop/schema/yamltree"
)

var watcherKeys = &table[Watcher]{
	what: "a watcher",
	keys: []key[Watcher]{
		row("watch", watchType, func(w *Watcher) *[]Pattern { return &w.Watch }, "files whose changes run the stages").must(),
		row("ignore", ignoresType, func(w *Watcher) *[]Pattern { return &w.Ignore }, "files to leave out of `watch`"),
		row("gitignore", boolType, func(w *Watcher) *bool { return &w.GitIgnore }, "leave out what git ignores").or("true"),
		row("stages", stagesType, func(w *Watcher) *[]Stage { return &w.Stages }, "commands, run in order; the first failure ends the run").must(),
		row("trigger", triggersType, func(w *Watcher) *[]Path { return &w.Triggers }, "files to touch when every stage has passed"),
		row("on_busy", enumType[OnBusy](map[string]string{
			"cancel": "restart", "kill": "restart", "wait": "queue", "do-nothing": "a change is never forgotten: `queue` runs once more at the end",
			"ignore": "a change is never forgotten: `queue` runs once more at the end", "do_nothing": "a change is never forgotten: `queue` runs once more at the end",
		}, BusyRestart, BusyQueue), func(w *Watcher) *OnBusy { return &w.OnBusy }, "a change while stages run: start over, or run again at the end").or("restart"),
		row("on_start", boolType, func(w *Watcher) *bool { return &w.OnStart }, "run once at the start").or("true"),
		row("depends_on", dependsType, func(w *Watcher) *[]Dependency { return &w.DependsOn }, "nodes that must be ready or have passed before a run"),
		ptr("settle", durationType, func(w *Watcher) **time.Duration { return &w.Settle }, "how long files must stop changing before it acts").or("the project's"),
		row("dir", dirType, func(w *Watcher) *string { return &w.Dir }, "where the stages run").or("the project"),
		row("env", envType, func(w *Watcher) *[]EnvVar { return &w.Env.Vars }, "environment of every stage; null unsets a variable"),
		row("env_file", envFilesType, func(w *Watcher) *[]EnvFile { return &w.Env.Files }, "files of variables"),
		row("if", leftOutType, func(w *Watcher) *bool { return &w.leftOut }, "leave it out unless this is true, such as `${TESTS} == beside`").or("true"),
	},
	aliases: watcherAliases,
}

var watchersType = named(watcherKeys.shape(), "a mapping of names to watchers", func(d *decoder, key, value *yamltree.Node) Watcher {
	w := Watcher{Name: key.Text, Pos: key.Pos, GitIgnore: true, OnBusy: BusyRestart, OnStart: true, Dir: d.dir}
	d.node(key, value, "watcher", "{watch: src, stages: [make]}", func() {
		watcherKeys.read(d, value, &w, "watcher `"+key.Text+"`", key.Pos)
	})
	all := len(w.Stages)
	w.Stages = present(w.Stages)
	switch {
	case len(w.Stages) > 0 || len(w.Triggers) > 0 || w.leftOut:
	case all > 0:
		d.mistake(key.Pos, "every stage of watcher `"+key.Text+"` is left out by its `if`", "give the `if` to the watcher")
	}
	for i := range w.Stages {
		s := &w.Stages[i]
		if s.Dir == "" && len(s.Parallel) == 0 {
			s.Dir = w.Dir
		}
		for j := range s.Parallel {
			if p := &s.Parallel[j]; p.Dir == "" {
				p.Dir = w.Dir
			}
		}
	}
	return w
})
