package schema

import "devloop/schema/yamltree"

var conditionType = enumType[Condition](map[string]string{
	"service_started": "started", "process_started": "started", "running": "started",
	"service_healthy": "ready", "process_healthy": "ready", "healthy": "ready", "process_log_ready": "ready",
	"service_completed_successfully": "succeeded", "process_completed_successfully": "succeeded",
	"completed": "succeeded", "process_completed": "succeeded", "completed_successfully": "succeeded",
	"success": "succeeded", "exited": "succeeded", "built": "passed", "pass": "passed",
}, Started, IsReady, Succeeded, Passed)

var dependencyKeys = &table[Dependency]{
	what: "a dependency",
	keys: []key[Dependency]{
		row("condition", conditionType, func(d *Dependency) *Condition { return &d.Condition }, "what it waits for").or("`ready` of a process, `passed` of a watcher"),
		row("restart", boolType, func(d *Dependency) *bool { return &d.Restart }, "restart this node when that one restarts").or("false"),
	},
	aliases: aliases{{"every dependency is required", "required"}, {"condition", "status state when until for"}},
}

// dependsType is a list of names, or a mapping of names to conditions. The default condition depends on the
// kind of node, so check fills it in.
var dependsType = typ[[]Dependency]{
	shape: shape{name: "dependencies", or: []shape{
		{name: "list", list: &shape{name: "name"}, lone: true},
		{name: "mapping", each: &shape{name: "condition", or: []shape{conditionType.shape, dependencyKeys.shape()}}},
	}},
	read: func(d *decoder, n *yamltree.Node) ([]Dependency, bool) {
		if n.Kind == yamltree.Mapping && !n.Custom {
			deps := make([]Dependency, 0, len(n.Pairs))
			for _, p := range n.Pairs {
				dep := Dependency{Name: p.Key.Text, Pos: p.Key.Pos}
				switch {
				case p.Value.Null():
				case p.Value.Kind == yamltree.Mapping && !p.Value.Custom:
					dependencyKeys.read(d, p.Value, &dep, "the dependency", p.Key.Pos)
				default:
					dep.Condition, _ = conditionType.read(d, p.Value)
				}
				deps = append(deps, dep)
			}
			return deps, true
		}
		return listOf(typ[Dependency]{
			read: func(d *decoder, n *yamltree.Node) (Dependency, bool) {
				if n.Kind == yamltree.Mapping && !n.Custom && len(n.Pairs) == 1 {
					d.mistake(n.Pos, "`depends_on` needs the name of a watcher or a process, not a mapping", "to set conditions, make `depends_on` a mapping: `depends_on: {"+n.Pairs[0].Key.Text+": …}`")
					return Dependency{}, false
				}
				name, ok := d.word(n, "the name of a watcher or a process")
				return Dependency{Name: name, Pos: n.Pos}, ok
			},
		}, true, "a list of names").read(d, n)
	},
}
