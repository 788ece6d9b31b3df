package schema

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"devloop/schema/smallfile"
	"devloop/schema/yamltree"
)

// source is one file of a load.
type source struct {
	*yamltree.Source
	abs    string         // "" for what is part of devloop
	preset bool           // another file extends it
	blank  bool           // it may be empty
	root   *yamltree.Node // nil: it could not be read, which has been told
}

// sources are the files of a load by their names in messages.
type sources map[string]*source

// presetDir is the directory of the preset that n stands in, or "".
func (s sources) presetDir(n *yamltree.Node) string {
	if from := s[n.Pos.File]; from.preset && from.abs != "" {
		return filepath.Dir(from.abs)
	}
	return ""
}

// place is a file as messages have it, and its absolute path.
type place struct{ file, abs string }

// name is what a bare name in `extends` has for the file.
func (s *source) name() string { return strings.TrimSuffix(filepath.Base(s.abs), ".yaml") }

// beside is a path as a file writes it that is relative to the file itself.
func (s *source) beside(text string) place {
	text = filepath.FromSlash(text)
	if filepath.IsAbs(text) {
		return place{filepath.Clean(text), filepath.Clean(text)}
	}
	return place{filepath.Join(filepath.Dir(s.File), text), filepath.Join(filepath.Dir(s.abs), text)}
}

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

// note is a place that has to do with a mistake elsewhere.
func (d *decoder) note(pos Pos, msg string) Mistake {
	m := Mistake{Pos: pos, Msg: msg}
	if s := d.sources[pos.File]; s != nil {
		m.Line = s.Line(pos.Line)
	}
	return m
}

// route is how a file came into the load: the places that asked for it.
func (d *decoder) route(file string) Mistakes {
	var also Mistakes
	for range maxFiles {
		w, ok := d.ways[file]
		if !ok {
			break
		}
		also = append(also, d.note(w.pos, w.how))
		file = w.pos.File
	}
	return also
}

// where says where another place is: its line if that is in the same file.
func where(pos, from Pos) string {
	if pos.File == from.File {
		return fmt.Sprintf("in line %d", pos.Line)
	}
	return "at " + strings.TrimSuffix(pos.String(), fmt.Sprintf(":%d", pos.Col))
}
