package starter

import (
	"maps"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// baconJob is what is read of a job of a bacon.toml.
type baconJob struct {
	Command      []string          `toml:"command"`
	Watch        []string          `toml:"watch"`
	Ignore       []string          `toml:"ignore"`
	Env          map[string]string `toml:"env"`
	DefaultWatch *bool             `toml:"default_watch"`
	Strategy     string            `toml:"on_change_strategy"`
	OnSuccess    string            `toml:"on_success"`
	Kill         []string          `toml:"kill"`
}

// fromBacon translates the default job, which is the one that runs at every
// save; the others wait for a key.
func fromBacon(d *draft, text []byte) error {
	var b struct {
		DefaultJob string              `toml:"default_job"`
		Jobs       map[string]baconJob `toml:"jobs"`
		Env        map[string]string   `toml:"env"`
	}
	meta, err := toml.Decode(string(text), &b)
	if err != nil {
		return err
	}
	name := b.DefaultJob
	if name == "" {
		name = "check"
	}
	job, ok := b.Jobs[name]
	if !ok {
		job = baconJob{Command: []string{"cargo", "check"}} // bacon's own default
	}
	watch := job.Watch
	if job.DefaultWatch == nil || *job.DefaultWatch {
		watch = append([]string{"{src,tests,benches,examples}/**", "{Cargo.toml,Cargo.lock,build.rs}"}, watch...)
	}
	check := entries{{key: "watch", value: flow(watch)}}
	check.add("ignore", flow(job.Ignore))
	commands := []string{command(job.Command)}
	if next, isJob := strings.CutPrefix(job.OnSuccess, "job:"); isJob && b.Jobs[next].Command != nil {
		commands = append(commands, command(b.Jobs[next].Command)) // the next stage runs when this one passed
	} else if job.OnSuccess != "" {
		d.lose(lineOf(text, "on_success"), "`on_success = "+job.OnSuccess+"`", "the next stage runs when the one before it passed")
	}
	check.add("stages", stages(commands...))
	check.when(job.Strategy == "wait_then_restart", "on_busy", "queue")
	for _, env := range []map[string]string{b.Env, job.Env} {
		for _, k := range slices.Sorted(maps.Keys(env)) {
			d.env = append(d.env, entry{key: k, value: literal(env[k])})
		}
	}
	d.watchers = append(d.watchers, entry{key: nodeName(name), sub: check})
	if job.Kill != nil {
		d.lose(lineOf(text, "kill"), "`kill`", "a cancelled stage gets SIGTERM, and SIGKILL after 2s")
	}
	for _, key := range meta.Keys() {
		switch {
		case len(key) == 2 && key[0] == "jobs" && key[1] != name && "job:"+key[1] != job.OnSuccess:
			d.lose(tableLine(text, key), "job `"+key[1]+"`", "only the default job runs at every save; as a stage: `"+command(b.Jobs[key[1]].Command)+"`")
		case len(key) == 3 && key[0] == "jobs" && key[1] == name && slices.Contains([]string{"need_stdout", "allow_warnings", "allow_failures", "background", "analyzer", "extraneous_args", "apply_gitignore", "ignored_lines", "grace_period", "show_changes_count", "workdir"}, key[2]):
			d.lose(lineOf(text, key[2]), "`"+key[2]+"`", "it is about bacon's own screen and runs; devloop shows what a command prints")
		case len(key) == 1 && key[0] == "keybindings":
			d.lose(tableLine(text, key), "`keybindings`", "devloop's keys are fixed: see `?`")
		case len(key) == 1 && !slices.Contains([]string{"default_job", "jobs", "env", "keybindings"}, key[0]):
			d.lose(lineOf(text, key[0]), "`"+key[0]+"`", "it is about bacon's own screen")
		}
	}
	return nil
}

// tableLine finds the heading of a TOML table.
func tableLine(text []byte, key toml.Key) int {
	n := 0
	for line := range strings.Lines(string(text)) {
		n++
		if heading := strings.TrimSpace(line); heading == "["+key.String()+"]" || heading == "[["+key.String()+"]]" {
			return n
		}
	}
	return 0
}

// command is an argv as shell text.
func command(argv []string) string {
	quoted := make([]string, len(argv))
	for i, arg := range argv {
		quoted[i] = arg
		if arg == "" || strings.ContainsAny(arg, " \t\n\"'\\$`|&;<>()*?[]{}~#!") {
			quoted[i] = "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
		}
	}
	return strings.Join(quoted, " ")
}
