package schema

import (
	"sync"
	"time"

	"devloop/schema/yamltree"
)

// topKeys is the whole language: every other table hangs below it.
var topKeys = &table[Config]{
	what: "a devloop.yaml",
	keys: []key[Config]{
		{
			name: "version", shape: shape{name: "integer", values: []string{"1"}}, def: "1",
			doc: "version of the language",
			read: func(d *decoder, n *yamltree.Node, _ *Config) {
				if v, ok := intType(0).read(d, n); ok && v != 1 {
					d.mistake(n.Pos, "this devloop reads version 1 of the language, not "+yamltree.Quote(n.Text), "a newer devloop may read this file")
				}
			},
		},
		row("name", textType, func(c *Config) *string { return &c.Name }, "shown in titles").or("the file's directory"),
		{
			name: "extends", shape: extendsType.shape,
			doc:  "presets under this file: a path, a name, or `preset:NAME`",
			read: func(*decoder, *yamltree.Node, *Config) {}, // by layers, before all others
		},
		row("include", includesType, func(c *Config) *[]inclusion { return &c.includes }, "other projects to run beside this one"),
		row("vars", varsType, func(c *Config) *[]Var { return &c.Vars }, "names for ${NAME}; the environment wins over them"),
		row("env", envType, func(c *Config) *[]EnvVar { return &c.Env.Vars }, "environment of every command; null unsets a variable"),
		row("env_file", envFilesType, func(c *Config) *[]EnvFile { return &c.Env.Files }, "files of variables"),
		row("shell", shellType, func(c *Config) *Shell { return &c.Shell }, "what runs a command that is a string").or("[/bin/sh, -c]"),
		row("ignore", ignoresType, func(c *Config) *[]Pattern { return &c.Ignore }, "files that no watcher sees"),
		ptr("settle", durationType, func(c *Config) **time.Duration { return &c.Settle }, "how long files must stop changing before it acts").or("adaptive"),
		row("poll", pollType, func(c *Config) **time.Duration { return &c.Poll }, "poll for changes instead of waiting for the system's events; a duration is how long one may go unnoticed").or("false"),
		row("jobs", intType(1), func(c *Config) *int { return &c.Jobs }, "stages that may run at once").or("the number of CPUs"),
		row("sockets", socketsType, func(c *Config) *[]Socket { return &c.Sockets }, "sockets that devloop binds and holds"),
		row("watchers", watchersType, func(c *Config) *[]Watcher { return &c.Watchers }, "stages that run when files change"),
		row("processes", processesType, func(c *Config) *[]Process { return &c.Processes }, "commands that keep running"),
		ptr("remote", remoteType, func(c *Config) **Remote { return &c.Remote }, "a cache and an engine that others share"),
		row("dashboard", dashboardType, func(c *Config) **Listen { return &c.Dashboard }, "the address of a web page that shows the loop, such as `7777`").or("off"),
	},
	aliases: topAliases,
}

// dialect is what the parser of YAML knows of the language.
var dialect = yamltree.Dialect{
	File:    "a devloop.yaml",
	IsKey:   func(key string) bool { return len(owners[key]) > 0 },
	TagHint: tagHint,
}

func init() {
	own(topKeys)
	own(socketKeys)
	own(watcherKeys)
	own(commandStage)
	own(groupStage)
	own(reuseKeys)
	own(remoteKeys)
	own(processKeys)
	own(readyKeys)
	own(stopKeys)
	own(backoffKeys)
	own(dependencyKeys)
	own(envFileKeys)
	own(includeKeys)
	own(variableKeys)
}

// topShape is the shape of a whole file. It is made once: the tables are the
// same for every load.
var topShape = sync.OnceValue(func() shape { return topKeys.shape() })
