package machine

import "slices"

// causes are the reasons why a node is dirty. Each is a cohort: the nodes that one save made dirty, directly
// or through the triggers that followed. While one of them upstream has failed, this cause alone starts
// nothing.
type causes []nodeset

func (c *causes) add(cohort nodeset) {
	if !c.has(cohort) {
		*c = append(*c, cohort)
	}
}

func (c causes) has(cohort nodeset) bool { return slices.ContainsFunc(c, cohort.equal) }

// spread adds the readers of a node's trigger to each cohort that the node is in.
func (c causes) spread(from int, readers nodeset) {
	for i, cohort := range c {
		if cohort.has(from) {
			c[i] = cohort.clone() // shared with other nodes' causes
			c[i].union(readers)
		}
	}
}
