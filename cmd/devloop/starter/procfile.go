package starter

import (
	"strconv"
	"strings"

	"devloop/schema/lazyregexp"
)

var (
	procfileLine = lazyregexp.New(`^([A-Za-z0-9_-]+):\s*(.+)$`)
	readsPort    = lazyregexp.New(`\$\{?PORT\b`)
	watchesFiles = lazyregexp.New(`[\s:]-{0,2}watch\b`) // tailwindcss:watch, esbuild --watch
)

// procLine is a line of a Procfile.
type procLine struct{ name, run string }

// procfile reads `NAME: COMMAND` lines, as foreman, overmind and hivemind do,
// and what of them is none for a loop.
func procfile(text string) (commands []procLine, lost []Lost) {
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimSpace(line)
		m := procfileLine.FindStringSubmatch(line)
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case m == nil:
			lost = append(lost, Lost{n, "`" + line + "`", "it is no `NAME: COMMAND`"})
		case m[1] == "release":
			lost = append(lost, Lost{n, "`release`", "it runs at a deployment, not in a loop; as a stage of a watcher it would run at every save"})
		default:
			commands = append(commands, procLine{m[1], m[2]})
		}
	}
	return commands, lost
}

// process is what runs a command. One that follows files itself is left to it,
// on a terminal: tailwindcss and esbuild end when nobody could type any more.
func (c procLine) process() entry {
	p := entry{key: c.name, sub: []entry{{key: "run", value: yamlText(c.run)}}}
	if watchesFiles.MatchString(c.run) {
		p.sub = append(p.sub, entry{key: "pty", value: "true", comment: "such watchers end when their input does"})
	}
	return p
}

// fromProcfile translates a Procfile. The tools that read one give each process
// a port of its own, from 5000 in steps of 100.
func fromProcfile(d *draft, text string) {
	commands, lost := procfile(text)
	d.lost = append(d.lost, lost...)
	for i, c := range commands {
		p := c.process()
		if c.name == "web" || readsPort.MatchString(c.run) {
			d.sockets = append(d.sockets, entry{key: c.name, sub: []entry{
				{key: "listen", value: "http::" + strconv.Itoa(5000+100*i)}, {key: "via", value: "proxy", comment: "$PORT of the server is a private one"},
			}})
			p.sub = append(p.sub, entry{key: "sockets", value: "[" + c.name + "]"})
		}
		d.processes = append(d.processes, p)
	}
	if len(d.processes) > 0 {
		d.top = append(d.top, entry{key: "env_file", value: ".env", comment: "as foreman reads it; it need not be there"})
		d.processes[0].comment = "Beside a `run`, `watch: [src]` restarts the command when a file changes."
		d.note("Nothing restarts by itself yet: give each process of devloop.yaml a `watch`.")
	}
}

// procfileBeside adds the other commands of a Procfile to a draft whose server is the
// Procfile's `web`.
func procfileBeside(d *draft, name string, commands []procLine) {
	d.beside = append(d.beside, name)
	first := true
	for _, c := range commands {
		if c.name == "web" {
			continue
		}
		if c.name == "server" { // the preset's has that name
			c.name = "server2"
		}
		p := c.process()
		if !watchesFiles.MatchString(c.run) {
			p.sub = append(p.sub, entry{key: "watch", value: ".trigger"})
		}
		if first {
			p.comment = "The other commands of " + name + ". Those that watch the trigger restart with the server."
			first = false
		}
		d.processes = append(d.processes, p)
	}
}
