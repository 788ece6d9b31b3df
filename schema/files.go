package schema

import (
	"bytes"
	"errors"
	"io/fs"
	"path/filepath"

	"devloop/schema/smallfile"
	"devloop/schema/yamltree"
)

// display writes a path within the project as messages write the project's own file.
func (l *loader) display(abs string) place {
	if rel, err := filepath.Rel(l.dir, abs); err == nil && filepath.IsLocal(rel) {
		return place{filepath.Join(filepath.Dir(l.top.File), rel), abs}
	}
	return place{abs, abs}
}

func (l *loader) displayed(paths []string) []string {
	shown := make([]string, len(paths))
	for i, p := range paths {
		shown[i] = l.display(p).file
	}
	return shown
}

// open reads a file that another one names at pos; nil after a mistake, which is reported.
func (l *loader) open(pos Pos, at place, how, hint string) *source {
	if s, known := l.files[at.abs]; known {
		if s == nil {
			l.mistake(pos, "the file "+yamltree.Quote(at.file)+" cannot be used", "its own mistakes are listed elsewhere")
		}
		return s
	}
	l.lookAt(at.abs)
	l.files[at.abs] = nil
	info, err := l.opt.Stat(at.abs)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		l.mistake(pos, "there is no file "+yamltree.Quote(at.file), hint)
		return nil
	case err == nil && info.IsDir():
		l.mistake(pos, yamltree.Quote(at.file)+" is a directory", hint)
		return nil
	case err == nil:
		if bad := smallfile.Usable(info); bad != nil {
			l.mistake(pos, yamltree.Quote(at.file)+" is "+bad.Error(), "")
			return nil
		}
		if !l.trusts(pos, at, info, how == includedHere) {
			return nil
		}
	}
	l.cameBy(at.file, pos, how)
	src, err := l.opt.ReadFile(at.abs)
	if err != nil {
		l.unreadable(pos, at, err)
		return nil
	}
	return l.readInto(&source{Source: &yamltree.Source{File: at.file}, abs: at.abs, preset: how == extendedHere, blank: how != includedHere}, src)
}

const tooLarge = "a file of more than 1 MiB"

// readInto parses a file of a load. If the source comes back without a tree, its mistakes have been
// reported.
func (l *loader) readInto(s *source, src []byte) *source {
	key := s.abs
	if key == "" {
		key = s.File
	}
	l.files[key] = s
	l.sources[s.File] = s
	if len(src) > smallfile.Limit {
		l.mistake(Pos{File: s.File, Line: 1, Col: 1}, tooLarge, "")
		l.partial = true
		return s
	}
	var mistakes Mistakes
	s.Source, s.root, mistakes = dialect.Parse(s.File, src)
	if bad := s.unusable(mistakes); bad != nil {
		mistakes = append(mistakes, *bad)
		s.root = nil
	}
	for i := range mistakes {
		mistakes[i].Also = l.route(s.File)
	}
	l.mistakes = append(l.mistakes, mistakes...)
	l.partial = l.partial || s.root == nil
	l.appending = l.appending || bytes.Contains(src, []byte(appendTag))
	return s
}

// unusable is a mistake about a file whose root is not a mapping. A personal file may be empty: its content
// may be commented out.
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

// lookAt records a file that was read or looked for.
func (l *loader) lookAt(abs string) {
	if !l.seen[abs] {
		l.seen[abs] = true
		l.looked = append(l.looked, abs)
	}
}

// unreadable reports a file that exists and cannot be read.
func (l *loader) unreadable(pos Pos, at place, err error) {
	var p *fs.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	l.mistake(pos, "cannot read "+yamltree.Quote(at.file)+": "+err.Error(), "")
}

// trusts tells whether everybody who can write a file of the configuration may choose what runs here; if
// not, that mistake is reported. Whoever may write the configuration itself can choose anyway. For a
// project's own file it is a warning.
func (l *loader) trusts(pos Pos, at place, info fs.FileInfo, project bool) bool {
	if owner := strangeOwner(at.abs, info, l.owners...); owner != "" {
		l.mistake(pos, yamltree.Quote(at.file)+" belongs to "+owner, "its owner could run commands here: copy what you need from it")
		return false
	}
	if !anybodyWrites(info) {
		return true
	}
	msg, hint := yamltree.Quote(at.file)+" can be written by anybody", "anybody could run commands here: `chmod o-w "+at.file+"`"
	if l.anybodys || project {
		l.warn(pos, msg, hint)
		return true
	}
	l.mistake(pos, msg, hint)
	return false
}

// cameBy records how a file came into the load, for the mistakes in it. The first way is shown.
func (l *loader) cameBy(file string, pos Pos, how string) {
	if _, known := l.ways[file]; !known && file != l.first && how != "" {
		l.ways[file] = way{pos, how}
	}
}
