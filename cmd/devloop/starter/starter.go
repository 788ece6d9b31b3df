// Package starter looks at a project and drafts the devloop.yaml that a
// colleague would write who knows both. It never writes a file or asks the
// network, and runs no command but those of Tools.
package starter

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode/utf8"
)

// Look drafts a configuration for the project in a place, by what is there. The
// error is a NothingError, or that a file cannot be read.
func Look(at Place, tools Tools) (Draft, error) {
	p, err := newProject(at, tools)
	if err != nil {
		return Draft{}, err
	}
	d, err := p.draft()
	if d, err = (repository{p}).draft(d, err); err != nil {
		return Draft{}, err
	}
	d.tools = tools
	return d.finish(), nil
}

// draft is what the project's directory itself says.
func (p *project) draft() (*draft, error) {
	for _, look := range []func(*project) (*draft, error){
		lookRust, lookGo, lookDjango, lookRuby, lookPHP, lookPhoenix, lookDotnet, lookPython, lookDeno, lookBun, lookNode, lookGradle, lookMaven, lookDocs, lookProcessCompose, lookTools,
	} {
		d, err := look(p)
		if err != nil {
			return nil, err
		}
		if d == nil {
			continue
		}
		if d, err = (sitePages{p}).instead(d); err != nil {
			return nil, err
		}
		if d.done == nil {
			beside, err := p.processesBeside(d)
			if err != nil {
				return nil, err
			}
			if !beside {
				whole, err := lookProcessCompose(p) // its server is none that is known
				if err != nil {
					return nil, err
				}
				if whole != nil {
					d = whole
				}
			}
		}
		if d, err = p.services(d); err != nil {
			return nil, err
		}
		if d.done == nil {
			if err := setEnvFile(d, p); err != nil {
				return nil, err
			}
			p.ambient(d)
			if d.hasServer() {
				if err := p.needs(d); err != nil {
					return nil, err
				}
			}
		}
		for _, tool := range toolFiles {
			if p.has(tool) && d.by != tool && !slices.Contains(d.beside, tool) && !d.tookFrom(tool) {
				d.note("There is a %s too: `devloop init --from %s` translates it.", tool, tool)
			}
		}
		return d, nil
	}
	return nil, p.nothing()
}

// Extend drafts a configuration that is a preset and nothing else. preset is as
// `extends` has it, such as "preset:rust-web".
func Extend(preset string) Draft {
	d := &draft{by: preset}
	d.top = append(d.top, entry{key: "extends", value: yamlText(preset)})
	d.comment("`devloop presets show %s` prints what this file builds on; its `vars` can be set here.", preset)
	d.ignore(".trigger")
	return d.finish()
}

// toolFiles are files of other tools that From reads.
var toolFiles = []string{
	".air.toml", "modd.conf", "bacon.toml", "Procfile.dev", "Procfile", "process-compose.yaml", "process-compose.yml",
	"compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml",
}

// From drafts what another tool's file says, as far as it goes. text is the
// file, and name its name, which tells the tool.
func From(name string, text []byte) (Draft, error) {
	base := path.Base(strings.ReplaceAll(name, `\`, "/"))
	if !utf8.Valid(text) {
		return Draft{}, fmt.Errorf("translate %s: it is no UTF-8 text", base)
	}
	d := &draft{by: base}
	d.comment("Translated from %s.", base)
	var err error
	switch {
	case base == ".air.toml" || strings.HasSuffix(base, "air.toml"):
		err = fromAir(d, text)
	case strings.HasPrefix(base, "modd"):
		err = fromModd(d, text)
	case base == "bacon.toml":
		err = fromBacon(d, text)
	case strings.HasPrefix(base, "Procfile"):
		fromProcfile(d, string(text))
	case strings.HasPrefix(base, "process-compose"):
		err = fromProcessCompose(d, text)
	case strings.Contains(base, "compose"):
		err = fromCompose(d, text)
	default:
		return Draft{}, fmt.Errorf("%s is of no tool that devloop knows: it reads .air.toml, modd.conf, bacon.toml, a Procfile, process-compose.yaml and a compose file", base)
	}
	if err != nil {
		return Draft{}, fmt.Errorf("translate %s: %w", base, err)
	}
	d.dropEdges()
	if len(d.watchers)+len(d.processes) == 0 {
		return Draft{}, fmt.Errorf("translate %s: it has no command that devloop could run", base)
	}
	done := d.finish()
	done.From = base
	return done, nil
}

// lookTools translates the file of another tool where no language is known.
func lookTools(p *project) (*draft, error) {
	for _, name := range toolFiles {
		if !p.has(name) {
			continue
		}
		text, err := p.read(name)
		if err != nil {
			return nil, err
		}
		got, err := From(name, []byte(text))
		if err != nil {
			return nil, err
		}
		return &draft{by: name, done: &got}, nil
	}
	return nil, nil
}

// lookProcessCompose takes a process-compose file for what people run, which no
// language tells. A compose file or another tool's comes later.
func lookProcessCompose(p *project) (*draft, error) {
	for _, name := range processComposeFiles {
		text, err := p.read(name)
		if err != nil {
			return nil, err
		}
		if text == "" {
			continue
		}
		got, err := From(name, []byte(text))
		if err != nil || strings.Count(string(got.Config), "\n    run: ") < 2 {
			continue
		}
		return &draft{by: name, done: &got}, nil
	}
	return nil, nil
}

// services adds what a Procfile of several commands has beside the server of a
// draft. Where the draft has no server, the Procfile is what people run.
func (p *project) services(d *draft) (*draft, error) {
	for _, name := range []string{"Procfile.dev", "Procfile"} {
		text, err := p.read(name)
		if err != nil {
			return nil, err
		}
		all, _ := procfile(text)
		if len(all) < 2 || d.done != nil {
			continue
		}
		if d.serves() {
			procfileBeside(d, name, all)
			if p.has(".env") {
				d.top = append(d.top, entry{key: "env_file", value: ".env", comment: "as foreman reads it"})
			}
			return d, nil
		}
		got, err := From(name, []byte(text))
		if err != nil {
			return nil, err
		}
		return &draft{by: name, done: &got}, nil
	}
	return d, nil
}
