package watchset

import (
	"os"
	"path/filepath"

	"devloop/schema"
)

// Sees tells whether a change of the file wakes the node by this pattern of its
// `watch`, and if it matches, what keeps it out.
func (s *Set) Sees(node int, p *schema.Pattern, path string) Verdict {
	path = filepath.ToSlash(path)
	if !p.Match(path) {
		return Verdict{}
	}
	return s.verdict(&s.views[node], p, path)
}

// mostHidden bounds how many names Hidden reads.
const mostHidden = 50_000

// Hidden looks on the disk for a file that a pattern of the node's `watch`
// matches and that is kept from it all the same, in a part of the tree that is
// not walked for it, too: why a pattern that is written well sees nothing. It
// gives up in a very large tree. err is of a directory that cannot be read; then,
// and where there is no such file, path is that directory or "".
func (s *Set) Hidden(node int, p *schema.Pattern) (path string, why Verdict, err error) {
	base := filepath.FromSlash(p.Base())
	info, err := os.Lstat(base)
	switch {
	case err != nil && !os.IsNotExist(err):
		return base, Verdict{}, err
	case err != nil:
		return "", Verdict{}, nil
	case !info.IsDir():
		return s.hiddenFile(node, p, base)
	}
	var unread string
	var failure error
	left := mostHidden
	dirs := []string{base}
	for len(dirs) > 0 && left > 0 {
		dir := dirs[0]
		dirs = dirs[1:]
		entries, err := os.ReadDir(dir)
		if err != nil && failure == nil {
			unread, failure = dir, err
		}
		for _, e := range entries {
			left--
			path := filepath.Join(dir, e.Name())
			if e.IsDir() {
				if p.Reaches(filepath.ToSlash(path)) {
					dirs = append(dirs, path)
				}
				continue
			}
			if path, why, _ := s.hiddenFile(node, p, path); path != "" {
				return path, why, nil
			}
		}
	}
	return unread, Verdict{}, failure
}

func (s *Set) hiddenFile(node int, p *schema.Pattern, path string) (string, Verdict, error) {
	if why := s.Sees(node, p, path); why.Pattern != nil && !why.Wakes {
		return path, why, nil
	}
	return "", Verdict{}, nil
}
