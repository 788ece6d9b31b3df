package schema

import (
	"bytes"
	"errors"
	"io/fs"
	"path/filepath"

	"devloop/schema/smallfile"
	"devloop/schema/yamltree"
)

// display writes a path within the project as messages have the project's own
// file.
func (d *decoder) display(abs string) place {
	if rel, err := filepath.Rel(d.dir, abs); err == nil && filepath.IsLocal(rel) {
		return place{filepath.Join(filepath.Dir(d.top.File), rel), abs}
	}
	return place{abs, abs}
}

func (d *decoder) displayed(paths []string) []string {
	shown := make([]string, len(paths))
	for i, p := range paths {
		shown[i] = d.display(p).file
	}
	return shown
}

// open reads a file that another one names at pos; nil if that is a mistake,
// which has then been told.
func (d *decoder) open(pos Pos, at place, how, hint string) *source {
	if s, known := d.files[at.abs]; known {
		if s == nil {
			d.mistake(pos, "the file "+yamltree.Quote(at.file)+" cannot be used", "see what is said of it elsewhere")
		}
		return s
	}
	d.lookAt(at.abs)
	d.files[at.abs] = nil
	info, err := d.opt.Stat(at.abs)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		d.mistake(pos, "there is no file "+yamltree.Quote(at.file), hint)
		return nil
	case err == nil && info.IsDir():
		d.mistake(pos, yamltree.Quote(at.file)+" is a directory", hint)
		return nil
	case err == nil:
		if bad := smallfile.Usable(info); bad != nil {
			d.mistake(pos, yamltree.Quote(at.file)+" is "+bad.Error(), "")
			return nil
		}
		if !d.trusts(pos, at, info, how == includedHere) {
			return nil
		}
	}
	d.cameBy(at.file, pos, how)
	src, err := d.opt.ReadFile(at.abs)
	if err != nil {
		d.unreadable(pos, at, err)
		return nil
	}
	return d.readInto(&source{Source: &yamltree.Source{File: at.file}, abs: at.abs, preset: how == extendedHere, blank: how != includedHere}, src)
}

const tooLarge = "a file of more than 1 MiB"

// readInto parses a file of a load. What is wrong in it has been told when the
// source comes back without a tree.
func (d *decoder) readInto(s *source, src []byte) *source {
	key := s.abs
	if key == "" {
		key = s.File
	}
	d.files[key] = s
	d.sources[s.File] = s
	if len(src) > smallfile.Limit {
		d.mistake(Pos{File: s.File, Line: 1, Col: 1}, tooLarge, "")
		d.partial = true
		return s
	}
	var mistakes Mistakes
	s.Source, s.root, mistakes = dialect.Parse(s.File, src)
	if bad := s.unusable(mistakes); bad != nil {
		mistakes = append(mistakes, *bad)
		s.root = nil
	}
	for i := range mistakes {
		mistakes[i].Also = d.route(s.File)
	}
	d.mistakes = append(d.mistakes, mistakes...)
	d.partial = d.partial || s.root == nil
	d.appending = d.appending || bytes.Contains(src, []byte(appendTag))
	return s
}

// unusable is a mistake about a file whose root is no mapping. A personal file may
// have no value: what it once changed is commented out.
func (s *source) unusable(told Mistakes) *Mistake {
	at := Pos{File: s.File, Line: 1, Col: 1}
	switch {
	case s.root == nil && len(told) > 0:
		return nil
	case s.root != nil && !s.root.Null() && s.root.Kind == yamltree.Mapping:
		return nil
	}
	if s.root != nil {
		at = s.root.Pos
	}
	if s.root == nil || s.root.Null() {
		if s.blank {
			s.root = &yamltree.Node{Kind: yamltree.Mapping, Source: s.Source, Pos: at, Tag: "!!map"}
			return nil
		}
		bad := s.Mistake(at, "the file is empty", "begin with `watchers:` or `processes:`, such as `processes: {server: {run: ./server}}`")
		return &bad
	}
	hint := "begin with `watchers:` or `processes:`"
	if h := s.root.Misread(); h != "" && s.root.Kind == yamltree.Scalar {
		hint = h
	}
	bad := s.Mistake(at, "a devloop.yaml is a mapping of keys, not "+s.root.What(), hint)
	return &bad
}

// lookAt remembers a file that was read or looked for.
func (d *decoder) lookAt(abs string) {
	if !d.seen[abs] {
		d.seen[abs] = true
		d.looked = append(d.looked, abs)
	}
}

// cameBy remembers how a file came into the load, for the mistakes in it. The
// first way is told.
func (d *decoder) cameBy(file string, pos Pos, how string) {
	if _, known := d.ways[file]; !known && file != d.first && how != "" {
		d.ways[file] = way{pos, how}
	}
}

// unreadable is about a file that is there and cannot be read.
func (d *decoder) unreadable(pos Pos, at place, err error) {
	var p *fs.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	d.mistake(pos, "cannot read "+yamltree.Quote(at.file)+": "+err.Error(), "")
}

// trusts tells whether those who can write a file that the configuration leads
// to may choose what runs here. That they may not is a mistake, which is told.
// Whoever may write the configuration itself chooses anyway; of a project's own
// file it is a warning.
func (d *decoder) trusts(pos Pos, at place, info fs.FileInfo, project bool) bool {
	if owner := strangeOwner(at.abs, info, d.owners...); owner != "" {
		d.mistake(pos, yamltree.Quote(at.file)+" belongs to "+owner, "whoever owns it would choose what runs here: copy what you need of it")
		return false
	}
	if !anybodyWrites(info) {
		return true
	}
	msg, hint := yamltree.Quote(at.file)+" may be written by anybody", "whoever writes it chooses what runs here: `chmod o-w "+at.file+"`"
	if d.anybodys || project {
		d.warn(pos, msg, hint)
		return true
	}
	d.mistake(pos, msg, hint)
	return false
}
