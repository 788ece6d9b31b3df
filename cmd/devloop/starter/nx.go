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
