package fspoll

import "path/filepath"

// in is the place of a directory, or of what is in it.
func (s *scanner) in(d *dir) func(path string) place {
	return func(path string) place { return s.place(path, d) }
}

// place is what hangs with a path in a directory: everything on the same mount, if that is below a root, or if
// something else below the root hangs, too. Behind a link, it is only the link.
func (s *scanner) place(path string, d *dir) place {
	if link := d.behind(); link != "" {
		return place{path: link}
	}
	root, real := s.rootOf(path)
	rel, _ := Within(path, root)
	at := place{path, filepath.Join(real, rel), ""}
	at.mount = MountOf(at.real)
	if rel, below := within(at.mount, real); below {
		return place{filepath.Join(root, rel), at.mount, at.mount}
	}
	for _, other := range s.ask.hung {
		if _, in := Within(other.path, root); in {
			return place{root, real, at.mount}
		}
	}
	return at
}

// behind is the link through which a directory is reached, "" without one.
func (d *dir) behind() string {
	for ; d != nil && d.inLink; d = d.parent {
		if d.link {
			return d.path
		}
	}
	return ""
}

// rootOf is the root that a path is in, and where that is without links.
func (s *scanner) rootOf(path string) (root, real string) {
	for at := range s.roots {
		if _, in := Within(path, at); in && len(at) > len(root) {
			root = at
		}
	}
	if real = s.real[root]; real == "" {
		real = root
	}
	return root, real
}

// resolve finds out where the roots are without links, in advance: when one hangs, it is too late.
func (s *scanner) resolve() {
	s.real = map[string]string{}
	for root := range s.roots {
		var real string
		var err error
		if s.ask.one(root, alone, func() { real, err = filepath.EvalSymlinks(root) }) == nil && err == nil {
			s.real[root] = real
		}
	}
}
