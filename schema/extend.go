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

// layers is the tree of a file laid over everything that it extends, lowest
// first; nil if there is nothing. open are the files that are being laid, to
// which this one would be a circle.
func (d *decoder) layers(s *source, open []step) *yamltree.Node {
	root := s.root
	if root == nil {
		return nil
	}
	list := root.Get("extends")
	if list == nil || list.Null() {
		return root
	}
	d.key, d.keyPos = "extends", root.KeyOf("extends").Pos
	before := len(d.mistakes)
	entries, _ := extendsType.read(d, d.appended(list))
	d.partial = d.partial || len(d.mistakes) > before
	var base *yamltree.Node
	for _, e := range entries {
		at := step{s, e.node.At(0)}
		preset := d.preset(e)
		if preset == nil {
			d.partial = true
			continue
		}
		open := append(slices.Clone(open), at)
		if i := slices.IndexFunc(open, func(o step) bool { return o.file == preset }); i >= 0 {
			d.circle(open[i:], "extends")
			continue
		}
		if d.count++; d.count > maxFiles {
			if d.count == maxFiles+1 {
				d.mistake(e.node.Pos, fmt.Sprintf("more than %d presets lie under one file", maxFiles), "")
			}
			d.partial = true
			return base
		}
		base = d.merge(base, d.layers(preset, open), topShape(), "")
	}
	return d.merge(base, root.Without("extends"), topShape(), "")
}

// circle is about files that lead back to the first of them.
func (d *decoder) circle(steps []step, verb string) {
	d.partial = true
	names := make([]string, 0, len(steps)+1)
	for _, s := range steps {
		names = append(names, s.file.File)
	}
	last := steps[len(steps)-1]
	msg := "a file that " + verb + " itself: " + strings.Join(append(names, names[0]), " → ")
	hint := ""
	if len(steps) == 1 && verb == "extends" && d.builtIn(steps[0].file.name()) {
		hint = "the built-in one is `" + builtin + steps[0].file.name() + "`"
	}
	m := d.make(last.pos, msg, hint)
	m.Also = nil
	for _, s := range steps[:len(steps)-1] {
		m.Also = append(m.Also, d.note(s.pos, s.file.File+" "+verb+" the next one here"))
	}
	d.mistakes = append(d.mistakes, m)
}

// preset finds what an entry of `extends` names; nil if it told a mistake.
func (d *decoder) preset(e entry) *source {
	from := d.sources[e.node.Pos.File]
	name, isBuiltin := strings.CutPrefix(e.text, builtin)
	switch {
	case isBuiltin:
		return d.builtInPreset(e.node, name)
	case e.text == "~" || strings.HasPrefix(e.text, "~/"):
		d.mistake(e.node.Pos, "`~` is not expanded", "write `${HOME}"+e.text[1:]+"`")
		return nil
	case isPath(e.text):
		if from.abs == "" {
			d.mistake(e.node.Pos, "a built-in preset has no directory, so "+yamltree.Quote(e.text)+" is nowhere", "")
			return nil
		}
		return d.open(e.node.Pos, from.beside(e.text), extendedHere, "a preset is a file: `extends: ./team/web.yaml`")
	}
	return d.named(e)
}

// isPath tells a path from a name.
func isPath(text string) bool {
	return strings.ContainsAny(text, `/\`) || filepath.IsAbs(text) || strings.HasSuffix(text, ".yaml") || strings.HasSuffix(text, ".yml") || text == "." || text == ".."
}

// named finds a preset by its bare name on the preset path.
func (d *decoder) named(e entry) *source {
	if !nameForm.MatchString(e.text) {
		d.mistake(e.node.Pos, yamltree.Quote(e.text)+" is not the name of a preset", "a file beside this one is written `./"+path.Base(e.text)+".yaml`")
		return nil
	}
	dirs := d.presetDirs()
	names := d.builtInNames()
	for _, dir := range dirs {
		file := filepath.Join(dir, e.text+".yaml")
		d.lookAt(file)
		if info, err := d.opt.Stat(file); err == nil && !info.IsDir() {
			return d.open(e.node.Pos, d.display(file), extendedHere, "")
		}
	}
	if d.builtIn(e.text) {
		return d.builtInPreset(e.node, e.text)
	}
	hint := nearest.Hint(e.text, names)
	if hint == "" {
		hint = "it was looked for in " + series(d.displayed(dirs), ", ") + ", and among the built-in ones"
	}
	d.mistake(e.node.Pos, "there is no preset "+yamltree.Quote(e.text), hint)
	return nil
}

// presetDirs are the directories that a bare name is looked for in, in order.
func (d *decoder) presetDirs() []string {
	var dirs []string
	env := func(name string) string {
		value, _ := d.opt.LookupEnv(name)
		return value
	}
	for _, dir := range filepath.SplitList(env("DEVLOOP_PRESET_PATH")) {
		if filepath.IsAbs(dir) {
			dirs = append(dirs, dir)
		} else if dir != "" {
			dirs = append(dirs, filepath.Join(d.dir, dir))
		}
	}
	dirs = append(dirs, filepath.Join(d.dir, ".devloop", "presets"))
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
func (d *decoder) builtInNames() []string {
	if d.opt.Presets == nil {
		return nil
	}
	files, err := fs.Glob(d.opt.Presets, "*.yaml")
	if err != nil {
		return nil // only a bad pattern is one
	}
	for i := range files {
		files[i] = strings.TrimSuffix(files[i], ".yaml")
	}
	return files
}

func (d *decoder) builtIn(name string) bool { return slices.Contains(d.builtInNames(), name) }

// builtInPreset reads one that is part of devloop.
func (d *decoder) builtInPreset(n *yamltree.Node, name string) *source {
	file := builtin + name
	if s, known := d.files[file]; known {
		return s
	}
	if !d.builtIn(name) {
		hint := nearest.Hint(name, d.builtInNames())
		if hint == "" {
			hint = "the command `devloop presets` lists them"
		}
		d.mistake(n.Pos, "there is no built-in preset "+yamltree.Quote(name), hint)
		return nil
	}
	d.cameBy(file, n.Pos, extendedHere)
	src, err := fs.ReadFile(d.opt.Presets, name+".yaml")
	if err != nil {
		d.mistake(n.Pos, "cannot read the preset "+yamltree.Quote(name)+": "+err.Error(), "")
		return nil
	}
	return d.readInto(&source{Source: &yamltree.Source{File: file}, preset: true, blank: true}, src)
}

// local is the personal file beside a devloop.yaml, or nil. A build server has
// none: what it builds must not hang on who set it up.
func (d *decoder) local(top *source) *source {
	if ci, _ := d.opt.LookupEnv("CI"); ci != "" && ci != "false" && ci != "0" {
		return nil
	}
	ext := filepath.Ext(top.abs)
	abs := strings.TrimSuffix(top.abs, ext) + ".local" + ext
	d.lookAt(abs)
	if info, err := d.opt.Stat(abs); errors.Is(err, fs.ErrNotExist) || err == nil && info.IsDir() {
		return nil
	}
	display := place{file: strings.TrimSuffix(top.File, ext) + ".local" + ext, abs: abs}
	s := d.open(Pos{File: top.File, Line: 1, Col: 1}, display, "", "")
	if s == nil {
		d.partial = true
		return nil
	}
	return s
}
