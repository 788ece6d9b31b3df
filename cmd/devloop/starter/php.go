package starter

import (
	"encoding/json"
	"fmt"
	"strings"

	"devloop/schema/lazyregexp"
)

// phpServes is PHP's built-in server in a script of the project's.
var phpServes = lazyregexp.New(`php\s+(?:-\S+\s+)*?-S\s+[\w.]+:(\d+)(?:.*?\s-t\s+(\S+))?`)

// lookPHP finds a project of composer's, or one with a front controller.
func lookPHP(p *project) (*draft, error) {
	src, err := p.read("composer.json")
	if err != nil {
		return nil, err
	}
	root := ""
	for _, dir := range []string{"public", "web", "www", "htdocs", "docroot", "."} {
		if root == "" && p.has(dir+"/index.php") {
			root = dir
		}
	}
	if p.has("index.php") && root == "" {
		root = "."
	}
	if src == "" && root == "" {
		return nil, nil
	}
	var m struct {
		Require    map[string]any `json:"require"`
		RequireDev map[string]any `json:"require-dev"`
	}
	if src != "" {
		if err := json.Unmarshal([]byte(src), &m); err != nil {
			return nil, fmt.Errorf("read composer.json: %w", err)
		}
	}
	has := func(dep string) bool {
		_, ok := m.Require[dep]
		_, dev := m.RequireDev[dep]
		return ok || dev
	}
	d := &draft{by: "composer.json"}
	d.ignore("/vendor/")
	test := ""
	switch {
	case has("pestphp/pest"):
		test = "vendor/bin/pest"
	case has("phpunit/phpunit") || has("symfony/phpunit-bridge"):
		test = "vendor/bin/phpunit"
	}
	switch {
	case p.has("artisan"):
		d.extends("laravel", "there is an artisan")
		if front, err := p.read("package.json"); err == nil && strings.Contains(front, `"vite"`) {
			d.ignore("node_modules/")
			d.processes = append(d.processes, entry{key: "vite", comment: "The front end: Laravel's pages ask it for their scripts.", sub: []entry{
				{key: "run", value: "exec " + npmProject{p}.binary("vite")}, {key: "watch", value: "[package-lock.json, vite.config.js]"},
			}})
		}
		return d, nil
	case has("symfony/framework-bundle"):
		d.extends("symfony", "composer.json has symfony/framework-bundle")
		if test == "" {
			d.set("TEST", "", "there are none")
		} else if !p.has("bin/phpunit") {
			d.set("TEST", test, "")
		}
		return d, nil
	case root == "":
		d.ignore(".trigger")
		checks := []string{"composer validate --quiet"}
		if test != "" {
			checks = append(checks, test)
		}
		d.watchers = append(d.watchers, entry{key: "check", sub: []entry{{key: "watch", value: yamlText("**/{*.php,composer.json,composer.lock}")}, {key: "ignore", value: yamlText("vendor/**")}, {key: "stages", value: stages(checks...)}}})
		return d, nil
	}
	d.extends("php-web", root+"/index.php answers")
	if s, m := p.command(phpServes); m != nil {
		d.port(m[1], s.from)
		if m[2] != "" {
			root = m[2]
		}
	}
	if root != "public" {
		d.set("ROOT", root, "")
	}
	if test != "" {
		d.set("TEST", test, "")
	}
	return d, nil
}
