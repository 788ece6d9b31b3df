package schema

import (
	"strings"

	"devloop/schema/yamltree"
)

// check finds what is wrong in a configuration that could be read.
func (d *decoder) check(c *Config) {
	k := newChecker(d, c)
	d.checkSockets(c)
	for i := range c.Watchers {
		k.watcher(&c.Watchers[i])
	}
	k.outputs(c)
	for i := range c.Processes {
		k.process(&c.Processes[i])
	}
	if len(k.nodeNames) == 0 && len(d.mistakes) == 0 {
		d.missed(c.root().root.Pos, "the file has neither watchers nor processes", "such as `processes: {server: {run: ./server}}`", c.root(), ".processes", ".watchers")
	}
}

func (k *checker) watcher(w *Watcher) {
	k.depends(w.DependsOn, w.Project)
	k.triggers(w)
	for _, group := range w.Groups() {
		for _, s := range group {
			k.stage(w, s)
			k.reuse(w, s)
		}
	}
}

func (k *checker) process(p *Process) {
	k.depends(p.DependsOn, p.Project)
	k.refs(p)
	k.autoUpdate(p)
	k.ready(p)
	k.idleReady(p)
	k.update(p)
	k.checking(p)
	k.lateRefs(p.Run, p, k.assigned(p))
	if p.Stop.Command != nil {
		k.lateRefs(*p.Stop.Command, p, k.assigned(p))
	}
	if p.Ready != nil && p.Ready.Exec != nil {
		k.lateRefs(*p.Ready.Exec, p, k.assigned(p))
	}
}

// depends finds unknown names and conditions that do not fit, and fills in the default conditions.
func (k *checker) depends(deps []Dependency, p *Project) {
	seen := map[string]Pos{}
	for i := range deps {
		dep := &deps[i]
		if before, twice := seen[dep.Name]; twice {
			k.both(dep.Pos, "`"+dep.Name+"` is listed twice in `depends_on`", "", before, "the other one")
		}
		seen[dep.Name] = dep.Pos
		switch {
		case k.watchers[dep.Name] != nil:
			if dep.Condition == "" {
				dep.Condition = Passed
			} else if dep.Condition != Passed {
				k.mistake(dep.Pos, "`"+dep.Name+"` is a watcher, which has no `"+string(dep.Condition)+"`", "write `"+dep.Name+": passed`")
				k.elsewhere(k.watchers[dep.Name].Pos, "the watcher")
			}
		case k.processes[dep.Name] != nil:
			if dep.Condition == "" {
				dep.Condition = IsReady
			} else if dep.Condition == Passed {
				k.mistake(dep.Pos, "`"+dep.Name+"` is a process, which has no `passed`", "write `"+dep.Name+": ready`, or `"+dep.Name+": succeeded` if it is meant to end")
			}
		case k.sockets[dep.Name] != nil:
			k.mistake(dep.Pos, "`"+dep.Name+"` is a socket, not a watcher or a process", "sockets are bound before anything starts; list it under `sockets`")
			k.elsewhere(k.sockets[dep.Name].Pos, "the socket")
		default:
			k.missed(dep.Pos, "there is no watcher or process "+yamltree.Quote(dep.Name), k.near(dep.Name, k.nodeNames),
				p, ".watchers."+dep.Name, ".processes."+dep.Name, ".watchers", ".processes")
		}
	}
}

// triggers finds a watcher that would wake itself.
func (k *checker) triggers(w *Watcher) {
	watched := map[string]Pos{}
	for _, p := range w.Watch {
		if path, ok := p.Literal(); ok {
			watched[path] = p.Pos
		}
	}
	seen := map[string]Pos{}
	for _, t := range w.Triggers {
		if before, twice := seen[t.Abs]; twice {
			k.both(t.Pos, "the trigger "+yamltree.Quote(t.Text)+" is listed twice", "", before, "the other one")
		}
		seen[t.Abs] = t.Pos
		if pos, ok := watched[slashed(t.Abs)]; ok {
			k.both(t.Pos, "watcher `"+w.Name+"` watches its own trigger "+yamltree.Quote(t.Text), "it would trigger itself forever: remove the trigger from its `watch` "+where(pos, t.Pos), pos, "it is watched here")
		}
	}
}

// stage finds an if_changed that nothing under watch can match: after its first
// pass the stage would never run again.
func (k *checker) stage(w *Watcher, s *Stage) {
	k.lateRefs(s.Run, nil, k.outside(w.Project, w.Env, s.Env))
	if len(w.Watch)*len(s.IfChanged) > 100_000 { // the cost is the product, and no real file has that
		return
	}
	for _, p := range s.IfChanged {
		reached := len(w.Watch) == 0 // that is another mistake
		for _, watch := range w.Watch {
			reached = reached || watch.Reaches(p.Base()) && p.Reaches(watch.Base())
		}
		if !reached {
			k.both(p.Pos, "nothing that watcher `"+w.Name+"` watches can match "+yamltree.Quote(p.String()), "add it to `watch`", w.Watch[0].Pos, "what it watches")
		}
	}
}

// refs finds sockets that do not exist, are listed twice, belong to another process, or would share the
// name of a variable.
func (k *checker) refs(p *Process) {
	seen, vars := map[string]Pos{}, map[string]string{}
	for _, ref := range p.Sockets {
		if before, twice := seen[ref.Name]; twice {
			k.both(ref.Pos, "the socket `"+ref.Name+"` is listed twice", "list each socket once", before, "the other one")
			continue
		}
		seen[ref.Name] = ref.Pos
		s := k.sockets[ref.Name]
		if s == nil {
			k.missed(ref.Pos, "there is no socket "+yamltree.Quote(ref.Name), k.noSocket(ref.Name), p.Project, ".sockets."+ref.Name, ".sockets")
			continue
		}
		if s.Via == ViaProxy {
			if owner, taken := k.proxied[ref.Name]; taken {
				k.both(ref.Pos, "the socket `"+ref.Name+"` is proxied, and process `"+owner.to.Name+"` has it", "devloop forwards to one process; write a socket for each, or `via: inherit`, which several processes can share",
					owner.at, "the other process")
				k.elsewhere(s.at["via"], "where it is proxied")
				continue
			}
			k.proxied[ref.Name] = lent{p, ref.Pos}
			k.ownPort(p, s)
		}
		name := lateName(s, ref)
		if other, ok := vars[name]; ok {
			k.both(ref.Pos, "the sockets `"+other+"` and `"+ref.Name+"` would both be `"+name+"`", "rename one of them", seen[other], "the other one")
		}
		vars[name] = ref.Name
	}
}

// ownPort warns of a PORT that has no effect.
func (k *checker) ownPort(p *Process, s *Socket) {
	for _, v := range p.Env.Vars {
		if v.Name == "PORT" && s.To == "" {
			k.warn(v.Pos, "`PORT` is the port that devloop gives process `"+p.Name+"` for the socket `"+s.Name+"`, whatever is written here", "")
		}
	}
}

// noSocket is a hint for a name that no socket has.
func (k *checker) noSocket(name string) string {
	if _, err := ParseListen(name); err == nil {
		return "give it a name: `sockets: {web: \"" + name + "\"}` at the top, and `sockets: [web]` here"
	}
	if k.watchers[name] != nil || k.processes[name] != nil {
		return "that is a node, not a socket; list it under `depends_on`"
	}
	if len(k.sockNames) == 0 {
		return "the file has no `sockets`"
	}
	return k.near(name, k.sockNames)
}

// ready finds a path without a socket that it could be a path of.
func (k *checker) ready(p *Process) {
	if p.Ready == nil || !strings.HasPrefix(p.Ready.HTTP, "/") {
		return
	}
	for _, ref := range p.Sockets {
		if s := k.sockets[ref.Name]; s == nil || s.Listen.Type == "" || s.Listen.Web() {
			return // it has one, or a mistake that was reported
		}
	}
	k.mistake(p.Ready.Pos, "the path "+yamltree.Quote(p.Ready.HTTP)+" needs an http socket, and process `"+p.Name+"` has none", "write a whole URL, or list a socket such as `web: http::3000`")
}
