package starter

import (
	"slices"
	"strings"
)

// besideServer are the presets that can run the tests beside the server, with the watcher that
// builds it.
var besideServer = map[string]string{
	"preset:go-web": "check", "preset:rust-web": "check", "preset:node-web": "check", "preset:python-web": "check",
	"preset:gunicorn": "check", "preset:flask": "check", "preset:django": "check", "preset:ruby-web": "check", "preset:bun-web": "check", "preset:dotnet-web": "check",
	"preset:gradle": "build", "preset:maven": "build",
}

// testsBeside says what becomes of the tests, and lets them see what the build sees.
func (d *draft) testsBeside() {
	if len(d.top) == 0 || besideServer[d.top[0].value] == "" || d.has("TESTS") {
		return
	}
	how, _ := d.tools.choose("When do the tests run?", []string{
		"beside: after each restart; a failure is only told",
		"gate: before it; a failure keeps the old server",
		"off: not at all",
	})
	d.set("TESTS", []string{"beside", "gate", "off"}[how], "after the restart; gate: before it; off: not at all")
	builds := slices.IndexFunc(d.watchers, func(w entry) bool { return w.key == besideServer[d.top[0].value] })
	if builds < 0 {
		return
	}
	watch := d.watchers[builds].get("watch")
	if watch == nil {
		return
	}
	watch.value = "&sources " + watch.value
	if at := slices.IndexFunc(d.watchers, func(w entry) bool { return w.key == "syntax" }); at >= 0 && at < builds { // *sources comes later
		syntax := d.watchers[at]
		d.watchers = slices.Insert(slices.Delete(d.watchers, at, at+1), builds, syntax)
		builds--
	}
	for _, name := range []string{"gate", "tests", "syntax"} { // gate is written after tests
		sees := entry{key: "watch", value: "*sources"}
		switch i := slices.IndexFunc(d.watchers, func(w entry) bool { return w.key == name }); {
		case i >= 0 && d.watchers[i].sub != nil && d.watchers[i].get("watch") == nil:
			d.watchers[i].sub = slices.Insert(d.watchers[i].sub, 0, sees)
		case i < 0 && name != "syntax":
			d.watchers = slices.Insert(d.watchers, builds+1, entry{key: name, sub: []entry{sees}})
		}
	}
}

// has tells whether a variable is set.
func (d *draft) has(name string) bool {
	return slices.ContainsFunc(d.vars, func(v entry) bool { return v.key == name })
}

// is tells whether a variable is set to a value.
func (d *draft) is(name, value string) bool {
	return slices.ContainsFunc(d.vars, func(v entry) bool { return v.key == name && v.value == yamlText(value) })
}

// checkedBefore is why a server that binds its port by itself is checked.
const checkedBefore = "The old version ends before the new one begins, so the new one is checked before."

// syntax replaces what a preset checks before a server that is not built. When is its `if`: "" leaves the preset's,
// which is that the server inherits the socket: behind a proxy a new version that does not start takes nobody's place.
func (d *draft) syntax(command, when string) {
	w := entry{key: "syntax"}
	if when != "" {
		w.sub = []entry{{key: "if", value: when}}
	}
	if when == "true" {
		w.comment = checkedBefore
	}
	if command != "" {
		w.sub = append(w.sub, entry{key: "stages", value: stages(command)})
	}
	if w.sub != nil {
		d.watchers = append(d.watchers, w)
	}
}

// dropSyntax takes away what is about inherited sockets alone, if the server's is not.
func (d *draft) dropSyntax() {
	d.watchers = slices.DeleteFunc(d.watchers, func(w entry) bool {
		when := w.get("if")
		return w.key == "syntax" && (when == nil || when.value == "false") && !d.is("VIA", "inherit")
	})
}

// buildAndTest replaces the stages of a preset that can run the tests beside the server. watch is
// a list in one line; "" leaves the preset's.
func (d *draft) buildAndTest(why, watch string, build, tests []string) {
	check := entry{key: besideServer[d.top[0].value], comment: why}
	if watch != "" {
		check.sub = append(check.sub, entry{key: "watch", value: watch})
	}
	if build != nil {
		check.sub = append(check.sub, entry{key: "stages", value: stages(build...)})
	}
	if check.sub != nil {
		d.watchers, why = append(d.watchers, check), ""
	}
	if len(tests) == 0 {
		d.watchers = append(d.watchers, entry{key: "tests", value: "null"})
		d.set("TESTS", "off", "there are none")
		return
	}
	var all strings.Builder
	for _, t := range tests {
		all.WriteString("\n- {run: " + inFlow(t) + ", nice: 10}")
	}
	d.watchers = append(d.watchers,
		entry{key: "tests", comment: why, sub: []entry{{key: "stages", value: " &tests" + all.String()}}},
		entry{key: "gate", sub: []entry{{key: "stages", value: "*tests"}}})
}
