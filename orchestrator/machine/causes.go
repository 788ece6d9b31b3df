package machine

import "slices"

// causes are the reasons why a node is dirty. Each is a cohort: the nodes that
// the same save made dirty, directly or by the triggers that came of it. While
// one of them upstream has failed, this cause alone starts nothing.
type causes []nodeset

func (c *causes) add(cohort nodeset) {
	if !c.has(cohort) {
		*c = append(*c, cohort)
	}
}

func (c causes) has(cohort nodeset) bool { return slices.ContainsFunc(c, cohort.equal) }

// spread notes that a save has gone on from one of its nodes to the readers of
// that one's trigger.
func (c causes) spread(from int, readers nodeset) {
	for i, cohort := range c {
		if cohort.has(from) {
			c[i] = cohort.clone() // other nodes' causes may share it
			c[i].union(readers)
		}
	}
}
