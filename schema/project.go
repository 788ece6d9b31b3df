package schema

import (
	"path/filepath"
	"slices"
	"strings"

	"devloop/schema/yamltree"
)

// project loads one devloop.yaml, what it extends, and what it includes. The nodes of all of them come into
// c, in this order: its own, then those of each project that it includes.
func (l *loader) project(top *source, prefix string, c *Config) {
	p := &Project{Prefix: prefix, File: top.abs, Dir: filepath.Dir(top.abs), sources: l.sources}
	l.dir, l.current, l.vars = p.Dir, p, newVars(l.decoder, nil)
	root := l.layers(top, nil)
	if local := l.local(top); local != nil {
		p.Local = local.abs
		root = l.merge(root, l.layers(local, nil), topShape(), "")
	}
	if root == nil {
		return
	}
	p.root = l.plain(root, topShape())
	own := &Config{Name: filepath.Base(p.Dir), Jobs: c.Jobs, Shell: Shell{Argv: defaultShell, Default: true}}
	l.vars = newVars(l.decoder, p.root.Get("vars"))
	topKeys.read(l.decoder, p.root, own, "the file", p.root.Pos)
	l.leaveOut(own, p)
	p.Name = own.Name
	p.Vars, p.Env, p.Shell, p.Ignore, p.Settle = own.Vars, own.Env, own.Shell, own.Ignore, own.Settle
	for i := range own.Sockets {
		s := &own.Sockets[i]
		s.Project, s.Short, s.Name = p, s.Name, prefix+s.Name
	}
	for i := range own.Watchers {
		w := &own.Watchers[i]
		w.Project, w.Short, w.Name = p, w.Name, prefix+w.Name
	}
	for i := range own.Processes {
		q := &own.Processes[i]
		q.Project, q.Short, q.Name = p, q.Name, prefix+q.Name
	}
	if len(c.Projects) == 0 {
		*c = *own
		c.File, c.Dir, c.Local = p.File, p.Dir, p.Local
	} else {
		c.Sockets = append(c.Sockets, own.Sockets...)
		c.Watchers = append(c.Watchers, own.Watchers...)
		c.Processes = append(c.Processes, own.Processes...)
	}
	c.Projects = append(c.Projects, p)
	for _, in := range own.includes {
		l.include(in, prefix, c)
	}
}

// include loads another project into c. A project that is included twice under the same names counts once.
func (l *loader) include(in inclusion, prefix string, c *Config) {
	from := l.sources[in.pos.File]
	if from.abs == "" {
		l.partial = true
		l.mistake(in.pos, "a built-in preset has no directory, so "+yamltree.Quote(in.path)+" is nowhere", "")
		return
	}
	at := from.beside(in.path)
	if info, err := l.opt.Stat(at.abs); err == nil && info.IsDir() {
		at = place{filepath.Join(at.file, fileName), filepath.Join(at.abs, fileName)}
	}
	if in.as != "" {
		prefix += in.as + "."
	}
	steps := append(slices.Clone(l.within), step{l.top, in.pos})
	if i := slices.IndexFunc(steps, func(s step) bool { return s.file.abs == at.abs }); i >= 0 {
		l.circle(steps[i:], "includes")
		return
	}
	if slices.ContainsFunc(c.Projects, func(p *Project) bool { return p.File == at.abs && p.Prefix == prefix }) {
		return
	}
	hint := "`include: services/api` reads the " + fileName + " of that directory"
	if strings.HasPrefix(in.path, builtin) {
		hint = "a preset is a layer under this file, not a project beside it: `extends: " + in.path + "`"
	}
	s := l.open(in.pos, at, includedHere, hint)
	if s == nil {
		l.partial = true
		return
	}
	if l.count++; l.count > maxFiles {
		l.partial = true
		return
	}
	if s.root == nil {
		l.partial = true
		return
	}
	dir, current, vars, within, top := l.dir, l.current, l.vars, l.within, l.top
	l.within, l.top = steps, s
	l.project(s, prefix, c)
	l.dir, l.current, l.vars, l.within, l.top = dir, current, vars, within, top
}
