package schema

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"devloop/schema/nearest"
	"devloop/schema/yamltree"
)

// builtin begins the name of a preset that is part of devloop.
const builtin = "preset:"

// layers is the tree of a file merged over everything that it extends, lowest first; nil if there is
// nothing. open are the files that are being merged, to find circles.
func (l *loader) layers(s *source, open []step) *yamltree.Node {
	root := s.root
	if root == nil {
		return nil
	}
	list := root.Get("extends")
	if list == nil || list.Null() {
		return root
	}
	l.key, l.keyPos = "extends", root.KeyOf("extends").Pos
	before := len(l.mistakes)
	entries, _ := extendsType.read(l.decoder, l.appended(list))
	l.partial = l.partial || len(l.mistakes) > before
	var base *yamltree.Node
	for _, e := range entries {
		at := step{s, e.node.At(0)}
		preset := l.preset(e)
		if preset == nil {
			l.partial = true
			continue
		}
		open := append(slices.Clone(open), at)
		if i := slices.IndexFunc(open, func(o step) bool { return o.file == preset }); i >= 0 {
			l.circle(open[i:], "extends")
			continue
		}
		if l.count++; l.count > maxFiles {
			if l.count == maxFiles+1 {
				l.mistake(e.node.Pos, fmt.Sprintf("more than %d presets lie under one file", maxFiles), "")
			}
			l.partial = true
			return base
		}
		base = l.merge(base, l.layers(preset, open), topShape(), "")
	}
	return l.merge(base, root.Without("extends"), topShape(), "")
}

// circle reports files that lead back to the first of them.
func (l *loader) circle(steps []step, verb string) {
	l.partial = true
	names := make([]string, 0, len(steps)+1)
	for _, s := range steps {
		names = append(names, s.file.File)
	}
	last := steps[len(steps)-1]
	msg := "a file that " + verb + " itself: " + strings.Join(append(names, names[0]), " → ")
	hint := ""
	if len(steps) == 1 && verb == "extends" && l.builtIn(steps[0].file.name()) {
		hint = "the built-in one is `" + builtin + steps[0].file.name() + "`"
	}
	m := l.make(last.pos, msg, hint)
	m.Also = nil
	for _, s := range steps[:len(steps)-1] {
		m.Also = append(m.Also, l.note(s.pos, s.file.File+" "+verb+" the next one here"))
	}
	l.mistakes = append(l.mistakes, m)
}

// preset finds what an entry of `extends` names; nil after a mistake.
func (l *loader) preset(e entry) *source {
	from := l.sources[e.node.Pos.File]
	name, isBuiltin := strings.CutPrefix(e.text, builtin)
	switch {
	case isBuiltin:
		return l.builtInPreset(e.node, name)
	case e.text == "~" || strings.HasPrefix(e.text, "~/"):
		l.mistake(e.node.Pos, "`~` is not expanded", "write `${HOME}"+e.text[1:]+"`")
		return nil
	case isPath(e.text):
		if from.abs == "" {
			l.mistake(e.node.Pos, "a built-in preset has no directory, so "+yamltree.Quote(e.text)+" is nowhere", "")
			return nil
		}
		return l.open(e.node.Pos, from.beside(e.text), extendedHere, "a preset is a file: `extends: ./team/web.yaml`")
	}
	return l.named(e)
}

// isPath tells a path from a name.
func isPath(text string) bool {
	return strings.ContainsAny(text, `/\`) || filepath.IsAbs(text) || strings.HasSuffix(text, ".yaml") || strings.HasSuffix(text, ".yml") || text == "." || text == ".."
}

// named finds a preset by its bare name on the preset path.
func (l *loader) named(e entry) *source {
	if !nameForm.MatchString(e.text) {
		l.mistake(e.node.Pos, yamltree.Quote(e.text)+" is not the name of a preset", "a file beside this one is written `./"+path.Base(e.text)+".yaml`")
		return nil
	}
	dirs := l.presetDirs()
	names := l.builtInNames()
	for _, dir := range dirs {
		file := filepath.Join(dir, e.text+".yaml")
		l.lookAt(file)
		if info, err := l.opt.Stat(file); err == nil && !info.IsDir() {
			return l.open(e.node.Pos, l.display(file), extendedHere, "")
		}
	}
	if l.builtIn(e.text) {
		return l.builtInPreset(e.node, e.text)
	}
	hint := nearest.Hint(e.text, names)
	if hint == "" {
		hint = "it was looked for in " + series(l.displayed(dirs), ", ") + ", and among the built-in ones"
	}
	l.mistake(e.node.Pos, "there is no preset "+yamltree.Quote(e.text), hint)
	return nil
}

// presetDirs are the directories to search for a bare name, in order.
func (l *loader) presetDirs() []string {
	var dirs []string
	env := func(name string) string {
		value, _ := l.opt.LookupEnv(name)
		return value
	}
	for _, dir := range filepath.SplitList(env("DEVLOOP_PRESET_PATH")) {
		if filepath.IsAbs(dir) {
			dirs = append(dirs, dir)
		} else if dir != "" {
			dirs = append(dirs, filepath.Join(l.dir, dir))
		}
	}
	dirs = append(dirs, filepath.Join(l.dir, ".devloop", "presets"))
	config := env("XDG_CONFIG_HOME")
	if !filepath.IsAbs(config) { // the XDG Base Directory Specification has a relative one ignored
		config = ""
		if home := env("HOME"); filepath.IsAbs(home) {
			config = filepath.Join(home, ".config")
		}
	}
	if config != "" {
		dirs = append(dirs, filepath.Join(config, "devloop", "presets"))
	}
	return dirs
}

// builtInNames are the presets that are part of devloop.
func (l *loader) builtInNames() []string {
	if l.opt.Presets == nil {
		return nil
	}
	files, err := fs.Glob(l.opt.Presets, "*.yaml")
	if err != nil {
		return nil // only a bad pattern is one
	}
	for i := range files {
		files[i] = strings.TrimSuffix(files[i], ".yaml")
	}
	return files
}

func (l *loader) builtIn(name string) bool { return slices.Contains(l.builtInNames(), name) }

// builtInPreset reads one that is part of devloop.
func (l *loader) builtInPreset(n *yamltree.Node, name string) *source {
	file := builtin + name
	if s, known := l.files[file]; known {
		return s
	}
	if !l.builtIn(name) {
		hint := nearest.Hint(name, l.builtInNames())
		if hint == "" {
			hint = "the command `devloop presets` lists them"
		}
		l.mistake(n.Pos, "there is no built-in preset "+yamltree.Quote(name), hint)
		return nil
	}
	l.cameBy(file, n.Pos, extendedHere)
	src, err := fs.ReadFile(l.opt.Presets, name+".yaml")
	if err != nil {
		l.mistake(n.Pos, "cannot read the preset "+yamltree.Quote(name)+": "+err.Error(), "")
		return nil
	}
	return l.readInto(&source{Source: &yamltree.Source{File: file}, preset: true, blank: true}, src)
}

// local is the personal file beside a devloop.yaml, or nil. On a build server there is none: builds must
// not depend on personal settings.
func (l *loader) local(top *source) *source {
	if ci, _ := l.opt.LookupEnv("CI"); ci != "" && ci != "false" && ci != "0" {
		return nil
	}
	ext := filepath.Ext(top.abs)
	abs := strings.TrimSuffix(top.abs, ext) + ".local" + ext
	l.lookAt(abs)
	if info, err := l.opt.Stat(abs); errors.Is(err, fs.ErrNotExist) || err == nil && info.IsDir() {
		return nil
	}
	display := place{file: strings.TrimSuffix(top.File, ext) + ".local" + ext, abs: abs}
	s := l.open(Pos{File: top.File, Line: 1, Col: 1}, display, "", "")
	if s == nil {
		l.partial = true
		return nil
	}
	return s
}
