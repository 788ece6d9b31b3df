package starter

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"

	"devloop/schema/lazyregexp"
)

// devNames are what projects call the command of the loop, the best first.
var devNames = []string{"dev", "develop", "watch", "serve", "server", "start", "run", "up", "web", "app", "local", "api", "backend"}

// A saidFile is a file that says how the project is run, and what it has said.
type saidFile struct {
	name, text string
	all        []said
}

// add adds a command of that name, if it is one. what follows the file's name where people are told of it.
func (f *saidFile) add(name, command, what string, line int) {
	if command = strings.Join(strings.Fields(command), " "); command != "" {
		f.all = append(f.all, said{command: command, from: f.name + what, line: line, name: name, file: f.name})
	}
}

// saidReaders are who reads which files, in the order of what commands returns.
var saidReaders = []struct {
	read  func(*saidFile)
	files []string
}{
	{saidScripts, []string{"package.json", "composer.json", "deno.json", "deno.jsonc"}},
	{saidProcfile, []string{"Procfile.dev", "Procfile"}},
	{saidAir, []string{".air.toml", "air.toml"}},
	{saidModd, []string{"modd.conf"}},
	{saidProcessCompose, []string{"process-compose.yaml", "process-compose.yml"}},
	{makefile.read, []string{"Makefile", "makefile", "GNUmakefile"}},
	{justfile.read, []string{"justfile", "Justfile", ".justfile"}},
	{saidTaskfile, []string{"Taskfile.yml", "Taskfile.yaml", "taskfile.yml"}},
	{saidMise, []string{"mise.toml", ".mise.toml"}},
	{saidPyproject, []string{"pyproject.toml"}},
	{saidDevcontainer, []string{".devcontainer/devcontainer.json", ".devcontainer.json"}},
	{saidCompose, []string{"compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"}},
	{saidDockerfile, []string{"Dockerfile"}},
}

// commands are what the project says of how it is run; of each file first the names that mean the loop.
// Those of another name are not among them, and what cannot be read says nothing.
func (p *project) commands() []said {
	if p.said != nil {
		return *p.said
	}
	var all []said
	for _, r := range saidReaders {
		for _, name := range r.files {
			if text, err := p.read(name); err == nil && text != "" {
				f := &saidFile{name: name, text: text}
				r.read(f)
				slices.SortStableFunc(f.all, func(a, b said) int { return devRank(a.name) - devRank(b.name) })
				all = append(all, f.all...)
			}
		}
	}
	p.said = &all
	return all
}

// devRank orders names by how surely they mean the loop: `dev:api` is a `dev`.
func devRank(name string) int {
	if i := slices.Index(devNames, name); i >= 0 {
		return i
	}
	return len(devNames)
}

// meansLoop tells whether a name is one of the loop.
func meansLoop(name string) bool { return devRank(name) < len(devNames) }

// command finds the first command that matches, with the match.
func (p *project) command(re *lazyregexp.Regexp) (said, []string) {
	for _, s := range p.commands() {
		if m := re.FindStringSubmatch(s.command); m != nil {
			return s, m
		}
	}
	return said{}, nil
}

// arguments are what follows the match in a command, up to another command.
func arguments(command string, match []string) string {
	if match == nil {
		return ""
	}
	_, rest, _ := strings.Cut(command, match[0])
	if i := strings.IndexAny(rest, "&|;<>#"); i >= 0 {
		rest = rest[:i]
	}
	return strings.TrimSpace(rest)
}

// saidScripts reads the scripts of package.json, composer.json and deno.json.
func saidScripts(f *saidFile) {
	var m struct {
		Scripts map[string]any `json:"scripts"`
		Tasks   map[string]any `json:"tasks"`
	}
	if json.Unmarshal([]byte(withoutJSONComments(f.text)), &m) == nil {
		f.tasks("script", m.Scripts, "command")
		f.tasks("task", m.Tasks, "command")
	}
}

// tasks adds those that mean the loop: each is a text, a list, or has one under one of the keys.
func (f *saidFile) tasks(kind string, all map[string]any, keys ...string) {
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if !meansLoop(name) {
			continue
		}
		commands := texts(all[name])
		if table, ok := all[name].(map[string]any); ok {
			for _, key := range keys {
				commands = append(commands, texts(table[key])...)
			}
		}
		for _, command := range commands {
			f.add(name, command, ", "+kind+" "+name, 0)
		}
	}
}

// withoutJSONComments leaves lines and strings as they are.
func withoutJSONComments(text string) string { return uncommented(text, "//", "/*", `"`) }

// texts is a text, or a list of texts.
func texts(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		var all []string
		for _, item := range v {
			if s, ok := item.(string); ok {
				all = append(all, s)
			}
		}
		return all
	}
	return nil
}

func saidProcfile(f *saidFile) {
	commands, _ := procfile(f.text)
	for _, c := range commands {
		f.add(c.name, c.run, ", "+c.name, 0)
	}
}

// saidAir reads what air builds.
func saidAir(f *saidFile) {
	var a air
	if toml.Unmarshal([]byte(f.text), &a) != nil {
		return
	}
	for _, command := range append(a.Build.PreCmd, a.Build.Cmd) {
		f.add("dev", command, ", build.cmd", lineOf([]byte(f.text), "cmd"))
	}
	f.add("dev", airRuns(a.Build), ", what it runs", lineOf([]byte(f.text), "bin"))
}

// saidProcessCompose reads the processes of a process-compose file that run in the project's directory.
func saidProcessCompose(f *saidFile) {
	t, _ := parseTree([]byte(f.text))
	for _, p := range t.get("processes").pairs() {
		if p.value.get("working_dir").text() == "" {
			f.add(p.key, p.value.get("command").text(), ", process "+p.key, p.line)
		}
	}
}

// saidModd reads the commands of a modd.conf.
func saidModd(f *saidFile) {
	blocks, vars, err := parseModd(f.text)
	if err != nil {
		return
	}
	fill := moddFilled(vars)
	for _, b := range blocks {
		for _, c := range b.commands {
			if b.dir == "" && !checksGo.MatchString(c.text) {
				f.add("dev", fill(c.text), fmt.Sprintf(":%d", c.line), c.line)
			}
		}
	}
}

// A recipes file has targets, each above its commands, and variables.
type recipes struct {
	kind                  string // what the file calls a target
	indent                string // what a command's line may begin with
	quiet                 string // what may stand before a command
	target, variable, ref *lazyregexp.Regexp
}

var (
	makefile = recipes{
		"target", "\t", "@-+ ",
		lazyregexp.New(`^([A-Za-z0-9_.-]+)\s*:(?:[^=;]*;(.*)|[^=]|$)`),
		lazyregexp.New(`^\s*(?:export\s+)?([A-Za-z0-9_]+)\s*(?:\?|:|::)?=\s*(.*?)\s*$`),
		lazyregexp.New(`\$[({]([A-Za-z0-9_]+)[)}]`),
	}
	justfile = recipes{
		"recipe", " \t", "@-",
		lazyregexp.New(`^@?([A-Za-z0-9_-]+)(?:\s+[^:]*)?:(?:[^=]|$)`),
		lazyregexp.New(`^(?:export\s+)?([A-Za-z0-9_-]+)\s*:=\s*["'](.*?)["']\s*$`),
		lazyregexp.New(`\{\{\s*([A-Za-z0-9_-]+)\s*\}\}`),
	}
)

// read reads the commands of the targets that mean the loop, with plain variables filled in.
func (r recipes) read(f *saidFile) {
	vars := map[string]string{}
	target, n := "", 0
	add := func(command string) {
		command = strings.TrimLeft(strings.TrimSpace(command), r.quiet)
		if meansLoop(target) && !strings.HasPrefix(command, "#") {
			f.add(target, filledIn(command, r.ref, vars), ", "+r.kind+" "+target, n)
		}
	}
	for line := range strings.Lines(strings.ReplaceAll(f.text, "\\\n", " ")) {
		n++
		line = strings.TrimRight(line, "\r\n")
		if strings.IndexAny(line, r.indent) == 0 {
			add(line)
		} else if m := r.variable.FindStringSubmatch(line); m != nil {
			vars[m[1]] = m[2]
		} else if m := r.target.FindStringSubmatch(line); m != nil {
			target = m[1]
			add(strings.Join(m[2:], ""))
		}
	}
}

// filledIn is a command with the variables of its file in it, those that are known, twice.
func filledIn(command string, ref *lazyregexp.Regexp, vars map[string]string) string {
	for range 2 {
		command = replaceFunc(ref, command, func(m []string) string {
			if value, ok := vars[m[1]]; ok {
				return value
			}
			return m[0]
		})
	}
	return command
}

// saidTaskfile reads the tasks of a Taskfile.
func saidTaskfile(f *saidFile) {
	t, _ := parseTree([]byte(f.text))
	for _, task := range t.get("tasks").pairs() {
		if !meansLoop(task.key) {
			continue
		}
		for _, command := range slices.Concat(task.value.list(), task.value.get("cmd").list(), task.value.get("cmds").list()) {
			f.add(task.key, command, ", task "+task.key, task.line)
		}
	}
}

// saidMise reads the tasks of mise.
func saidMise(f *saidFile) {
	var m struct {
		Tasks map[string]any `toml:"tasks"`
	}
	if toml.Unmarshal([]byte(f.text), &m) == nil {
		f.tasks("task", m.Tasks, "run")
	}
}

// saidPyproject reads the tasks of poe, pdm, hatch and taskipy.
func saidPyproject(f *saidFile) {
	var m struct {
		Tool struct {
			Poe   struct{ Tasks map[string]any }
			PDM   struct{ Scripts map[string]any }
			Hatch struct {
				Envs struct {
					Default struct{ Scripts map[string]any }
				}
			}
			Taskipy struct{ Tasks map[string]any }
		}
	}
	if toml.Unmarshal([]byte(f.text), &m) != nil {
		return
	}
	for _, tasks := range []map[string]any{m.Tool.Poe.Tasks, m.Tool.PDM.Scripts, m.Tool.Hatch.Envs.Default.Scripts, m.Tool.Taskipy.Tasks} {
		f.tasks("task", tasks, "cmd", "shell")
	}
}

// saidDevcontainer reads what a devcontainer starts.
func saidDevcontainer(f *saidFile) {
	var m map[string]any
	if json.Unmarshal([]byte(withoutJSONComments(f.text)), &m) != nil {
		return
	}
	for _, key := range []string{"postStartCommand", "postAttachCommand"} {
		for _, command := range texts(m[key]) {
			f.add("start", command, ", "+key, 0)
		}
	}
}

// saidCompose reads the commands of the services that are built here: the others are not the
// project's own.
func saidCompose(f *saidFile) {
	t, _ := parseTree([]byte(f.text))
	for _, service := range t.get("services").pairs() {
		if service.value.get("build").Node != nil {
			f.add(service.key, strings.Join(service.value.get("command").list(), " "), ", service "+service.key, service.line)
		}
	}
}

var dockerRuns = lazyregexp.New(`^(?i:(CMD|ENTRYPOINT))\s+(.*)$`)

// saidDockerfile reads what the image runs: the last CMD and ENTRYPOINT, and both as one command.
func saidDockerfile(f *saidFile) {
	last, lines, n := map[string]string{}, map[string]int{}, 0
	for line := range strings.Lines(strings.ReplaceAll(f.text, "\\\n", " ")) {
		n++
		m := dockerRuns.FindStringSubmatch(strings.TrimSpace(line))
		if m == nil {
			continue
		}
		kind, command := strings.ToUpper(m[1]), m[2]
		var argv []string
		if json.Unmarshal([]byte(command), &argv) == nil {
			command = strings.Join(argv, " ")
		}
		last[kind], lines[kind] = command, n
	}
	if len(last) == 2 {
		f.add("start", last["ENTRYPOINT"]+" "+last["CMD"], ", ENTRYPOINT", lines["ENTRYPOINT"])
	}
	for _, kind := range []string{"CMD", "ENTRYPOINT"} {
		f.add("start", last[kind], ", "+kind, lines[kind])
	}
}
