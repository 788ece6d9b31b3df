package runner

import (
	"strings"

	"devloop/orchestrator/listenfd"
	"devloop/schema"
)

// environ is an environment being built: later values win, and the order of
// first appearance is kept.
type environ struct {
	names  []string
	values map[string]string
}

// newEnviron starts from devloop's own environment, without what another supervisor set for devloop alone.
func newEnviron(inherited []string) *environ {
	e := &environ{values: map[string]string{}}
	for _, kv := range listenfd.StripEnv(inherited) {
		if name, value, ok := strings.Cut(kv, "="); ok && name != "" {
			e.set(name, value)
		}
	}
	return e
}

func (e *environ) set(name, value string) {
	if _, known := e.values[name]; !known {
		e.names = append(e.names, name)
	}
	e.values[name] = value
}

func (e *environ) unset(name string) { delete(e.values, name) }

// lookup reads one variable, as os.LookupEnv does.
func (e *environ) lookup(name string) (string, bool) {
	value, ok := e.values[name]
	return value, ok
}

// setAll adds NAME=VALUE pairs.
func (e *environ) setAll(pairs []string) {
	for _, kv := range pairs {
		if name, value, ok := strings.Cut(kv, "="); ok {
			e.set(name, value)
		}
	}
}

// layered is the environment that a layer of the configuration is added to.
type layered struct{ *environ }

func (e layered) Lookup(name string) (string, bool) { return e.lookup(name) }
func (e layered) Set(name, value string)            { e.set(name, value) }
func (e layered) Unset(name string)                 { e.unset(name) }

// list is the environment as exec needs it.
func (e *environ) list() []string {
	var all []string
	seen := map[string]bool{}
	for _, name := range e.names {
		if value, ok := e.values[name]; ok && !seen[name] {
			seen[name] = true
			all = append(all, name+"="+value)
		}
	}
	return all
}

// Environment is that of a command, NAME=value, without what a Runner adds for one start.
func Environment(inherited []string, project *schema.Project, layers ...schema.EnvLayer) ([]string, error) {
	e, err := commandEnviron(inherited, project, layers...)
	if err != nil {
		return nil, err
	}
	return e.list(), nil
}

// commandEnviron is the environment of a command: what is inherited, the vars of the node's project, then
// each layer from the top of its file down.
func commandEnviron(inherited []string, project *schema.Project, layers ...schema.EnvLayer) (*environ, error) {
	e := newEnviron(inherited)
	for _, v := range project.Vars {
		e.set(v.Name, v.Value)
	}
	for _, l := range append([]schema.EnvLayer{project.Env}, layers...) {
		if err := l.Apply(layered{e}); err != nil {
			return nil, err
		}
	}
	return e, nil
}

// declared names the variables that the layers of a configuration set and unset.
func declared(inherited []string, project *schema.Project, layers ...schema.EnvLayer) (set, unset []string, err error) {
	seen := declaring{layered: layered{newEnviron(inherited)}, unset: map[string]bool{}}
	for _, v := range project.Vars {
		seen.Set(v.Name, v.Value)
	}
	for _, l := range append([]schema.EnvLayer{project.Env}, layers...) {
		if err := l.Apply(&seen); err != nil {
			return nil, nil, err
		}
	}
	for _, name := range seen.names {
		if seen.unset[name] {
			unset = append(unset, name)
		} else {
			set = append(set, name)
		}
	}
	return set, unset, nil
}

// declaring notes which variables are set and unset.
type declaring struct {
	layered
	names []string
	unset map[string]bool
}

func (d *declaring) note(name string, unset bool) {
	if _, seen := d.unset[name]; !seen {
		d.names = append(d.names, name)
	}
	d.unset[name] = unset
}

func (d *declaring) Set(name, value string) { d.note(name, false); d.layered.Set(name, value) }
func (d *declaring) Unset(name string)      { d.note(name, true); d.layered.Unset(name) }
