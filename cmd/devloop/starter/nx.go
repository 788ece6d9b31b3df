package starter

import (
	"encoding/json"
	"path"
	"slices"
	"strings"
)

// nxApp is an application of an nx workspace.
type nxApp struct {
	name, dir string
	node      bool // it is run by Node, and reads $PORT
}

// nxApps are the applications that nx can serve: those whose project.json says how, and those with the
// configuration of a development server, for which nx knows it.
func (p npmProject) nxApps() (apps []nxApp) {
	if !p.has("nx.json") {
		return nil
	}
	for _, file := range slices.Concat(p.matches("apps/*/project.json"), p.matches("apps/*/*/project.json"), p.matches("packages/*/project.json"), p.matches("project.json")) {
		text, err := p.read(file)
		var m struct {
			Name, ProjectType string
			Targets           map[string]struct{ Executor string }
		}
		if err != nil || json.Unmarshal([]byte(withoutJSONComments(text)), &m) != nil || m.ProjectType == "library" || strings.HasSuffix(m.Name, "-e2e") {
			continue
		}
		dir := path.Dir(file)
		serve, told := m.Targets["serve"]
		if !told && len(p.configsIn(dir)) == 0 {
			continue
		}
		if m.Name == "" {
			m.Name = path.Base(dir)
		}
		apps = append(apps, nxApp{name: m.Name, dir: dir, node: strings.HasSuffix(serve.Executor, ":node")})
	}
	return apps
}

// configsIn are the configurations of development servers in a directory.
func (p npmProject) configsIn(dir string) (files []string) {
	for _, base := range []string{"vite", "next", "webpack", "rspack", "rsbuild"} {
		files = append(files, p.matches(path.Join(dir, base+".config.*"))...)
	}
	return files
}

// lookNx drafts the root of an nx workspace whose applications are no packages with scripts; nil where
// there are none.
func lookNx(p npmProject, m *manifest) *draft {
	apps := p.nxApps()
	if len(apps) == 0 {
		return nil
	}
	var options []string
	for _, a := range apps {
		options = append(options, a.name+" ("+a.dir+")")
	}
	at, _ := p.tools.choose("Which application is served?", options)
	app := apps[at]
	d := &draft{by: "nx.json"}
	d.extends("dev-server", "nx.json, and "+path.Join(app.dir, "project.json"))
	d.ignore("node_modules/", ".nx/")
	run := "exec " + p.binary("nx") + " serve " + app.name
	if !app.node {
		run += " --port $PORT"
	}
	if port := map[bool]string{true: "3000", false: "4200"}[app.node]; port != presetPort("dev-server") {
		d.set("PORT", port, "nx's own")
	}
	d.processes = append(d.processes, entry{key: "server", sub: []entry{
		{key: "run", value: yamlText(run)},
		{key: "env", value: `{NX_DAEMON: "false", NX_TUI: "false"}`, comment: "nothing of it stays behind, and the screen is devloop's"},
	}})
	(&nodeDraft{d: d, p: p, m: m}).besideStages("check")
	if len(apps) > 1 {
		d.note("nx has %s. %s was taken: `nx serve` in devloop.yaml says which one.", listed(options, "and"), app.name)
	}
	packageManager(d, p, m)
	return d
}
