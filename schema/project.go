package schema

import (
	"path/filepath"
	"time"

	"devloop/schema/yamltree"
)

// Project is one devloop.yaml with what it extends: the settings that its own
// watchers, processes and sockets share, and that those of no other project see.
type Project struct {
	Prefix string // before the names of its nodes and sockets, such as "api.", or ""
	Name   string
	File   string // the absolute path of its devloop.yaml
	Dir    string // that its relative paths belong to
	Local  string // the personal file that was read with it, or ""
	Vars   []Var  // in file order, the environment's value already chosen
	Env    EnvLayer
	Shell  Shell
	Ignore []Pattern
	Settle *time.Duration

	vars    *vars
	root    *yamltree.Node // the merged tree
	sources sources        // that it stands in
}

// Root is the project that was loaded; the others are included in it.
func (c *Config) Root() *Project { return c.Projects[0] }

// Shell is what the command is handed to, if it is a string.
func (c Command) Shell() Shell {
	if c.project == nil {
		return Shell{Argv: defaultShell, Default: true}
	}
	return c.project.Shell
}

// project loads one devloop.yaml, what it extends, and what it includes. The
// nodes of all of them come into c, in this order: its own, then those of each
// project that it includes.
func (d *decoder) project(top *source, prefix string, c *Config) {
	p := &Project{Prefix: prefix, File: top.abs, Dir: filepath.Dir(top.abs), sources: d.sources}
	d.dir, d.current, d.vars = p.Dir, p, newVars(d, nil)
	root := d.layers(top, nil)
	if local := d.local(top); local != nil {
		p.Local = local.abs
		root = d.merge(root, d.layers(local, nil), topShape(), "")
	}
	if root == nil {
		return
	}
	p.root = d.plain(root, topShape())
	own := &Config{Name: filepath.Base(p.Dir), Jobs: c.Jobs, Shell: Shell{Argv: defaultShell, Default: true}}
	d.vars = newVars(d, p.root.Get("vars"))
	topKeys.read(d, p.root, own, "the file", p.root.Pos)
	p.Name, p.vars = own.Name, d.vars
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
		d.include(in, prefix, c)
	}
}

// lookAt remembers a file that was read or looked for.
func (d *decoder) lookAt(abs string) {
	if !d.seen[abs] {
		d.seen[abs] = true
		d.looked = append(d.looked, abs)
	}
}
