package starter

import (
	"encoding/json"
	"fmt"
	"slices"
)

// ambient adds what files of the machine's set-up say: the port that a devcontainer forwards, and the
// tools that have to be active where devloop is started.
func (p *project) ambient(d *draft) {
	if d.hasServer() && !d.has("PORT") && len(d.sockets) == 0 {
		if port, from := p.forwarded(); port != "" && port != d.held() {
			d.port(port, from)
		}
	}
	for _, file := range []string{"mise.toml", ".mise.toml", ".tool-versions"} {
		if !p.has(file) {
			continue
		}
		tool := "mise"
		if file == ".tool-versions" {
			tool = "mise or asdf"
		}
		d.note("%s says which tools are meant: start devloop where %s is active, or with `mise exec -- devloop`.", file, tool)
		break
	}
	if p.has(".envrc") {
		d.note("There is a .envrc: `direnv allow` first; devloop gets what it sets from the shell that it is started in.")
	}
}

// forwarded is the first port that a devcontainer forwards and that is no database's.
func (p *project) forwarded() (port, from string) {
	for _, file := range []string{".devcontainer/devcontainer.json", ".devcontainer.json"} {
		text, err := p.read(file)
		if err != nil || text == "" {
			continue
		}
		var m struct {
			Ports []any `json:"forwardPorts"`
		}
		if json.Unmarshal([]byte(withoutJSONComments(text)), &m) != nil {
			continue
		}
		for _, item := range m.Ports {
			if n, ok := item.(float64); ok && n > 0 && n < 65536 && !slices.Contains(elsewhere, fmt.Sprint(int(n))) {
				return fmt.Sprint(int(n)), "a guess, from " + file + ", forwardPorts"
			}
		}
	}
	return "", ""
}
