package starter

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"devloop/schema/lazyregexp"
)

// sub is a directory below as a project of its own.
func (p npmProject) sub(dir string) (*project, error) {
	at, ok := p.locate(dir)
	if !ok {
		return nil, fmt.Errorf("%s is outside of what can be read", dir)
	}
	return newProject(Place{Top: p.top, Dir: at, Base: path.Join(p.base, dir)}, p.tools)
}

// part is a project below that a loop includes.
type part struct {
	name, dir string
	d         *draft // nil where it has a devloop.yaml already
	port      string // where devloop holds its server; "" if it has none
	tool      bool   // it is a front end with a development server
	what      string // what it is, for people
	p         npmProject
}

// hasServer tells whether the draft is of a preset with a server.
func (d *draft) hasServer() bool {
	for _, p := range d.processes {
		if p.key == "server" && p.value == "null" {
			return false
		}
	}
	return len(d.top) > 0 && presetPort(d.top[0].value) != ""
}

// part drafts a project below; nil if it has nothing that serves.
func (p npmProject) part(dir string) (*part, error) {
	below, err := p.sub(dir)
	if err != nil {
		return nil, err
	}
	below.included = true
	sub := npmProject{below}
	one := &part{name: nodeName(path.Base(dir)), dir: dir, p: sub}
	if sub.has("devloop.yaml") {
		one.what = "it has a devloop.yaml of its own"
		return one, nil
	}
	for _, look := range []func(*project) (*draft, error){lookBun, lookNode} {
		d, err := look(below)
		if err != nil {
			return nil, err
		}
		if d == nil {
			continue
		}
		if !d.hasServer() {
			return nil, nil
		}
		if err := setEnvFile(d, below); err != nil {
			return nil, err
		}
		one.d = d
		one.what = strings.TrimPrefix(d.top[0].value, "preset:")
		one.tool = !slices.Contains([]string{"node-web", "nest", "bun-web"}, one.what)
		one.port = d.held()
		return one, nil
	}
	return nil, nil
}

// held is the port of the draft's server, as devloop holds it.
func (d *draft) held() string {
	for _, s := range d.sockets {
		for _, e := range s.sub {
			if port, ok := strings.CutPrefix(e.value, "http::"); ok && e.key == "listen" && s.key == "web" {
				return port
			}
		}
	}
	if port := d.value("PORT"); port != "" {
		return port
	}
	return presetPort(d.top[0].value)
}

// value is what a variable of the draft is set to; "" if it is not.
func (d *draft) value(name string) string {
	for _, v := range d.vars {
		if v.key == name {
			return v.value
		}
	}
	return ""
}

// lookWorkspace drafts the root of a workspace: each package that serves gets a devloop.yaml, and the
// root includes them. It is nil where the project is no such root, or nothing of it serves.
func lookWorkspace(p npmProject, m *manifest) (*draft, error) {
	w := p.workspaceAt(".")
	if w == nil {
		return nil, nil
	}
	var parts []*part
	for _, n := range w.packages {
		if !slices.ContainsFunc(devScripts, func(name string) bool { return n.m.Scripts[name] != "" }) && !p.isFile(path.Join(n.dir, "devloop.yaml")) {
			continue
		}
		if slices.Contains([]string{"e2e", "tests", "test", "benchmarks", "storybook"}, path.Base(n.dir)) {
			continue
		}
		one, err := p.part(n.dir)
		if err != nil {
			return nil, err
		}
		if one != nil {
			parts = append(parts, one)
		}
	}
	if len(parts) == 0 {
		return nil, nil
	}
	parts = p.chosen(parts)
	d := &draft{by: w.by}
	d.comment("A workspace (%s): each package that serves has a devloop.yaml of its own, and runs alone in its directory, too.", w.by)
	d.ignore("node_modules/")
	d.includeParts(parts)
	var shared []nodePackage
	for _, one := range parts {
		for _, n := range one.p.shared() {
			n.dir = path.Join(one.dir, n.dir)
			if !slices.ContainsFunc(shared, func(s nodePackage) bool { return s.dir == n.dir }) {
				shared = append(shared, n)
			}
		}
	}
	manager := &draft{}
	packageManager(manager, p, m)
	name := manager.value("NPM")
	if name == "" {
		name = "npm"
	}
	p.builds(d, shared, name)
	return d, nil
}

// chosen are the projects that people want the loop to run: all, or one.
func (p *project) chosen(parts []*part) []*part {
	if len(parts) < 2 {
		return parts
	}
	options := []string{"all of them"}
	for _, one := range parts {
		options = append(options, fmt.Sprintf("only %s (%s): %s", one.name, one.dir, one.what))
	}
	if at, _ := p.tools.choose("Which of these projects does the loop run?", options); at > 0 {
		return parts[at-1 : at]
	}
	return parts
}

// includeParts includes projects below, each on a port of its own, and says which port is which. holders
// are the draft's own servers.
func (d *draft) includeParts(parts []*part, holders ...holder) {
	named := len(holders) == 0 // the first part's port is PORT
	var ports []string
	for _, h := range holders {
		ports = append(ports, h.port)
	}
	bound := map[string][]string{} // who binds a port without being told
	for _, one := range parts {
		if one.d == nil {
			ports = append(ports, portsTaken(one.p.project)...)
		} else if port := one.d.binds(); port != "" {
			ports = append(ports, port)
			bound[port] = append(bound[port], one.name)
		}
	}
	slices.SortStableFunc(parts, func(a, b *part) int { // front ends first
		switch {
		case a.tool == b.tool:
			return 0
		case a.tool:
			return -1
		}
		return 1
	})
	var names, told []string
	for _, one := range parts {
		for n := 2; slices.Contains(names, one.name); n++ {
			one.name = nodeName(path.Base(one.dir)) + "-" + strconv.Itoa(n)
		}
		names = append(names, one.name)
	}
	for _, servers := range []bool{true, false} { // a page's own proxy, and links, know the servers' ports
		for i, one := range parts {
			if one.d != nil && one.tool != servers {
				one.separate(&ports, i == 0 && named)
			}
		}
	}
	for _, one := range parts {
		if one.d == nil {
			d.includes = append(d.includes, fmt.Sprintf("\n- {path: %s, as: %s}  # %s", inFlow(one.dir), inFlow(one.name), one.what))
			continue
		}
		if one.port == "" {
			d.includes = append(d.includes, fmt.Sprintf("\n- {path: %s, as: %s}  # %s", inFlow(one.dir), inFlow(one.name), one.what))
			continue
		}
		told = append(told, fmt.Sprintf("%s (%s) at http://127.0.0.1:%s", one.name, one.what, one.port))
		holders = append(holders, holder{one.name, one.port, one.d.binds()})
		d.includes = append(d.includes, fmt.Sprintf("\n- {path: %s, as: %s}  # %s, port %s", inFlow(one.dir), inFlow(one.name), one.what, one.port))
	}
	if len(told) > 0 {
		d.note("%s.", strings.Join(told, ", "))
	}
	for _, port := range slices.Sorted(maps.Keys(bound)) {
		if names := bound[port]; len(names) > 1 {
			d.note("%s bind port %s by themselves, a guess from their sources: only one of them can run. Let the others listen on $PORT, or take them out of `include`.", listed(names, "and"), port)
		}
	}
	for _, one := range parts {
		if one.d == nil {
			continue
		}
		if one.tool {
			one.p.forwards(d, one.dir, slices.DeleteFunc(slices.Clone(holders), func(h holder) bool { return h.name == one.name }))
		}
		for _, n := range one.d.notes {
			d.note("%s: %s", one.name, n)
		}
		made := one.d.finish()
		for _, line := range made.Ignore {
			if strings.HasPrefix(line, "/") { // of its own directory
				line = "/" + one.dir + line
			}
			d.ignore(line)
		}
		d.others = append(d.others, File{Dir: one.dir, Config: made.Config})
		for _, f := range made.Others {
			d.others = append(d.others, File{Dir: path.Join(one.dir, f.Dir), Config: f.Config})
		}
	}
}

// separate gives a part a port that no other part has, under a name of its own: PORT in the
// environment would move all of them.
func (one *part) separate(ports *[]string, first bool) {
	fixed := slices.ContainsFunc(one.d.sockets, func(s entry) bool { return s.key == "web" && s.sub != nil })
	taken := one.port
	if one.port == "" {
		return
	}
	for slices.Contains(*ports, one.port) {
		n, _ := strconv.Atoi(one.port) // it is a number, or 0
		one.port = strconv.Itoa(n + 1)
	}
	*ports = append(*ports, one.port)
	if fixed {
		one.d.moveSocket(taken, one.port)
		return
	}
	why := ""
	if one.port != taken {
		why = taken + " is another package's"
	}
	if first {
		if one.port != presetPort(one.what) {
			one.d.port(one.port, one.because("PORT", why))
		}
		return
	}
	variable := strings.ToUpper(strings.NewReplacer("-", "_", ".", "_").Replace(one.name)) + "_PORT"
	why = one.because("PORT", why)
	one.d.vars = slices.DeleteFunc(one.d.vars, func(v entry) bool { return v.key == "PORT" })
	one.d.set(variable, one.port, why)
	one.d.sockets = append(one.d.sockets, entry{key: "web", value: "{listen: \"http::${" + variable + "}\"}", comment: "PORT in the environment would move every package of the workspace"})
}

// portsTaken are the ports that the project's own devloop.yaml names, and the one of its preset where it
// names none.
func portsTaken(p *project) (ports []string) {
	text, err := p.read("devloop.yaml")
	if err != nil {
		return nil
	}
	for _, m := range namedPort.FindAllStringSubmatch(text, -1) {
		ports = append(ports, m[1])
	}
	t, err := parseTree([]byte(text))
	if err == nil && t.get("vars", "PORT").text() == "" {
		ports = append(ports, presetPort(t.get("extends").text()))
	}
	return ports
}

// namedPort is a port in a devloop.yaml: a variable's, or an address's.
var namedPort = lazyregexp.New(`(?:\bPORT:\s*["']?|:)(\d{2,5})\b`)

// moveSocket holds another port for the server.
func (d *draft) moveSocket(from, to string) {
	for i := range d.notes {
		d.notes[i] = strings.ReplaceAll(d.notes[i], "http://127.0.0.1:"+from+",", "http://127.0.0.1:"+to+",")
	}
	for i := range d.sockets {
		if listen := d.sockets[i].get("listen"); d.sockets[i].key == "web" && listen != nil && from != to {
			listen.value, listen.comment = "http::"+to, from+" is another project's"
		}
	}
}

// because is a reason, or else the one that a variable has already.
func (one *part) because(name, why string) string {
	for _, v := range one.d.vars {
		if v.key == name && why == "" {
			return v.comment
		}
	}
	return why
}

// leadsTo is where a front end's configuration forwards requests.
var leadsTo = lazyregexp.New(`(?:target|destination|['"]/[\w/*^$.-]*['"]|proxy)['"]?\s*:\s*['"\x60]https?://(?:localhost|127\.0\.0\.1):(\d{2,5})`)

// holder is a server with a port.
type holder struct {
	name  string
	port  string // that devloop holds
	binds string // that it binds by itself; "" if devloop tells it one
}

// forwards says whether the proxy of a front end in dir, whose project is given, still reaches the servers.
func (p npmProject) forwards(d *draft, dir string, holders []holder) {
	files := append((&nodeDraft{p: p}).configs(), "package.json", "proxy.conf.json", "src/proxy.conf.json", "src/setupProxy.js")
	for _, file := range files {
		text, err := p.read(file)
		if err != nil {
			continue
		}
		at := path.Join(dir, file)
		for _, m := range leadsTo.FindAllStringSubmatch(text, -1) {
			if i := slices.IndexFunc(holders, func(h holder) bool { return h.port == m[1] }); i >= 0 {
				d.note("%s forwards to port %s, which devloop holds for %s: it goes on working, also while %s restarts.", at, m[1], holders[i].name, holders[i].name)
			} else if i := slices.IndexFunc(holders, func(h holder) bool { return h.binds == m[1] }); i >= 0 {
				d.note("%s forwards to port %s, which %s binds by itself: requests fail while it restarts. With %s there, they wait.", at, m[1], holders[i].name, holders[i].port)
			} else {
				d.note("%s forwards to port %s, and nothing in devloop.yaml is there.", at, m[1])
			}
		}
	}
}

// binds is the port that the draft's server binds by itself; "" if devloop tells it one.
func (d *draft) binds() string {
	for _, s := range d.sockets {
		for _, e := range s.sub {
			if port, ok := strings.CutPrefix(e.value, "127.0.0.1:"); ok && e.key == "to" {
				return port
			}
		}
	}
	return ""
}

// elsewhere adds another package's script: as a project of its own where that can be.
func (n *nodeDraft) elsewhere(j *job) error {
	if j.script != "" && n.p.isFile(path.Join(j.dir, "package.json")) && below(j.dir, ".") {
		one, err := n.p.part(j.dir)
		if err != nil {
			return err
		}
		if one != nil {
			n.parts = append(n.parts, one)
			return nil
		}
	}
	name := n.name(j)
	command := strings.Join(j.args, " ")
	if j.script != "" {
		name, command = nodeName(path.Base(j.dir)), "$NPM run "+j.script
		if n.d.top == nil {
			command = "npm run " + j.script
		}
	}
	if command == "" {
		n.d.note("%s: `%s` was not understood, and is not in devloop.yaml.", j.from, j.text)
		return nil
	}
	p := entry{key: name, comment: fmt.Sprintf("Beside it in %s.", j.from), sub: []entry{{key: "run", value: yamlText(chained(n.p, j.before, command))}, {key: "dir", value: yamlText(j.dir)}}}
	p.sub = append(p.sub, variables(j.env)...)
	n.d.processes = append(n.d.processes, p)
	n.noteLost(j)
	return nil
}
