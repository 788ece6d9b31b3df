package starter

import (
	"slices"
	"strings"
)

// edges is a depends_on that waits until every process of the file is known.
type edges struct {
	names, parts []string // what is depended on, and how it is written
	open, end    string
}

// dropEdges writes each depends_on without what the translation has no process
// for, and says so: a configuration that names it would be refused.
func (d *draft) dropEdges() {
	var known []string
	for _, p := range d.processes {
		known = append(known, p.key)
	}
	for i, p := range d.processes {
		var kept []entry
		for _, e := range p.sub {
			if e.edges != nil {
				var parts []string
				for j, name := range e.edges.names {
					if slices.Contains(known, name) {
						parts = append(parts, e.edges.parts[j])
						continue
					}
					d.lose(0, "`depends_on: "+name+"` of process `"+p.key+"`", "`"+name+"` has no command that devloop could run")
				}
				if len(parts) == 0 {
					continue
				}
				e.value, e.edges = e.edges.open+strings.Join(parts, ", ")+e.edges.end, nil
			}
			kept = append(kept, e)
		}
		d.processes[i].sub = kept
	}
}
