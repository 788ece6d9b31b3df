package schema

import (
	"errors"
	"path/filepath"
	"slices"

	"devloop/schema/smallfile"
)

// Including returns the devloop.yaml files in directories above file that include it, the nearest first:
// the loop of an included project may run as part of one of these. One that cannot be loaded just now
// counts, since a loop may run its last good state, if it can still be seen to include file.
func Including(file string, opt Options) []string {
	abs, err := filepath.Abs(file)
	if err != nil {
		return nil
	}
	var found []string
	for dir := filepath.Dir(abs); dir != filepath.Dir(dir); {
		above, err := Find(filepath.Dir(dir))
		if err != nil {
			break
		}
		if includes(above, abs, opt) {
			found = append(found, above)
		}
		dir = filepath.Dir(above)
	}
	return found
}

// includes tells whether a file includes another, directly or through others.
func includes(above, file string, opt Options) bool {
	src, err := smallfile.Read(above)
	if err != nil {
		return false
	}
	l := newLoader(above, above, opt)
	l.structure = true
	c, err := l.parse(above, src)
	if err != nil && !errors.As(err, &Mistakes{}) {
		return false
	}
	return c != nil && slices.ContainsFunc(c.Projects, func(p *Project) bool { return p.File == file })
}
