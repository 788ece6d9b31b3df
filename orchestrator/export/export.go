// Package export writes a configuration as the files of other tools: units of
// systemd, a compose file, a Procfile. It never writes to a disk, and leaves
// nothing out in silence: what does not map is told.
package export

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"devloop/schema"
	"devloop/schema/lazyregexp"
)

// Result is what a configuration becomes.
type Result struct {
	Files []File
	Lost  []string // what has no counterpart, a sentence each without its full stop
}

// File is one file; Name has no directory.
type File struct {
	Name string
	Text []byte
}

// Formats are those that there are.
var Formats = []string{"systemd", "compose", "procfile"}

// Write exports to one of Formats. Files come in the order of cfg.
func Write(format string, cfg *schema.Config) (Result, error) {
	e := &exporter{cfg: cfg, name: unitName(cfg.Name)}
	e.watchers()
	e.pages()
	switch format {
	case "systemd":
		e.holds = true
		e.systemd()
	case "compose":
		if err := e.compose(); err != nil {
			return Result{}, fmt.Errorf("export to compose: %w", err)
		}
	case "procfile":
		e.procfile()
	default:
		return Result{}, fmt.Errorf("unknown format %q: one of %s", format, strings.Join(Formats, ", "))
	}
	return Result{e.files, e.lost}, nil
}

type exporter struct {
	cfg   *schema.Config
	name  string // of the project, as a unit may have it
	files []File
	lost  []string
	holds bool // the other tool hands sockets over
}

// pages says that nobody looks after the pages of the sockets.
func (e *exporter) pages() {
	for i := range e.cfg.Sockets {
		if s := &e.cfg.Sockets[i]; s.Live != schema.LiveOff {
			e.lose("socket %s: open pages do not reload themselves, and nothing shows in them", s.Name)
		}
	}
	if e.cfg.Dashboard != nil {
		e.lose("there is no dashboard")
	}
}

func (e *exporter) lose(format string, args ...any) {
	if s := fmt.Sprintf(format, args...); !slices.Contains(e.lost, s) {
		e.lost = append(e.lost, s)
	}
}

// watchers have no counterpart anywhere: what they build must be built before.
func (e *exporter) watchers() {
	for _, w := range e.cfg.Watchers {
		var names []string
		for _, group := range w.Groups() {
			for _, s := range group {
				names = append(names, s.Name)
			}
		}
		if names == nil {
			continue
		}
		e.lose("watcher %s: nothing runs its stages (%s); run them before the start, with `devloop run %s`", w.Name, strings.Join(names, ", "), w.Name)
	}
}

var notInName = lazyregexp.New(`[^A-Za-z0-9_.-]+`)

// unitName is text as a unit's or a service's name may be.
func unitName(s string) string {
	if s = strings.Trim(notInName.ReplaceAllString(s, "-"), "-."); s != "" {
		return s
	}
	return "project"
}

// variables is the environment that the file gives a process: its own last.
// names that are unset are returned apart.
func variables(p *schema.Process) (set []schema.EnvVar, unset []string, files []schema.EnvFile) {
	put := func(v schema.EnvVar) {
		set = slices.DeleteFunc(set, func(o schema.EnvVar) bool { return o.Name == v.Name })
		unset = slices.DeleteFunc(unset, func(o string) bool { return o == v.Name })
		if v.Unset {
			unset = append(unset, v.Name)
		} else {
			set = append(set, v)
		}
	}
	for _, v := range p.Project.Vars {
		put(schema.EnvVar{Name: v.Name, Value: v.Value})
	}
	for _, layer := range []schema.EnvLayer{p.Project.Env, p.Env} {
		files = append(files, layer.Files...)
		for _, v := range layer.Vars {
			put(v)
		}
	}
	return set, unset, files
}

// proxied is the first socket of a process that devloop forwards for it; nil if
// there is none. Without devloop the process binds that address itself.
func (e *exporter) proxied(p *schema.Process) *schema.Socket {
	for _, ref := range p.Sockets {
		if s := e.cfg.Socket(ref.Name); s != nil && s.Via == schema.ViaProxy {
			return s
		}
	}
	return nil
}

// inherited are the sockets that a process gets, in their order.
func (e *exporter) inherited(p *schema.Process) []*schema.Socket {
	var all []*schema.Socket
	for _, ref := range p.Sockets {
		if s := e.cfg.Socket(ref.Name); s != nil && s.Via != schema.ViaProxy {
			all = append(all, s)
		}
	}
	return all
}

// argv is the command with the descriptors and the port filled in that devloop
// would set.
func (e *exporter) argv(p *schema.Process) []string {
	known := e.own(p)
	set, _, _ := variables(p)
	argv, err := p.Run.Fill(func(name string) (string, bool) {
		if v, ok := known[name]; ok {
			return v, true
		}
		for _, v := range set {
			if v.Name == name {
				return v.Value, true
			}
		}
		return "", false
	})
	if err != nil {
		e.lose("process %s: %v: devloop sets it, and nothing here does", p.Name, err)
		return p.Run.Argv
	}
	return argv
}

// own are the variables that devloop would set for a process.
func (e *exporter) own(p *schema.Process) map[string]string {
	all := map[string]string{}
	// Of several sockets systemd promises no order; the others hold none.
	if held := e.inherited(p); e.holds && len(held) == 1 {
		all["DEVLOOP_FD_"+upper(held[0].Short)] = "3"
	}
	if s := e.proxied(p); s != nil && s.To == "" {
		all["PORT"] = strconv.Itoa(s.Listen.Port)
		all["DEVLOOP_PORT_"+upper(s.Short)] = all["PORT"]
	}
	return all
}

func upper(name string) string {
	return strings.NewReplacer("-", "_", ".", "_").Replace(strings.ToUpper(name))
}

// simple is a shell text of one command, which the shell can become: no
// operators, no assignment, no word of the shell's own.
var simple = lazyregexp.New("^[A-Za-z0-9_./-]+( [^;&|<>()`\n]*)?$")

var shellWords = []string{"exec", "eval", "cd", "export", "set", "source", ".", "if", "for", "while", "until", "case", "trap", "umask", "ulimit", "time", "exit", "unset", "read", "wait"}

// shellText is a string command for the shell, which then becomes the program.
func shellText(c schema.Command) string {
	first, _, _ := strings.Cut(c.Text, " ")
	if simple.MatchString(c.Text) && !slices.Contains(shellWords, first) {
		return "exec " + c.Text
	}
	return c.Text
}
