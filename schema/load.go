package schema

import (
	"errors"
	"fmt"
	"path/filepath"

	"devloop/schema/smallfile"
	"devloop/schema/yamltree"
)

// Load reads and checks one devloop.yaml and its other files: what it extends, what it includes, and the
// personal file beside it. The error is a Mistakes if the file was read; positions then name the file as
// path does. Whether a pattern matches anything is for the caller to check. It also returns, even after an
// error, the files that were read or looked for: a change of one of them may fix it. They are absolute
// paths; path itself is the first.
func Load(path string, opt Options) (*Config, []string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, nil, fmt.Errorf("find the directory of %s: %w", path, err)
	}
	src, err := smallfile.Read(path)
	if errors.Is(err, smallfile.ErrTooLarge) {
		return nil, []string{abs}, Mistakes{{Pos: Pos{File: path, Line: 1, Col: 1}, Msg: tooLarge}}
	}
	if err != nil {
		return nil, []string{abs}, fmt.Errorf("read configuration: %w", err)
	}
	l := newLoader(path, abs, opt)
	c, err := l.parse(abs, src)
	if err != nil {
		return nil, l.looked, err
	}
	return c, c.Sources, nil
}

// Parse is Load for text that is at hand; file is its path, whether or not it
// is there. On an error the Config is nil.
func Parse(file string, src []byte, opt Options) (*Config, error) {
	abs, err := filepath.Abs(file)
	if err != nil {
		return nil, fmt.Errorf("find the directory of %s: %w", file, err)
	}
	c, err := newLoader(file, abs, opt).parse(abs, src)
	if err != nil {
		return nil, err
	}
	return c, nil
}

// parse loads the first file. Beside mistakes it returns what could be read.
func (l *loader) parse(path string, src []byte) (*Config, error) {
	l.lookAt(path)
	top := l.readInto(&source{Source: &yamltree.Source{File: l.first}, abs: path}, src)
	l.top = top
	c := &Config{Jobs: l.opt.CPUs}
	if top.root != nil {
		l.project(top, "", c)
	}
	if l.anybodys {
		l.warn(Pos{File: l.first, Line: 1, Col: 1}, "anybody can write this file", "anybody could run commands here: `chmod o-w "+l.first+"`")
	}
	if len(c.Projects) > 0 {
		l.envFiles(c)
		if len(l.mistakes) == 0 {
			nameStages(c)
		}
		if !l.partial {
			l.check(c)
		}
		c.Sources = l.looked
	}
	conceal := func(list Mistakes) Mistakes {
		if len(list) == 0 {
			return list
		}
		return l.concealer().mistakes(list.Sorted())
	}
	switch {
	case len(l.mistakes) > 0:
		return c, conceal(l.mistakes)
	case len(c.Projects) == 0: // a nil tree has reported why
		return nil, errors.New("read configuration: no value")
	}
	c.Warnings = conceal(l.warnings)
	return c, nil
}
