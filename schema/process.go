package schema

import (
	"time"

	"devloop/schema/yamltree"
)

var processKeys = &table[Process]{
	what: "a process",
	keys: []key[Process]{
		row("run", commandType, func(p *Process) *Command { return &p.Run }, "a command for the shell, or a list of arguments").must(),
		row("dir", dirType, func(p *Process) *string { return &p.Dir }, "where it runs").or("the project"),
		row("env", envType, func(p *Process) *[]EnvVar { return &p.Env.Vars }, "its environment; null unsets a variable"),
		row("env_file", envFilesType, func(p *Process) *[]EnvFile { return &p.Env.Files }, "files of variables"),
		row("if", leftOutType, func(p *Process) *bool { return &p.leftOut }, "leave it out unless this is true, such as `${WORKER} == on`").or("true"),
		row("watch", watchType, func(p *Process) *[]Pattern { return &p.Watch }, "files whose changes restart it"),
		row("ignore", ignoresType, func(p *Process) *[]Pattern { return &p.Ignore }, "files to leave out of `watch`"),
		row("gitignore", boolType, func(p *Process) *bool { return &p.GitIgnore }, "leave out what git ignores").or("true"),
		ptr("settle", durationType, func(p *Process) **time.Duration { return &p.Settle }, "how long files must stop changing before it acts").or("the project's"),
		row("sockets", listOf(socketRefType, true, "a list of sockets' names"), func(p *Process) *[]SocketRef { return &p.Sockets }, "the sockets it gets, in the order of its file descriptors"),
		row("listen_pid", enumType[ListenPID](map[string]string{
			"true": "always", "yes": "always", "false": "never", "no": "never", "omit": "never", "off": "never",
		}, PIDAuto, PIDAlways, PIDNever), func(p *Process) *ListenPID { return &p.ListenPID }, "how LISTEN_PID is set").or("auto"),
		row("depends_on", dependsType, func(p *Process) *[]Dependency { return &p.DependsOn }, "nodes that must be ready or have passed before it starts"),
		ptr("ready", readyType, func(p *Process) **Ready { return &p.Ready }, "how devloop knows that it is ready").or("when it accepts on its socket, or when it has started"),
		row("update", enumType[Update](nil, StopFirst, StartFirst, autoUpdate), func(p *Process) *Update { return &p.Update }, "the order in which the old version stops and the new one starts; `auto`: `start-first` where it can be").or("stop-first"),
		row("while_checking", enumType[WhileChecking](nil, CheckServe, CheckWait), func(p *Process) *WhileChecking { return &p.WhileChecking }, "whether the old version answers while a watcher upstream is busy").or("serve"),
		row("start", boolType, func(p *Process) *bool { return &p.Start }, "false: only by hand").or("true"),
		row("restart", restartType, func(p *Process) *RestartPolicy { return &p.Restart }, "whether to start it again when it exits").or("on-failure"),
		row("backoff", backoffType, func(p *Process) *Backoff { return &p.Backoff }, "the delay between such restarts"),
		row("reload", signalType, func(p *Process) *string { return &p.Reload }, "a signal sent on change instead of a restart"),
		row("stop", stopType, func(p *Process) *Stop { return &p.Stop }, "how to stop it").or("{signal: SIGTERM, timeout: 5s}"),
		row("pty", boolType, func(p *Process) *bool { return &p.PTY }, "give it a terminal").or("false"),
	},
	aliases: processAliases,
}

var socketRefType = typ[SocketRef]{
	shape: shape{name: "name"},
	read: func(d *decoder, n *yamltree.Node) (SocketRef, bool) {
		if n.Kind == yamltree.Mapping && !n.Custom {
			d.mistake(n.Pos, "`sockets` of a process needs names, not a mapping", "define sockets under `sockets` at the top, and list their names here")
			return SocketRef{}, false
		}
		name, ok := d.word(n, "the names of sockets")
		return SocketRef{Name: name, Pos: n.Pos}, ok
	},
}

var restartType = typ[RestartPolicy]{
	shape: shape{name: "string", values: []string{string(RestartAlways), string(RestartOnFailure), string(RestartNever)}},
	read: func(d *decoder, n *yamltree.Node) (RestartPolicy, bool) {
		if n.Kind == yamltree.Mapping && !n.Custom {
			hint := "write `restart: on-failure`, and `backoff: {initial: 500ms, max: 30s, give_up: 10}` beside it"
			d.mistake(n.Pos, "`restart` needs one word, not a mapping", hint)
			return "", false
		}
		return enumType[RestartPolicy](map[string]string{
			"no": "never", "false": "never", "off": "never", "none": "never",
			"yes": "always", "true": "always", "on": "always", "unless-stopped": "always",
			"on_failure": "on-failure", "failure": "on-failure", "on-abnormal": "on-failure", "on-abort": "on-failure",
			"on-success": "write `always`, or `never`", "exit_on_failure": "write `never`",
		}, RestartAlways, RestartOnFailure, RestartNever).read(d, n)
	},
}

var backoffKeys = &table[Backoff]{
	what: "`backoff`",
	keys: []key[Backoff]{
		row("initial", durationType, func(b *Backoff) *time.Duration { return &b.Initial }, "the first delay; each later one is twice as long").or("500ms"),
		row("max", durationType, func(b *Backoff) *time.Duration { return &b.Max }, "the longest delay").or("30s"),
		row("give_up", intType(0), func(b *Backoff) *int { return &b.GiveUp }, "failures in a row after which it stays down; 0: never").or("10"),
	},
	aliases: backoffAliases,
}

// defaultBackoff is that of a process without `backoff`.
var defaultBackoff = Backoff{Initial: 500 * time.Millisecond, Max: 30 * time.Second, GiveUp: 10}

var backoffType = typ[Backoff]{
	shape: backoffKeys.shape(),
	read: func(d *decoder, n *yamltree.Node) (Backoff, bool) {
		b := defaultBackoff
		if !d.is(n, yamltree.Mapping, "a mapping such as `{initial: 500ms, max: 30s, give_up: 10}`") {
			return b, false
		}
		backoffKeys.read(d, n, &b, "`backoff`", n.Pos)
		if b.Initial > b.Max {
			if n.Get("max") != nil {
				var initial Pos
				if from := n.Get("initial"); from != nil {
					initial = from.Pos
				}
				d.both(n.Get("max").Pos, "`max` is shorter than `initial`, which is "+b.Initial.String(), "", initial, "which is set here")
			} else {
				b.Max = b.Initial
			}
		}
		return b, true
	},
}

var stopKeys = &table[Stop]{
	what: "`stop`",
	keys: []key[Stop]{
		row("signal", signalType, func(s *Stop) *string { return &s.Signal }, "the first signal that it gets").or("SIGTERM"),
		row("timeout", durationType, func(s *Stop) *time.Duration { return &s.Timeout }, "after this long the whole tree is killed").or("5s"),
		ptr("command", commandType, func(s *Stop) **Command { return &s.Command }, "run instead of the signal"),
		row("leader_only", boolType, func(s *Stop) *bool { return &s.LeaderOnly }, "signal only the process that was started, not its group").or("false"),
	},
	aliases: stopAliases,
}

var defaultStop = Stop{Signal: "SIGTERM", Timeout: 5 * time.Second}

var stopType = typ[Stop]{
	shape: stopKeys.shape(),
	read: func(d *decoder, n *yamltree.Node) (Stop, bool) {
		s := defaultStop
		if n.Kind == yamltree.Scalar && !n.Custom {
			hint := "such as `stop: {signal: SIGINT, timeout: 10s}`"
			if _, err := time.ParseDuration(n.Text); err == nil && n.Tag == "!!str" {
				hint = "write `stop: {timeout: " + n.Text + "}`"
			} else if name := signalName(n.Text); isSignal(name) {
				hint = "write `stop: {signal: " + name + "}`"
			}
			d.mistake(n.Pos, "`stop` needs a mapping of keys, not "+n.What(), hint)
			return s, false
		}
		if !d.is(n, yamltree.Mapping, "a mapping of keys") {
			return s, false
		}
		stopKeys.read(d, n, &s, "`stop`", n.Pos)
		if signal := n.Get("signal"); signal != nil && !signal.Null() && s.Command != nil {
			d.both(signal.Pos, "`command` runs instead of the `signal`", "remove one of the two", n.Get("command").Pos, "the command")
		}
		return s, true
	},
}

var processesType = named(processKeys.shape(), "a mapping of names to processes", func(d *decoder, key, value *yamltree.Node) Process {
	p := Process{
		Name: key.Text, Pos: key.Pos, Dir: d.dir, GitIgnore: true, ListenPID: PIDAuto, Start: true,
		Restart: RestartOnFailure, Backoff: defaultBackoff, Stop: defaultStop,
		Update: StopFirst, WhileChecking: CheckServe,
	}
	example := "{run: ./server}"
	if value.Kind == yamltree.Scalar && !value.Null() {
		example = "{run: " + yamltree.FirstLine(value.Text) + "}"
	}
	d.node(key, value, "process", example, func() {
		p.at = value.Places()
		processKeys.read(d, value, &p, "process `"+key.Text+"`", key.Pos)
		d.checkProcessKeys(value, p)
	})
	return p
})

// checkProcessKeys checks keys that only have a meaning beside another.
func (d *decoder) checkProcessKeys(n *yamltree.Node, p Process) {
	watch := n.Get("watch")
	for _, name := range []string{"ignore", "gitignore", "settle", "reload"} {
		if v := n.Get(name); v != nil && !v.Null() && watch == nil {
			d.warn(n.KeyOf(name).Pos, "`"+name+"` of process `"+p.Name+"` does nothing without `watch`", "")
		}
	}
	if v := n.Get("backoff"); v != nil && p.Restart == RestartNever {
		d.warn(n.KeyOf("backoff").Pos, "`backoff` of process `"+p.Name+"` does nothing under `restart: never`", "")
	}
	if p.Reload == "SIGKILL" || p.Reload == "SIGSTOP" {
		d.mistake(n.Get("reload").Pos, p.Reload+" cannot be caught, so it cannot cause a reload", "remove `reload`: a change restarts the process")
	}
}

// Process returns the process of that name, or nil.
func (c *Config) Process(name string) *Process {
	return find(c.Processes, func(p *Process) bool { return p.Name == name })
}
