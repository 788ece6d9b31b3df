package export

import (
	"path/filepath"
	"strings"

	"devloop/schema"
)

// procfile writes a line for each process: its directory, its variables, its
// command. A Procfile knows nothing else.
func (e *exporter) procfile() {
	var b strings.Builder
	for i := range e.cfg.Processes {
		p := &e.cfg.Processes[i]
		command := shellText(p.Run)
		if p.Run.Argv != nil {
			words := []string{"exec"}
			for _, arg := range e.argv(p) {
				words = append(words, shellQuoted(arg))
			}
			command = strings.Join(words, " ")
		}
		if strings.Contains(command, "\n") {
			e.lose("process %s: a command of several lines does not fit in a Procfile; put it into a script", p.Name)
			continue
		}
		prefix := ""
		if rel, err := filepath.Rel(e.cfg.Dir, p.Dir); err == nil && rel != "." {
			prefix = "cd " + shellQuoted(filepath.ToSlash(rel)) + " && "
		}
		set, unset, files := variables(p)
		for _, v := range set {
			prefix += "export " + v.Name + "=" + shellQuoted(v.Value) + "; "
		}
		for _, name := range unset {
			prefix += "unset " + name + "; "
		}
		for _, f := range files {
			if f.Path != filepath.Join(e.cfg.Dir, ".env") { // which foreman reads
				e.lose("process %s: %s is not read; foreman reads the .env beside the Procfile alone", p.Name, filepath.Base(f.Path))
			}
		}
		for _, s := range e.inherited(p) {
			e.lose("socket %s: nobody holds it; %s has to bind %s itself", s.Name, p.Name, s.Listen.Addr())
		}
		if s := e.proxied(p); s != nil {
			e.lose("socket %s: %s gets a port of the Procfile's tool in $PORT", s.Name, p.Name)
		}
		e.rest(p)
		b.WriteString(strings.ReplaceAll(p.Name, ".", "-") + ": " + prefix + command + "\n")
	}
	head := "# Written by devloop export procfile from " + filepath.Base(e.cfg.File) + ".\n"
	for _, l := range e.lost {
		head += "# Not here: " + l + "\n"
	}
	e.files = append(e.files, File{"Procfile", []byte(head + b.String())})
}

// rest tells what no Procfile says.
func (e *exporter) rest(p *schema.Process) {
	var keys []string
	for _, k := range []struct {
		name string
		has  bool
	}{
		{"depends_on", len(p.DependsOn) > 0}, {"ready", p.Ready != nil}, {"watch", len(p.Watch) > 0},
		{"start", !p.Start}, {"reload", p.Reload != ""}, {"pty", p.PTY},
	} {
		if k.has {
			keys = append(keys, "`"+k.name+"`")
		}
	}
	if len(keys) > 0 {
		e.lose("process %s: a Procfile has no %s", p.Name, strings.Join(keys, ", "))
	}
}

// shellQuoted is a word for a POSIX shell.
func shellQuoted(s string) string {
	if s != "" && !strings.ContainsAny(s, " \t\n\"'\\$`|&;<>()*?[]{}~#!=") {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
