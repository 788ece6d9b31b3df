package schema

import (
	"strconv"
	"strings"
)

// check finds what is only wrong when the whole file is seen: names that are
// not there, names that stand twice, addresses that clash.
func (d *decoder) check(c *Config, root *node) {
	d.checkNames(c)
	d.checkSockets(c)
	for i := range c.Watchers {
		w := &c.Watchers[i]
		d.checkDepends(c, w.DependsOn)
		d.checkTriggers(w)
		for _, s := range w.Stages {
			d.checkStage(w, s)
			for _, p := range s.Parallel {
				d.checkStage(w, p)
			}
		}
	}
	for i := range c.Processes {
		p := &c.Processes[i]
		d.checkDepends(c, p.DependsOn)
		d.checkRefs(c, p)
		d.checkReady(c, p)
	}
	if len(c.Watchers)+len(c.Processes) == 0 && len(d.mistakes) == 0 {
		d.mistake(root.pos, "the file has neither watchers nor processes", "such as `processes: {server: {run: ./server}}`")
	}
}

// checkNames finds a name that a watcher and a process share. Within one
// mapping a name that stands twice is a key that stands twice.
func (d *decoder) checkNames(c *Config) {
	for _, p := range c.Processes {
		w := c.Watcher(p.Name)
		if w == nil {
			continue
		}
		at, other, what := p.Pos, w.Pos, "watcher"
		if other.Line > at.Line {
			at, other, what = w.Pos, p.Pos, "process"
		}
		d.mistake(at, "the name `"+p.Name+"` stands twice", "the "+what+" in line "+strconv.Itoa(other.Line)+" has it; names are unique over watchers and processes together")
	}
}

// nodeNames are the names of all watchers and processes.
func (c *Config) nodeNames() []string {
	var names []string
	for _, w := range c.Watchers {
		names = append(names, w.Name)
	}
	for _, p := range c.Processes {
		names = append(names, p.Name)
	}
	return names
}

// checkDepends finds unknown names and conditions that do not fit, and fills in
// the default conditions.
func (d *decoder) checkDepends(c *Config, deps []Dependency) {
	seen := map[string]bool{}
	for i := range deps {
		dep := &deps[i]
		if seen[dep.Name] {
			d.mistake(dep.Pos, "`"+dep.Name+"` stands twice in `depends_on`", "")
		}
		seen[dep.Name] = true
		switch {
		case c.Watcher(dep.Name) != nil:
			if dep.Condition == "" {
				dep.Condition = Passed
			} else if dep.Condition != Passed {
				d.mistake(dep.Pos, "`"+dep.Name+"` is a watcher, which is never `"+string(dep.Condition)+"`", "write `"+dep.Name+": passed`")
			}
		case c.Process(dep.Name) != nil:
			if dep.Condition == "" {
				dep.Condition = IsReady
			} else if dep.Condition == Passed {
				d.mistake(dep.Pos, "`"+dep.Name+"` is a process, which never passes", "write `"+dep.Name+": ready`, or `"+dep.Name+": succeeded` if it is meant to end")
			}
		case c.Socket(dep.Name) != nil:
			d.mistake(dep.Pos, "`"+dep.Name+"` is a socket, not a watcher or a process", "sockets are bound before anything starts; list it under `sockets`")
		default:
			d.mistake(dep.Pos, "there is no watcher or process "+quote(dep.Name), didYouMeanOf(dep.Name, c.nodeNames()))
		}
	}
}

// checkTriggers finds a watcher that would wake itself.
func (d *decoder) checkTriggers(w *Watcher) {
	seen := map[string]bool{}
	for _, t := range w.Triggers {
		if seen[t.Abs] {
			d.mistake(t.Pos, "the trigger "+quote(t.Text)+" stands twice", "")
		}
		seen[t.Abs] = true
		for _, p := range w.Watch {
			if path, ok := p.Literal(); ok && path == slashed(t.Abs) {
				d.mistake(t.Pos, "watcher `"+w.Name+"` watches its own trigger "+quote(t.Text), "it would never rest: take the trigger out of its `watch` in line "+strconv.Itoa(p.Pos.Line))
			}
		}
	}
}

// checkStage finds an if_changed that nothing under watch can match: after its
// first pass the stage would never run again.
func (d *decoder) checkStage(w *Watcher, s Stage) {
	d.checkLate(s.Run, nil, "a stage")
	for _, p := range s.IfChanged {
		reached := len(w.Watch) == 0 // that is a mistake of its own
		for _, watch := range w.Watch {
			reached = reached || watch.Reaches(p.Base()) || p.Reaches(watch.Base())
		}
		if !reached {
			d.mistake(p.Pos, "nothing that watcher `"+w.Name+"` watches can match "+quote(p.String()), "add it to `watch`")
		}
	}
}

// checkRefs finds sockets that are not there, stand twice, or would share the
// name of a variable.
func (d *decoder) checkRefs(c *Config, p *Process) {
	var names []string
	for _, s := range c.Sockets {
		names = append(names, s.Name)
	}
	seen, vars := map[string]bool{}, map[string]string{}
	for _, ref := range p.Sockets {
		if seen[ref.Name] {
			d.mistake(ref.Pos, "the socket `"+ref.Name+"` stands twice", "a process gets each socket once")
			continue
		}
		seen[ref.Name] = true
		if c.Socket(ref.Name) == nil {
			hint := didYouMeanOf(ref.Name, names)
			if _, err := ParseListen(ref.Name); err == nil {
				hint = "give it a name: `sockets: {web: \"" + ref.Name + "\"}` at the top, and `sockets: [web]` here"
			} else if c.Watcher(ref.Name) != nil || c.Process(ref.Name) != nil {
				hint = "that is a node; `depends_on` is for nodes"
			} else if hint == "" && len(names) == 0 {
				hint = "the file has no `sockets`"
			}
			d.mistake(ref.Pos, "there is no socket "+quote(ref.Name), hint)
			continue
		}
		name := fdName(ref.Name)
		if other, ok := vars[name]; ok {
			d.mistake(ref.Pos, "the sockets `"+other+"` and `"+ref.Name+"` would both be `"+name+"`", "rename one of them")
		}
		vars[name] = ref.Name
	}
	d.checkLate(p.Run, p, "")
	if p.Stop.Command != nil {
		d.checkLate(*p.Stop.Command, p, "")
	}
	if p.Ready != nil && p.Ready.Exec != nil {
		d.checkLate(*p.Ready.Exec, p, "")
	}
}

// fdName is the variable that holds the descriptor of a socket.
func fdName(socket string) string {
	return "DEVLOOP_FD_" + strings.ToUpper(strings.NewReplacer(".", "_", "-", "_").Replace(socket))
}

// checkLate finds ${DEVLOOP_FD_…} of a socket that the command does not get.
func (d *decoder) checkLate(c Command, p *Process, what string) {
	for _, parts := range c.late {
		for _, part := range parts {
			if !strings.HasPrefix(part.name, "DEVLOOP_FD_") {
				continue
			}
			if p == nil {
				d.mistake(part.pos, what+" gets no sockets, so `"+part.name+"` is not defined", "only a process gets sockets")
				continue
			}
			var names []string
			known := false
			for _, s := range p.Sockets {
				names = append(names, fdName(s.Name))
				known = known || fdName(s.Name) == part.name
			}
			if !known {
				hint := didYouMean(part.name, names)
				if len(names) == 0 {
					hint = "process `" + p.Name + "` has no `sockets`"
				}
				d.mistake(part.pos, "process `"+p.Name+"` has no socket for `"+part.name+"`", hint)
			}
		}
	}
}

// checkReady finds a path without a socket that it could be a path of.
func (d *decoder) checkReady(c *Config, p *Process) {
	if p.Ready == nil || !strings.HasPrefix(p.Ready.HTTP, "/") {
		return
	}
	for _, ref := range p.Sockets {
		if s := c.Socket(ref.Name); s == nil || s.Listen.Type == "" || s.Listen.Web() {
			return // it has one, or a mistake that has been told
		}
	}
	d.mistake(p.Ready.Pos, "the path "+quote(p.Ready.HTTP)+" needs an http socket, and process `"+p.Name+"` has none", "write a whole URL, or list a socket such as `web: http::3000`")
}
