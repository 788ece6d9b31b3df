package schema

import (
	"path/filepath"
	"strings"

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

// step is a file and the place in it that leads to the next one.
type step struct {
	file *source
	pos  Pos
}

// way is where a file was asked for, and how.
type way struct {
	pos Pos
	how string
}

// extendedHere is told of the `extends` that brought a file in.
const extendedHere = "extended here"

// includedHere is told of the `include` that brought a project in.
const includedHere = "included here"
