package starter

import (
	"slices"
	"strings"
)

var composeFiles = []string{"compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"}

// needs says which services of a compose file the project's server needs, and what they are called for
// programs of this machine. Values are not repeated: they may be passwords.
func (p *project) needs(d *draft) error {
	for _, file := range composeFiles {
		text, err := p.read(file)
		if err != nil {
			return err
		}
		t, err := parseTree([]byte(text))
		if text == "" || err != nil {
			continue
		}
		own, images := composeServices(t)
		needed := images
		if waits := waitsFor(t, own); len(waits) > 0 {
			needed = slices.DeleteFunc(slices.Clone(images), func(name string) bool { return !slices.Contains(waits, name) })
		}
		if len(needed) == 0 {
			return nil
		}
		d.beside = append(d.beside, file)
		up := "docker compose up -d " + strings.Join(needed, " ")
		d.comment("It needs %s of %s: `%s`.", listed(needed, "and"), file, up)
		d.note("The server needs %s of %s: `%s` before `devloop`.", listed(needed, "and"), file, up)
		p.needsVariables(d, t, file, own, needed)
		return nil
	}
	return nil
}

// composeServices are the services that are built here, and those that are images.
func composeServices(t tree) (own, images []string) {
	for _, s := range t.get("services").pairs() {
		switch {
		case s.value.get("build").Node != nil:
			own = append(own, s.key)
		case len(s.value.get("profiles").list()) == 0:
			images = append(images, s.key)
		}
	}
	return own, images
}

// waitsFor are the services that some depend on.
func waitsFor(t tree, services []string) []string {
	var all []string
	for _, name := range services {
		on := t.get("services", name, "depends_on")
		all = append(all, on.list()...)
		for _, p := range on.pairs() {
			all = append(all, p.key)
		}
	}
	return all
}

// needsVariables names the variables by which the project's own service finds the others.
func (p *project) needsVariables(d *draft, t tree, file string, own, needed []string) {
	env, err := p.read(".env")
	if err != nil {
		return
	}
	for _, name := range own {
		var names, hosts []string
		line := 0
		for _, v := range serviceVariables(t.get("services", name, "environment")) {
			for _, host := range needed {
				if !hostIn(v.value, host) || strings.Contains("\n"+env, "\n"+v.name+"=") {
					continue
				}
				if !slices.Contains(names, v.name) {
					names = append(names, v.name)
				}
				if line == 0 {
					line = v.line
				}
				h := host + " has no port on this machine: give it `ports`"
				if ports := t.get("services", host, "ports").list(); len(ports) > 0 && hostPort(ports[0]) != "" {
					h = host + " is localhost:" + hostPort(ports[0])
				}
				if !slices.Contains(hosts, h) {
					hosts = append(hosts, h)
				}
			}
		}
		if len(names) > 0 {
			d.note("%s:%d gives the service %s a value for %s. Set it in .env, where %s.", file, line, name, listed(names, "and"), listed(hosts, "and"))
			return
		}
	}
}

// hostIn tells whether a value names a host.
func hostIn(value, host string) bool {
	for _, word := range strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune("/@:,=?& ", r) }) {
		if word == host {
			return true
		}
	}
	return false
}

type serviceVariable struct {
	name, value string
	line        int
}

// serviceVariables are those of an `environment`: a mapping, or a list of NAME=value.
func serviceVariables(t tree) []serviceVariable {
	var all []serviceVariable
	for _, p := range t.pairs() {
		all = append(all, serviceVariable{p.key, p.value.text(), p.line})
	}
	if n := t.resolved(); t.isList() {
		for _, item := range n.Content {
			if name, value, ok := strings.Cut(item.Value, "="); ok {
				all = append(all, serviceVariable{name, value, item.Line})
			}
		}
	}
	return all
}

// onlyImages tells whether a compose file builds nothing of the project's: it is what the project needs,
// and not what it is.
func (p *project) onlyImages(file string) bool {
	text, err := p.read(file)
	if err != nil {
		return false
	}
	t, err := parseTree([]byte(text))
	if err != nil {
		return false
	}
	own, images := composeServices(t)
	return len(own) == 0 && len(images) > 0
}
