package machine

// nodeset is a set of node indexes. The zero value is empty.
type nodeset []uint64

func (s *nodeset) add(n int) {
	for len(*s) <= n/64 {
		*s = append(*s, 0)
	}
	(*s)[n/64] |= 1 << (n % 64)
}

func (s *nodeset) union(t nodeset) {
	for len(*s) < len(t) {
		*s = append(*s, 0)
	}
	for i, w := range t {
		(*s)[i] |= w
	}
}

func (s nodeset) has(n int) bool {
	return n/64 < len(s) && s[n/64]&(1<<(n%64)) != 0
}

// meets tells whether the two have a node in common.
func (s nodeset) meets(t nodeset) bool {
	for i, w := range t {
		if i < len(s) && s[i]&w != 0 {
			return true
		}
	}
	return false
}

func (s nodeset) equal(t nodeset) bool {
	if len(s) > len(t) {
		s, t = t, s
	}
	for i, w := range t {
		if i < len(s) && s[i] != w || i >= len(s) && w != 0 {
			return false
		}
	}
	return true
}

func (s nodeset) clone() nodeset { return append(nodeset(nil), s...) }
