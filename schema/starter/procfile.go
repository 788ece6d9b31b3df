package starter

import (
	"regexp"
	"strconv"
	"strings"
)

var procfileLine = regexp.MustCompile(`^([A-Za-z0-9_-]+):\s*(.+)$`)

// fromProcfile reads `NAME: COMMAND` lines, as foreman, overmind and hivemind
// do. They give each process a port of its own, from 5000 in steps of 100.
func (d *draft) fromProcfile(text string) {
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimSpace(line)
		m := procfileLine.FindStringSubmatch(line)
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
			continue
		case m == nil:
			d.lose(n, "`"+line+"`", "it is no `NAME: COMMAND`")
			continue
		case m[1] == "release":
			d.lose(n, "`release`", "it runs at a deployment, not in a loop; as a stage of a watcher it would run at every save")
			continue
		}
		port := 5000 + 100*len(d.processes)
		p := entry{key: m[1], sub: []entry{{key: "run", value: yamlText(m[2])}}}
		if m[1] == "web" || regexp.MustCompile(`\$\{?PORT\b`).MatchString(m[2]) {
			d.sockets = append(d.sockets, entry{key: m[1], sub: []entry{
				{key: "listen", value: "http::" + strconv.Itoa(port)}, {key: "via", value: "proxy", comment: "$PORT of the server is a private one"},
			}})
			p.sub = append(p.sub, entry{key: "sockets", value: "[" + m[1] + "]"})
		}
		d.processes = append(d.processes, p)
	}
	if len(d.processes) > 0 {
		d.top = append(d.top, entry{key: "env_file", value: ".env", comment: "as foreman reads it; it need not be there"})
		d.processes[0].comment = "Beside a `run`, `watch: [src]` restarts the command when a file changes."
		d.note("Nothing restarts by itself yet: give each process of devloop.yaml a `watch`.")
	}
}
