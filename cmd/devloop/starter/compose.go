package starter

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"devloop/schema/lazyregexp"
)

// conditions are those of depends_on, by the names of other tools.
var conditions = map[string]string{
	"service_started": "started", "process_started": "started",
	"service_healthy": "ready", "process_healthy": "ready", "process_log_ready": "ready",
	"service_completed_successfully": "succeeded", "process_completed_successfully": "succeeded", "process_completed": "succeeded",
}

// depends translates depends_on: a list, or a mapping to conditions. A list has each name with the condition
// that is given, if one is.
func (d *draft) depends(t tree, listed string) []entry {
	var names, parts []string
	for _, n := range t.list() {
		names, parts = append(names, nodeName(n)), append(parts, nodeName(n)+listed)
	}
	open, end := "[", "]"
	if listed != "" || len(t.pairs()) > 0 {
		open, end = "{", "}"
	}
	for _, p := range t.pairs() {
		condition := conditions[p.value.get("condition").text()]
		if p.value.get("condition").text() == "process_completed" {
			d.lose(p.line, "`process_completed`", "`succeeded` waits for exit code 0")
		}
		if condition == "" {
			condition = "started"
		}
		names, parts = append(names, nodeName(p.key)), append(parts, nodeName(p.key)+": "+condition)
	}
	if len(parts) == 0 {
		return nil
	}
	return []entry{{key: "depends_on", edges: &edges{names, parts, open, end}}}
}

// environment translates a list of NAME=value, or a mapping.
func (d *draft) environment(t tree) []entry {
	var sub []entry
	for _, item := range t.list() {
		name, value, ok := strings.Cut(item, "=")
		if !ok {
			continue // taken from the environment, as every command's is
		}
		sub = append(sub, entry{key: yamlText(name), value: reference(value)})
	}
	for _, p := range t.pairs() {
		if v := p.value.text(); v != "" || p.value.Tag == "!!str" {
			sub = append(sub, entry{key: yamlText(p.key), value: reference(v)})
		}
	}
	if len(sub) == 0 {
		return nil
	}
	return []entry{{key: "env", sub: sub}}
}

var plainReference = lazyregexp.New(`^\$[A-Za-z_][A-Za-z0-9_]*`)

var knownReference = lazyregexp.New(`^\$\{[A-Za-z_][A-Za-z0-9_]*(:-[^{}]*)?\}`)

// reference is a value whose ${NAME} stays one where this language has the
// form; a name without a default gets an empty one, as other tools have it.
func reference(s string) string { return yamlText(referenced(s)) }

func referenced(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch m := knownReference.FindString(s[i:]); {
		case m != "" && strings.Contains(m, ":-"):
			b.WriteString(m)
			i += len(m) - 1
		case m != "":
			b.WriteString(strings.TrimSuffix(m, "}") + ":-}")
			i += len(m) - 1
		case strings.HasPrefix(s[i:], "$$"):
			b.WriteString("$$")
			i++
		case plainReference.MatchString(s[i:]):
			m := plainReference.FindString(s[i:])
			b.WriteString("${" + m[1:] + ":-}")
			i += len(m) - 1
		case s[i] == '$':
			b.WriteString("$$")
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

func duration(seconds string) string {
	if n, err := strconv.Atoi(seconds); err == nil && n > 0 {
		return seconds + "s"
	}
	return ""
}

func (d *draft) loseKeys(where string, t tree, known []string, why map[string]string) {
	for _, p := range t.pairs() {
		if slices.Contains(known, p.key) || strings.HasPrefix(p.key, "x-") {
			continue
		}
		reason := why[p.key]
		if reason == "" {
			reason = "devloop has nothing like it"
		}
		d.lose(p.line, "`"+p.key+"`"+where, reason)
	}
}

var signalNames = map[string]string{"1": "SIGHUP", "2": "SIGINT", "3": "SIGQUIT", "15": "SIGTERM"}

func fromProcessCompose(d *draft, text []byte) error {
	t, err := parseTree(text)
	if err != nil {
		return err
	}
	d.untemplated(t.Node, t.get("vars"))
	for _, p := range t.get("processes").pairs() {
		at, where := p.value, " of process `"+p.key+"`"
		var e entries
		switch argv := at.get("entrypoint").list(); {
		case at.get("command").text() != "":
			e.text("run", strings.TrimSpace(strings.ReplaceAll(at.get("command").text(), "$$", "$")))
		case len(argv) > 0:
			e.add("run", argvText(argv))
		default:
			d.lose(p.line, "process `"+p.key+"`", "it has no command")
			continue
		}
		e.text("dir", at.get("working_dir").text())
		e = append(e, d.environment(at.get("environment"))...)
		e.add("env_file", flow(at.get("env_file").list()))
		var watch []string
		for _, w := range at.get("watch", "paths").list() {
			if w != "" {
				watch = append(watch, w)
			}
		}
		e.add("watch", flow(append(watch, at.get("watch", "paths").each("path")...)))
		e = append(e, d.depends(at.get("depends_on"), "")...)
		e = append(e, d.readiness(at, where)...)
		e.when(at.get("disabled").text() == "true", "start", "false")
		e.when(at.get("is_tty").text() == "true" || at.get("is_interactive").text() == "true", "pty", "true")
		restart := at.get("availability", "restart").text()
		switch restart {
		case "always":
			e.add("restart", "always")
		case "no", "", "exit_on_failure":
			e.add("restart", "never")
		}
		var backoff []string
		if v := duration(at.get("availability", "backoff_seconds").text()); v != "" && restart != "no" && restart != "" {
			backoff = append(backoff, "initial: "+v)
			if n, _ := strconv.Atoi(strings.TrimSuffix(v, "s")); n > 30 { // the longest wait is no shorter
				backoff = append(backoff, "max: "+v)
			}
		}
		if n := at.get("availability", "max_restarts").text(); n != "" && n != "0" && restart != "no" {
			backoff = append(backoff, "give_up: "+n)
		}
		e.add("backoff", braced(backoff))
		e.add("stop", processComposeStop(at.get("shutdown")))
		d.loseKeys(where, at, []string{"command", "entrypoint", "working_dir", "environment", "env_file", "watch", "depends_on", "readiness_probe", "ready_log_line", "disabled", "is_tty", "is_interactive", "availability", "shutdown"}, map[string]string{
			"liveness_probe": "a process that ends is restarted; one that hangs is not found out", "replicas": "write a process for each; they may share a socket",
			"namespace": "`devloop up NAME…` starts the nodes you name", "log_location": "`devloop --log-file FILE`", "schedule": "devloop has no schedules",
			"is_daemon": "run it in the foreground, so that it can be watched", "description": "write it as a comment", "is_elevated": "a process runs as the user who runs devloop",
			"success_exit_codes": "only 0 is success",
		})
		d.processes = append(d.processes, entry{key: nodeName(p.key), sub: e})
	}
	d.env = d.environmentTop(t.get("environment"))
	d.loseKeys("", t, []string{"version", "processes", "environment", "is_strict"}, map[string]string{
		"log_location": "`devloop --log-file FILE`", "log_level": "devloop has no levels", "shell": "`shell: [bash, -c]` at the top",
		"vars": "`vars` are names for ${NAME}; there are no templates", "extends": "a devloop.yaml extends a devloop.yaml: translate that file too",
	})
	if len(d.processes) > 0 {
		d.note("Nothing is built or checked first yet: `watchers` run before a restart; `devloop help watchers`.")
	}
	return nil
}

var goTemplate = lazyregexp.New(`\{\{-?\s*(.*?)\s*-?\}\}`)

// untemplated fills in the templates of process-compose where they are a variable of the file's own, or the
// number of a replica, of which there is one here; and reports each.
func (d *draft) untemplated(n *yaml.Node, vars tree) {
	for _, child := range n.Content {
		d.untemplated(child, vars)
	}
	if n.Kind != yaml.ScalarNode {
		return
	}
	n.Value = replaceFunc(goTemplate, n.Value, func(m []string) string {
		name := strings.TrimPrefix(m[1], ".")
		value, why := vars.get(name).text(), "there are no templates here: what `vars` has is filled in"
		switch {
		case name == "PC_REPLICA_NUM":
			value, why = "0", "there are no replicas here: 0 is filled in"
		case value == "":
			why = "there are no templates here: nothing is filled in"
		}
		d.lose(n.Line, "`"+m[0]+"`", why)
		return value
	})
}

func (d *draft) environmentTop(t tree) []entry {
	if e := d.environment(t); len(e) > 0 {
		return e[0].sub
	}
	return nil
}

// readiness translates readiness_probe and ready_log_line.
func (d *draft) readiness(at tree, where string) []entry {
	if line := at.get("ready_log_line").text(); line != "" {
		return []entry{{key: "ready", sub: []entry{{key: "log", value: reference(regexp.QuoteMeta(line))}}}}
	}
	probe := at.get("readiness_probe")
	var sub []entry
	if get := probe.get("http_get"); get.Node != nil {
		scheme, host, port := get.get("scheme").text(), get.get("host").text(), get.get("port").text()
		if scheme == "" {
			scheme = "http"
		}
		if host == "" {
			host = "127.0.0.1"
		}
		if port != "" {
			host += ":" + port
		}
		sub = append(sub, entry{key: "http", value: reference(scheme + "://" + host + "/" + strings.TrimPrefix(get.get("path").text(), "/"))})
	} else if command := probe.get("exec", "command").text(); command != "" {
		sub = append(sub, entry{key: "exec", value: yamlText(command)})
	} else {
		return nil
	}
	for _, p := range probe.pairs() {
		switch p.key {
		case "period_seconds":
			if v := duration(p.value.text()); v != "" {
				sub = append(sub, entry{key: "interval", value: v})
			}
		case "initial_delay_seconds", "failure_threshold", "success_threshold", "timeout_seconds":
			d.lose(p.line, "`"+p.key+"`"+where, "checks begin at the start; `timeout` is the total time")
		}
	}
	return []entry{{key: "ready", sub: sub}}
}

func processComposeStop(t tree) string {
	var keys []string
	if c := t.get("command").text(); c != "" {
		keys = append(keys, "command: "+strconv.Quote(c))
	} else if s := signalNames[t.get("signal").text()]; s != "" && s != "SIGTERM" {
		keys = append(keys, "signal: "+s)
	}
	if v := duration(t.get("timeout_seconds").text()); v != "" {
		keys = append(keys, "timeout: "+v)
	}
	if t.get("parent_only").text() == "true" || t.get("parent_only").text() == "yes" {
		keys = append(keys, "leader_only: true")
	}
	return braced(keys)
}

// fromCompose translates a compose file. A service that only has an image stays
// a container, which devloop starts; one with a command of this project becomes
// a process of this machine.
func fromCompose(d *draft, text []byte) error {
	t, err := parseTree(text)
	if err != nil {
		return err
	}
	for _, s := range t.get("services").pairs() {
		at, where := s.value, " of service `"+s.key+"`"
		command := at.get("command")
		var byProfile []entry
		if len(at.get("profiles").list()) > 0 {
			byProfile = []entry{{key: "start", value: "false", comment: "it has a profile: `devloop start " + nodeName(s.key) + "`"}}
		}
		own := at.get("build").Node != nil && (command.text() != "" || command.isList())
		if !own {
			why := "It is an image: compose runs it."
			if at.get("build").Node != nil {
				why = "Its command stands in its Dockerfile: write it as `run`, or let compose run the container."
			}
			e := entries{{key: "run", value: yamlText("docker compose up --no-deps " + s.key)}, {key: "stop", value: "{signal: SIGINT, timeout: 15s}"}}
			if check := healthcheck(at); check != "" {
				// Its port would accept at once: docker itself does.
				e.add("ready", "{exec: "+strconv.Quote("docker compose exec -T "+s.key+" "+check)+"}")
			} else if ports := at.get("ports").list(); len(ports) > 0 && hostPort(ports[0]) != "" {
				e.add("ready", "{tcp: "+hostPort(ports[0])+"}")
			}
			e = append(e, byProfile...)
			d.processes = append(d.processes, entry{key: nodeName(s.key), comment: why, sub: append(e, d.depends(at.get("depends_on"), ": started")...)})
			continue
		}
		var e entries
		if command.isList() {
			var argv []string
			for _, arg := range command.list() {
				argv = append(argv, strconv.Quote(referenced(arg)))
			}
			e.add("run", "["+strings.Join(argv, ", ")+"]")
		} else {
			e.text("run", strings.ReplaceAll(command.text(), "$$", "$"))
		}
		if dir := strings.Trim(strings.TrimPrefix(buildContext(at), "./"), "/"); dir != "" && dir != "." && !strings.Contains(dir, "$") {
			e = append(e, entry{key: "dir", value: yamlText(dir), comment: "what its image is built of"})
		}
		e = append(e, d.environment(at.get("environment"))...)
		e.add("env_file", flow(at.get("env_file").list()))
		e = append(e, byProfile...)
		watch := at.get("develop", "watch").each("path")
		for i := range watch {
			watch[i] = strings.TrimPrefix(watch[i], "./")
		}
		e.add("watch", flow(watch))
		e = append(e, d.depends(at.get("depends_on"), "")...)
		if args := at.get("healthcheck", "test").list(); len(args) > 1 && args[0] == "CMD" {
			e.add("ready", "{exec: "+argvText(args[1:])+"}")
		} else if len(args) > 0 {
			e.add("ready", "{exec: "+strconv.Quote(strings.TrimPrefix(strings.Join(args, " "), "CMD-SHELL "))+"}")
		}
		switch at.get("restart").text() {
		case "always", "unless-stopped":
			e.add("restart", "always")
		case "", "no":
			e.add("restart", "never")
		}
		for _, p := range at.get("ports").list() {
			d.lose(at.get("ports").Line, "`ports: "+p+"`"+where, "under `sockets`, if devloop is to hold it: `web: http::"+hostPort(p)+"`")
		}
		d.loseKeys(where, at, []string{"build", "command", "environment", "env_file", "develop", "depends_on", "healthcheck", "restart", "ports", "image", "container_name", "profiles"}, map[string]string{
			"volumes": "the command runs in this folder itself", "networks": "it runs on this machine: other services are at localhost",
			"working_dir": "it is a path of the container; `dir` is one of the project",
			"user":        "a process runs as the user who runs devloop", "entrypoint": "write it before the command in `run`",
		})
		d.processes = append(d.processes, entry{key: nodeName(s.key), sub: e})
	}
	d.loseKeys("", t, []string{"version", "services", "name", "volumes", "networks"}, map[string]string{
		"secrets": "commands read files of this machine", "configs": "commands read files of this machine", "include": "devloop's `include` is of other devloop.yaml files",
	})
	if len(d.processes) > 0 {
		d.note("Host names of the compose network, such as `db`, are `localhost` for a process of this machine.")
	}
	return nil
}

// buildContext is the directory that an image is built of; "" if nobody says.
func buildContext(at tree) string {
	if dir := at.get("build").text(); dir != "" {
		return dir
	}
	return at.get("build", "context").text()
}

// healthcheck is a container's own check as words of a command line; "" if it
// has none that could be asked.
func healthcheck(at tree) string {
	args := at.get("healthcheck", "test").list()
	switch {
	case len(args) == 0 || args[0] == "NONE" || at.get("healthcheck", "disable").text() == "true":
		return ""
	case args[0] == "CMD":
		args = args[1:]
	case args[0] == "CMD-SHELL":
		args = append([]string{"sh", "-c"}, args[1:]...)
	default:
		args = []string{"sh", "-c", strings.Join(args, " ")}
	}
	words := make([]string, len(args))
	for i, arg := range args {
		words[i] = shellWord(strings.ReplaceAll(arg, "$$", "$"))
	}
	return strings.Join(words, " ")
}

// hostPort is the host's port of a `ports` entry; "" if it has none.
func hostPort(p string) string {
	p, _, _ = strings.Cut(p, "/")
	parts := strings.Split(p, ":")
	if len(parts) < 2 {
		return ""
	}
	port := parts[len(parts)-2]
	if n, err := strconv.Atoi(port); err != nil || n <= 0 {
		return ""
	}
	return fmt.Sprint(port)
}
