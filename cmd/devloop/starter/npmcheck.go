package starter

import (
	"path"
	"slices"
	"strings"

	"devloop/schema/lazyregexp"
)

// Scripts by which projects check their sources, of each kind the first that there is.
var (
	lintScripts = []string{"lint", "lint:js", "lint:check", "eslint", "check"}
	typeScripts = []string{"typecheck", "type-check", "types", "check-types", "check:types", "types:check", "tsc", "ts:check", "check"}
	testScripts = []string{"test", "test:unit", "test:run", "test:ci", "unit"}
)

// checking tells by the content of a script called `check` whether it is of a kind.
var checking = []*lazyregexp.Regexp{lazyregexp.New(`\b(?:biome|eslint|oxlint|ultracite|standard|xo)\b`), lazyregexp.New(`\b(?:tsc|svelte-check|astro check)\b`), lazyregexp.New(`\b(?:vitest|jest|mocha)\b`)}

// checks are the commands that check the sources and end: those scripts of package.json that there
// are. A script that would stay up or write what is being edited is run without what makes it so.
func (m *manifest) checks(d *draft, p npmProject) []string {
	var all []string
	add := func(command string) {
		if command != "" && !slices.Contains(all, command) {
			all = append(all, command)
		}
	}
	for i, kind := range [][]string{lintScripts, typeScripts, testScripts} {
		for _, name := range kind {
			if !m.useful(name) || name == "check" && !checking[i].MatchString(m.Scripts[name]) { // it may be anything
				continue
			}
			command, why := m.check(d, p, name)
			if why != "" {
				d.note("package.json, script %s: `%s` is left out: %s.", name, m.Scripts[name], why)
				continue // another name may do
			}
			add(command)
			break
		}
	}
	return all
}

// typed tells whether a script checks types.
func (m *manifest) typed() bool {
	return slices.ContainsFunc(typeScripts, func(name string) bool {
		return m.useful(name) && (name != "check" || checking[1].MatchString(m.Scripts[name]))
	})
}

var (
	browserTests = lazyregexp.New(`\b(?:cypress|playwright|nightwatch|wdio|testcafe|protractor)\b`)
	lints        = lazyregexp.New(`^(?:npx\s+)?(?:eslint|prettier|tsc|biome|oxlint|stylelint)\b`)
	otherScript  = lazyregexp.New(`\b(?:npm|pnpm|yarn|bun)\s+(?:run\s+)?([\w:.-]+)`)
)

// drivesBrowser tells whether a script, or one that it runs, takes minutes and a browser; depth is how
// many scripts may run each other.
func (m *manifest) drivesBrowser(name string, depth int) bool {
	text := m.Scripts[name]
	if depth == 0 || text == "" || browserTests.MatchString(text) {
		return depth > 0 && text != "" && !lints.MatchString(text) // its arguments may be the tests' directory
	}
	return slices.ContainsFunc(otherScript.FindAllStringSubmatch(text, -1), func(run []string) bool {
		return m.drivesBrowser(run[1], depth-1)
	})
}

// check is the command of a script that checks, or why there is none.
func (m *manifest) check(d *draft, p npmProject, name string) (command, why string) {
	text := m.Scripts[name]
	if m.drivesBrowser(name, 3) {
		return "", "it drives a browser against a server of its own"
	}
	run := "$NPM run " + name
	all := chains(text)
	if len(all) != 1 || len(all[0]) != 1 || all[0][0].pipe {
		if strings.Contains(text, "vitest") || strings.Contains(text, "react-scripts test") {
			return "CI=1 " + run, ""
		}
		return run, ""
	}
	c := all[0][0]
	args := (scripts{p, m}).unwrapped(c.args, &job{})
	if len(args) == 0 {
		return run, ""
	}
	without := func(flags ...string) (string, bool) {
		kept := slices.DeleteFunc(slices.Clone(args), func(a string) bool {
			flag, _, _ := strings.Cut(a, "=")
			return slices.Contains(flags, flag)
		})
		if len(kept) == len(args) {
			return run, false
		}
		kept[0] = p.program(kept[0])
		for i := range kept[1:] {
			kept[i+1] = quotedWord(kept[i+1])
		}
		return strings.Join(append(slices.Clone(c.env), kept...), " "), true
	}
	switch path.Base(args[0]) {
	case "vitest":
		if len(args) > 1 && (args[1] == "run" || args[1] == "related") {
			return run, ""
		}
		ends, _ := without("watch", "dev", "--watch", "-w", "--ui")
		return "CI=1 " + ends, "" // with which it runs once
	case "jest":
		if ends, changed := without("--watch", "--watchAll"); changed {
			return "CI=1 " + ends, ""
		}
		return run, ""
	case "react-scripts", "react-app-rewired", "craco":
		return "CI=1 " + run, ""
	case "ng":
		if len(args) > 1 && args[1] == "test" {
			if m.has("karma") {
				return "", "karma wants a browser; `$NG test --watch=false --browsers=ChromeHeadless` would be a stage"
			}
			return "CI=1 " + p.binary("ng") + " test --watch=false", ""
		}
		return run, ""
	case "next":
		if len(args) > 1 && args[1] == "lint" && !p.has(".eslintrc.json") && !p.has("eslint.config.mjs") && !p.has(".eslintrc.js") && !p.has("eslint.config.js") && !p.has(".eslintrc.cjs") {
			return "", "without a configuration of ESLint it asks questions, and Next 16 no longer has it"
		}
		return run, ""
	case "eslint", "biome", "prettier", "oxlint", "standard", "xo", "stylelint":
		reads, changed := without("--fix", "--write", "--apply", "-w", "--fix-dangerously", "--fix-suggestions")
		if changed {
			d.note("package.json, script %s: devloop.yaml has it without what writes the files that are being edited.", name)
		}
		return reads, ""
	case "mocha", "ava", "tsc", "vue-tsc", "node", "tsx", "svelte-check":
		ends, _ := without("--watch", "-w")
		return ends, ""
	}
	return run, ""
}
