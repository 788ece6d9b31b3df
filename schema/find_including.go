package schema

import (
	"errors"
	"path/filepath"
	"slices"

	"devloop/schema/smallfile"
)

// Including returns the devloop.yaml files in directories above file that
// include it, the nearest first: whoever asks for the loop of an included
// project may find it running as part of one of these. One that cannot be
// loaded just now counts, since a loop may run it in its last good state, if
// its mistakes do not keep it from being one that includes file.
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

// includes tells whether a file includes another, itself or by others.
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
