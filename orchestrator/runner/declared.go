package runner

import (
	"encoding/json"
	"path/filepath"
	"regexp"
	"strings"

	"devloop/schema/lazyregexp"
	"devloop/schema/smallfile"
)

// A name that an interpreter does not find may be a file of the project that was moved, and on PyPI or npm
// there is a package of nearly every name. So only what the project declares is advised to be installed.

// declaredPython is the distribution by which a project declares the Python package of a name; "" if it does not.
func (w wanted) declaredPython(name string) string {
	dist, err := regexp.Compile(`(?im)^[\s"']*((?:python[-_]|py)?` + strings.ReplaceAll(regexp.QuoteMeta(name), "_", "[-_.]") + `)\s*(?:["'=<>!~;@\[#,]|\r?$)`)
	if err != nil {
		return ""
	}
	for _, file := range []string{"requirements*.txt", "requirements/*.txt", "Pipfile", "pyproject.toml"} {
		paths, _ := filepath.Glob(filepath.Join(quoteGlob(w.dir), file)) // its only error is a bad pattern
		for _, path := range paths {
			text, err := smallfile.Read(path)
			if err != nil {
				continue
			}
			if !strings.HasSuffix(file, ".txt") {
				text = []byte(tomlDependencies(string(text)))
			}
			if found := dist.FindSubmatch(text); found != nil {
				return string(found[1])
			}
		}
	}
	return ""
}

var (
	tomlListed = lazyregexp.New(`[\[,]\s*(["'])`)
	tomlKey    = lazyregexp.New(`^[\w-]+\s*=`)
)

// tomlDependencies is what a pyproject.toml or a Pipfile says of dependencies, one a line.
func tomlDependencies(text string) string {
	var deps strings.Builder
	section, list := "", false
	for line := range strings.Lines(tomlListed.ReplaceAllString(text, "\n$1")) {
		switch {
		case strings.HasPrefix(line, "["):
			section, list = strings.TrimSpace(line), false
		case tomlKey.MatchString(line):
			list = section == "[project]" && strings.HasPrefix(line, "dependencies")
		}
		if list || strings.Contains(section, "depend") || section == "[packages]" || section == "[dev-packages]" {
			deps.WriteString(line)
		}
	}
	return deps.String()
}

// declaresNode tells whether a package.json there or above, where node_modules may be, declares a package.
func (w wanted) declaresNode(name string) bool {
	for _, file := range []string{"package.json", "../package.json", "../../package.json"} {
		text, err := smallfile.Read(absoluteIn(w.dir, filepath.FromSlash(file)))
		if err != nil {
			continue
		}
		var declared struct {
			Dependencies, DevDependencies, OptionalDependencies, PeerDependencies map[string]any
		}
		if json.Unmarshal(text, &declared) != nil {
			continue
		}
		for _, packages := range []map[string]any{declared.Dependencies, declared.DevDependencies, declared.OptionalDependencies, declared.PeerDependencies} {
			if _, ok := packages[name]; ok {
				return true
			}
		}
	}
	return false
}
