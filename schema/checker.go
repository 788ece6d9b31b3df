package schema

import "strings"

// checker finds mistakes that only show in the whole file: unknown names, duplicate names, values that do
// not fit each other.
type checker struct {
	*decoder
	watchers  map[string]*Watcher
	processes map[string]*Process
	sockets   map[string]*Socket
	proxied   map[string]lent // the user of a proxied socket
	config    *Config
	nodeNames []string // in the order of the file
	sockNames []string
}

// lent is a socket's one user, and where it lists the socket.
type lent struct {
	to *Process
	at Pos
}

// newChecker finds duplicate names, and fills in full names.
func newChecker(d *decoder, c *Config) *checker {
	k := &checker{decoder: d, config: c, proxied: map[string]lent{}}
	k.sockets, k.sockNames = byName(k, "socket", c.Sockets, func(s *Socket) (string, Pos) { return s.Name, s.Pos })
	k.watchers, k.nodeNames = byName(k, "watcher", c.Watchers, func(w *Watcher) (string, Pos) { return w.Name, w.Pos })
	var names []string
	k.processes, names = byName(k, "process", c.Processes, func(p *Process) (string, Pos) { return p.Name, p.Pos })
	k.nodeNames = append(k.nodeNames, names...)
	for _, name := range names {
		if w := k.watchers[name]; w != nil {
			k.twice(name, "process", k.processes[name].Pos, "watcher", w.Pos)
		}
	}
	for i := range c.Watchers {
		k.reach(c.Watchers[i].DependsOn, c.Watchers[i].Project)
	}
	for i := range c.Processes {
		p := &c.Processes[i]
		k.reach(p.DependsOn, p.Project)
		for j := range p.Sockets {
			ref := &p.Sockets[j]
			ref.Short = ref.Name
			ref.Name = p.Project.resolve(ref.Name, func(name string) bool { return k.sockets[name] != nil })
		}
	}
	return k
}

// byName finds each of a list by its name, and lists the names in the order of the file. Of two with the
// same name the first counts.
func byName[T any](k *checker, what string, list []T, head func(*T) (string, Pos)) (all map[string]*T, names []string) {
	all = map[string]*T{}
	for i := range list {
		name, at := head(&list[i])
		if before := all[name]; before != nil {
			_, other := head(before)
			k.twice(name, what, at, what, other)
			continue
		}
		all[name] = &list[i]
		names = append(names, name)
	}
	return all, names
}

// twice reports a name that two nodes or two sockets have. Within one mapping of one file that is a
// duplicate key.
func (k *checker) twice(name, what string, at Pos, otherWhat string, other Pos) {
	if at.File == other.File && other.Line > at.Line {
		at, other, what, otherWhat = other, at, otherWhat, what
	}
	hint := "names are unique over watchers and processes together"
	if what == "socket" {
		hint = ""
	}
	if k.projectOf(at) != k.projectOf(other) {
		hint = "write `as` beside the `path` of an included project to prefix its names"
	}
	if at.File == other.File {
		hint = "the " + otherWhat + " " + where(other, at) + " has it; " + hint
	}
	k.both(at, "the name `"+name+"` is used twice", hint, other, "the "+otherWhat+" of that name")
}

// projectOf is the devloop.yaml that led to a file of the load.
func (k *checker) projectOf(pos Pos) string {
	file := pos.File
	for w, ok := k.ways[file]; ok && w.how == extendedHere; w, ok = k.ways[file] {
		file = w.pos.File
	}
	return file
}

// reach finds the nodes that dependencies name, which may be of another project.
func (k *checker) reach(deps []Dependency, p *Project) {
	for i := range deps {
		deps[i].Name = p.resolve(deps[i].Name, func(name string) bool { return k.watchers[name] != nil || k.processes[name] != nil })
	}
}

// resolve is the full name of what a project calls name: its own, or else that of the project that includes
// it, and so on. An unknown name stays as it is.
func (p *Project) resolve(name string, there func(string) bool) string {
	for prefix := p.Prefix; prefix != ""; {
		if there(prefix + name) {
			return prefix + name
		}
		prefix = prefix[:strings.LastIndexByte(strings.TrimSuffix(prefix, "."), '.')+1]
	}
	return name
}
