package starter

import (
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"

	"devloop/schema/lazyregexp"
)

// devNames are what projects call the command of the loop, the best first.
var devNames = []string{"dev", "develop", "watch", "serve", "server", "start", "run", "up", "web", "app", "local", "api", "backend"}

// commands are what the project says of how it is run: package.json, a Procfile, a Makefile, a
// justfile, a Taskfile, mise, composer, deno, pyproject, a devcontainer, a compose file and a Dockerfile, in this order; of
// each first the names that mean the loop. Those of another name are not among them.
func (p *project) commands() []said {
	if p.said != nil {
		return *p.said
	}
	var all []said
	for _, read := range []func(file string, text string) []said{
		saidScripts, saidProcfile, saidAir, saidModd, saidProcessCompose, saidMakefile, saidJustfile, saidTaskfile, saidMise, saidPyproject, saidDevcontainer, saidCompose, saidDockerfile,
	} {
		all = append(all, p.saidIn(read)...)
	}
	for i := range all {
		all[i].command = strings.Join(strings.Fields(all[i].command), " ")
	}
	p.said = &all
	return all
}

// saidFiles are the files that each reader of commands knows.
var saidFiles = []string{
	"package.json", "composer.json", "deno.json", "deno.jsonc", ".air.toml", "air.toml", "modd.conf", "process-compose.yaml", "process-compose.yml", "Procfile.dev", "Procfile", "Makefile", "makefile", "GNUmakefile",
	"justfile", "Justfile", ".justfile", "Taskfile.yml", "Taskfile.yaml", "taskfile.yml", "mise.toml", ".mise.toml", "pyproject.toml",
	".devcontainer/devcontainer.json", ".devcontainer.json", "compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml", "Dockerfile",
}

// saidIn reads all files that a reader knows; what cannot be read says nothing.
func (p *project) saidIn(read func(file, text string) []said) []said {
	var all []said
	for _, file := range saidFiles {
		if !p.has(file) {
			continue
		}
		text, err := p.read(file)
		if err != nil {
			continue
		}
		found := read(file, text)
		slices.SortStableFunc(found, func(a, b said) int { return devRank(a.name) - devRank(b.name) })
		all = append(all, found...)
	}
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
func saidScripts(file, text string) []said {
	var m struct {
		Scripts map[string]any `json:"scripts"`
		Tasks   map[string]any `json:"tasks"`
	}
	switch path.Base(file) {
	case "package.json", "composer.json", "deno.json", "deno.jsonc":
	default:
		return nil
	}
	if json.Unmarshal([]byte(withoutJSONComments(text)), &m) != nil {
		return nil
	}
	var all []said
	for kind, scripts := range map[string]map[string]any{"script": m.Scripts, "task": m.Tasks} {
		for _, name := range sortedKeys(scripts) {
			if !meansLoop(name) {
				continue
			}
			commands := texts(scripts[name])
			if nested, ok := scripts[name].(map[string]any); ok {
				commands = texts(nested["command"])
			}
			for _, command := range commands {
				all = append(all, said{command: command, name: name, file: file, from: fmt.Sprintf("%s, %s %s", file, kind, name)})
			}
		}
	}
	return all
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

func saidProcfile(file, text string) []said {
	if !strings.HasPrefix(file, "Procfile") {
		return nil
	}
	commands, _ := procfile(text)
	var all []said
	for _, c := range commands {
		all = append(all, said{command: c.run, name: c.name, file: file, from: file + ", " + c.name})
	}
	return all
}

// saidAir reads what air builds.
func saidAir(file, text string) []said {
	if !strings.HasSuffix(file, "air.toml") {
		return nil
	}
	var a air
	if toml.Unmarshal([]byte(text), &a) != nil {
		return nil
	}
	var all []said
	for _, command := range append(a.Build.PreCmd, a.Build.Cmd) {
		if command != "" {
			all = append(all, said{command: command, name: "dev", file: file, line: lineOf([]byte(text), "cmd"), from: file + ", build.cmd"})
		}
	}
	if run := airRuns(a.Build); run != "" {
		all = append(all, said{command: run, name: "dev", file: file, line: lineOf([]byte(text), "bin"), from: file + ", what it runs"})
	}
	return all
}

// saidProcessCompose reads the processes of a process-compose file that run in the project's directory.
func saidProcessCompose(file, text string) []said {
	if !strings.HasPrefix(file, "process-compose.") {
		return nil
	}
	t, err := parseTree([]byte(text))
	if err != nil {
		return nil
	}
	var all []said
	for _, p := range t.get("processes").pairs() {
		if command := p.value.get("command").text(); command != "" && p.value.get("working_dir").text() == "" {
			all = append(all, said{command: command, name: p.key, file: file, line: p.line, from: fmt.Sprintf("%s, process %s", file, p.key)})
		}
	}
	return all
}

// saidModd reads the commands of a modd.conf.
func saidModd(file, text string) []said {
	if file != "modd.conf" {
		return nil
	}
	blocks, vars, err := parseModd(text)
	if err != nil {
		return nil
	}
	fill := moddFilled(vars)
	var all []said
	for _, b := range blocks {
		for _, c := range b.commands {
			if b.dir == "" && !checksGo.MatchString(c.text) {
				all = append(all, said{command: fill(c.text), name: "dev", file: file, line: c.line, from: fmt.Sprintf("%s:%d", file, c.line)})
			}
		}
	}
	return all
}

var (
	makeTarget   = lazyregexp.New(`^([A-Za-z0-9_.-]+)\s*:(?:[^=]|$)`)
	makeVariable = lazyregexp.New(`^\s*(?:export\s+)?([A-Za-z0-9_]+)\s*(?:\?|:|::)?=\s*(.*?)\s*$`)
	makeRef      = lazyregexp.New(`\$[({]([A-Za-z0-9_]+)[)}]`)
)

// saidMakefile reads the recipes of a Makefile, with its plain variables filled in.
func saidMakefile(file, text string) []said {
	if !strings.EqualFold(strings.TrimPrefix(file, "GNU"), "Makefile") {
		return nil
	}
	var all []said
	vars := map[string]string{}
	target, n := "", 0
	for line := range strings.Lines(strings.ReplaceAll(text, "\\\n", " ")) {
		n++
		line = strings.TrimRight(line, "\r\n")
		switch {
		case strings.HasPrefix(line, "\t"):
			command := strings.TrimLeft(strings.TrimSpace(line), "@-+ ")
			if meansLoop(target) && command != "" && !strings.HasPrefix(command, "#") {
				all = append(all, said{command: filledIn(command, makeRef, vars), name: target, file: file, line: n, from: fmt.Sprintf("%s, target %s", file, target)})
			}
		case makeVariable.MatchString(line):
			m := makeVariable.FindStringSubmatch(line)
			vars[m[1]] = m[2]
		case makeTarget.MatchString(line):
			target = makeTarget.FindStringSubmatch(line)[1]
			if _, command, ok := strings.Cut(line, ";"); ok && meansLoop(target) {
				all = append(all, said{command: strings.TrimSpace(command), name: target, file: file, line: n, from: fmt.Sprintf("%s, target %s", file, target)})
			}
		}
	}
	return all
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

var (
	justRecipe   = lazyregexp.New(`^@?([A-Za-z0-9_-]+)(?:\s+[^:]*)?:(?:[^=]|$)`)
	justVariable = lazyregexp.New(`^(?:export\s+)?([A-Za-z0-9_-]+)\s*:=\s*["'](.*?)["']\s*$`)
	justRef      = lazyregexp.New(`\{\{\s*([A-Za-z0-9_-]+)\s*\}\}`)
)

// saidJustfile reads the recipes of a justfile.
func saidJustfile(file, text string) []said {
	if !strings.EqualFold(strings.TrimPrefix(file, "."), "justfile") {
		return nil
	}
	var all []said
	vars := map[string]string{}
	recipe, n := "", 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimRight(line, "\r\n")
		switch {
		case strings.HasPrefix(line, " ") || strings.HasPrefix(line, "\t"):
			command := strings.TrimLeft(strings.TrimSpace(line), "@-")
			if meansLoop(recipe) && command != "" && !strings.HasPrefix(command, "#") {
				all = append(all, said{command: filledIn(command, justRef, vars), name: recipe, file: file, line: n, from: fmt.Sprintf("%s, recipe %s", file, recipe)})
			}
		case justVariable.MatchString(line):
			m := justVariable.FindStringSubmatch(line)
			vars[m[1]] = m[2]
		case justRecipe.MatchString(line):
			recipe = justRecipe.FindStringSubmatch(line)[1]
		}
	}
	return all
}

// saidTaskfile reads the tasks of a Taskfile.
func saidTaskfile(file, text string) []said {
	if !strings.HasPrefix(strings.ToLower(file), "taskfile") {
		return nil
	}
	t, err := parseTree([]byte(text))
	if err != nil {
		return nil
	}
	var all []said
	for _, task := range t.get("tasks").pairs() {
		if !meansLoop(task.key) {
			continue
		}
		commands := task.value.list()
		for _, key := range []string{"cmd", "cmds"} {
			commands = append(commands, task.value.get(key).list()...)
		}
		for _, command := range commands {
			if command != "" {
				all = append(all, said{command: command, name: task.key, file: file, line: task.line, from: fmt.Sprintf("%s, task %s", file, task.key)})
			}
		}
	}
	return all
}

// saidMise reads the tasks of mise.
func saidMise(file, text string) []said {
	if !strings.HasSuffix(file, "mise.toml") {
		return nil
	}
	var m struct {
		Tasks map[string]any `toml:"tasks"`
	}
	if toml.Unmarshal([]byte(text), &m) != nil {
		return nil
	}
	return tomlTasks(file, m.Tasks, "run")
}

// saidPyproject reads the tasks of poe, pdm and hatch.
func saidPyproject(file, text string) []said {
	if file != "pyproject.toml" {
		return nil
	}
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
	if toml.Unmarshal([]byte(text), &m) != nil {
		return nil
	}
	t := m.Tool
	return slices.Concat(tomlTasks(file, t.Poe.Tasks, "cmd", "shell"), tomlTasks(file, t.PDM.Scripts, "cmd", "shell"),
		tomlTasks(file, t.Hatch.Envs.Default.Scripts), tomlTasks(file, t.Taskipy.Tasks, "cmd"))
}

// tomlTasks are tasks that are a text, a list, or have one under one of the keys.
func tomlTasks(file string, tasks map[string]any, keys ...string) []said {
	var all []said
	for _, name := range sortedKeys(tasks) {
		if !meansLoop(name) {
			continue
		}
		commands := texts(tasks[name])
		if table, ok := tasks[name].(map[string]any); ok {
			for _, key := range keys {
				commands = append(commands, texts(table[key])...)
			}
		}
		for _, command := range commands {
			all = append(all, said{command: command, name: name, file: file, from: fmt.Sprintf("%s, task %s", file, name)})
		}
	}
	return all
}

// saidDevcontainer reads what a devcontainer starts.
func saidDevcontainer(file, text string) []said {
	if path.Base(file) != "devcontainer.json" && file != ".devcontainer.json" {
		return nil
	}
	var m map[string]any
	if json.Unmarshal([]byte(withoutJSONComments(text)), &m) != nil {
		return nil
	}
	var all []said
	for _, key := range []string{"postStartCommand", "postAttachCommand"} {
		for _, command := range texts(m[key]) {
			all = append(all, said{command: command, name: "start", file: file, from: file + ", " + key})
		}
	}
	return all
}

// saidCompose reads the commands of the services that are built here: the others are not the
// project's own.
func saidCompose(file, text string) []said {
	if !strings.Contains(file, "compose.y") {
		return nil
	}
	t, err := parseTree([]byte(text))
	if err != nil {
		return nil
	}
	var all []said
	for _, service := range t.get("services").pairs() {
		if service.value.get("build").Node == nil {
			continue
		}
		command := service.value.get("command")
		if text := command.text(); text != "" {
			all = append(all, said{command: text, name: service.key, file: file, line: service.line, from: fmt.Sprintf("%s, service %s", file, service.key)})
		} else if argv := command.list(); len(argv) > 0 {
			all = append(all, said{command: strings.Join(argv, " "), name: service.key, file: file, line: service.line, from: fmt.Sprintf("%s, service %s", file, service.key)})
		}
	}
	return all
}

var dockerRuns = lazyregexp.New(`^(?i:(CMD|ENTRYPOINT))\s+(.*)$`)

// saidDockerfile reads what the image runs: the last CMD and ENTRYPOINT.
func saidDockerfile(file, text string) []said {
	if file != "Dockerfile" {
		return nil
	}
	last := map[string]said{}
	n := 0
	for line := range strings.Lines(strings.ReplaceAll(text, "\\\n", " ")) {
		n++
		m := dockerRuns.FindStringSubmatch(strings.TrimSpace(line))
		if m == nil {
			continue
		}
		command := m[2]
		var argv []string
		if json.Unmarshal([]byte(command), &argv) == nil {
			command = strings.Join(argv, " ")
		}
		kind := strings.ToUpper(m[1])
		last[kind] = said{command: command, name: "start", file: file, line: n, from: file + ", " + kind}
	}
	var all []said
	for _, kind := range []string{"CMD", "ENTRYPOINT"} {
		if s, ok := last[kind]; ok {
			all = append(all, s)
		}
	}
	if len(all) == 2 {
		both := said{command: all[1].command + " " + all[0].command, name: "start", file: file, line: all[1].line, from: all[1].from}
		all = slices.Insert(all, 0, both)
	}
	return all
}
