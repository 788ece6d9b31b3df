package schema

import (
	"slices"
	"strings"

	"devloop/schema/yamltree"
)

// leftOutType reads the `if` of a node or a stage: whether it is left out, as if it were not in the file.
var leftOutType = typ[bool]{
	shape: shape{name: "comparison"},
	read: func(d *decoder, n *yamltree.Node) (bool, bool) {
		const wanted = "a comparison such as `${TESTS} == beside`"
		if !d.is(n, yamltree.Scalar, wanted) {
			return false, false
		}
		for _, operator := range []string{"==", "!="} {
			left, right, ok := strings.Cut(n.Text, operator)
			if !ok {
				continue
			}
			a, okA := d.side(n, left, 0)
			b, okB := d.side(n, right, len(left)+len(operator))
			return (a == b) != (operator == "=="), okA && okB
		}
		text, ok := d.fill(n)
		switch {
		case !ok:
			return false, false
		case text == "true" || text == "false":
			return text == "false", true
		}
		d.mistake(n.Pos, "`if` needs "+wanted+", or `true` or `false`, not "+yamltree.Quote(text), "which files a stage is for is its `if_changed`")
		return false, false
	},
}

// side is one side of a comparison, which begins at a byte of the scalar n.
func (d *decoder) side(n *yamltree.Node, text string, at int) (string, bool) {
	part := *n
	part.Text = strings.TrimSpace(text)
	part.Pos = n.At(at + strings.Index(text, part.Text))
	if len(part.Text) > 1 && (part.Text[0] == '"' || part.Text[0] == '\'') && part.Text[0] == part.Text[len(part.Text)-1] {
		part.Text = part.Text[1 : len(part.Text)-1]
	}
	d.bareRef(&part)
	return d.fill(&part)
}

// leaveOut removes the nodes of a project whose `if` is false, and what waits for them.
func (d *decoder) leaveOut(c *Config, p *Project) {
	left := map[string]bool{}
	gone := func(kind, name string, leftOut bool) bool {
		if leftOut {
			d.removed[p.Dir+"."+kind+"."+name] = p.root.Get(kind).Get(name).KeyOf("if").Pos
			left[name] = true
		}
		return leftOut
	}
	c.Watchers = slices.DeleteFunc(c.Watchers, func(w Watcher) bool { return gone("watchers", w.Name, w.leftOut) })
	c.Processes = slices.DeleteFunc(c.Processes, func(q Process) bool { return gone("processes", q.Name, q.leftOut) })
	isLeft := func(dep Dependency) bool { return left[dep.Name] }
	for i := range c.Watchers {
		c.Watchers[i].DependsOn = slices.DeleteFunc(c.Watchers[i].DependsOn, isLeft)
	}
	for i := range c.Processes {
		c.Processes[i].DependsOn = slices.DeleteFunc(c.Processes[i].DependsOn, isLeft)
	}
}

// present are the stages that are not left out; an empty group is left out, too.
func present(stages []Stage) []Stage {
	var left []Stage
	for _, s := range stages {
		if len(s.Parallel) > 0 {
			s.Parallel = present(s.Parallel)
			s.leftOut = len(s.Parallel) == 0
		}
		if !s.leftOut {
			left = append(left, s)
		}
	}
	return left
}
