package schema

import (
	"regexp"
	"slices"

	"devloop/schema/yamltree"
)

// problemTools are the tools whose output can be named under `problems`.
var problemTools = []string{"go", "rustc", "gcc", "clang", "tsc", "eslint", "esbuild", "vite", "vitest", "jest", "node", "tap", "python", "pytest", "ruby", "php", "java"}

var problemsType = typ[Problems]{
	shape: shape{name: "problems"},
	read: func(d *decoder, n *yamltree.Node) (p Problems, ok bool) {
		text, ok := d.word(n, "the name of a tool, a regular expression, or `off`")
		switch {
		case !ok:
			return p, false
		case text == "off" || text == "false":
			p.Off = true
			return p, true
		case text == "auto":
			return p, true
		case slices.Contains(problemTools, text):
			p.Tool = text
			return p, true
		}
		re, err := regexp.Compile(text)
		if err == nil && re.SubexpIndex("file") >= 0 && re.SubexpIndex("line") >= 0 {
			p.Pattern = re
			return p, true
		}
		hint := enumHint(text, append([]string{"auto", "off"}, problemTools...), nil)
		if hint == "" || err == nil && re.NumSubexp() > 0 {
			hint = "a regular expression needs the groups `file` and `line`, as in `^(?P<file>.+)@(?P<line>\\d+): (?P<message>.+)$`"
		}
		d.mistake(n.Pos, "`problems` needs the name of a tool, or a regular expression with the groups `file` and `line`, not "+yamltree.Quote(text), hint)
		return p, false
	},
}
