// Package preset holds the built-in presets: whole configurations that a file
// extends by name. It never reads a disk, and does not know the language.
package preset

import (
	"embed"
	"io/fs"
	"slices"
	"strings"
)

//go:embed presets/*.yaml
var files embed.FS

// FS returns the presets as files NAME.yaml, at its root.
func FS() fs.FS {
	sub, err := fs.Sub(files, "presets")
	if err != nil {
		panic("preset: " + err.Error()) // only a bad path in the line above, which tests would find
	}
	return sub
}

// A Preset is one configuration and what it is for.
type Preset struct {
	Name  string // as in `extends: preset:NAME`
	Title string // its first line, without the `# `
	Text  []byte // the whole file; the caller's own
}

// All returns the presets in the order of their names.
func All() []Preset {
	root := FS()
	entries, err := fs.ReadDir(root, ".")
	if err != nil {
		return nil // an embedded directory can always be read
	}
	var all []Preset
	for _, e := range entries {
		if text, err := fs.ReadFile(root, e.Name()); err == nil {
			all = append(all, Preset{strings.TrimSuffix(e.Name(), ".yaml"), Title(text), text})
		}
	}
	slices.SortFunc(all, func(a, b Preset) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// Title is what a preset says it is for: its first line, if that is a comment.
func Title(text []byte) string {
	line, _, _ := strings.Cut(string(text), "\n")
	title, ok := strings.CutPrefix(strings.TrimSpace(line), "#")
	if !ok {
		return ""
	}
	return strings.TrimSpace(title)
}
