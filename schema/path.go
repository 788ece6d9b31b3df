package schema

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"

	"devloop/schema/glob"
	"devloop/schema/yamltree"
)

// resolve makes a path of the file absolute, relative to the project.
func (d *decoder) resolve(text string) string {
	path := filepath.FromSlash(text)
	if !filepath.IsAbs(path) {
		path = filepath.Join(d.dir, path)
	}
	return filepath.Clean(path)
}

// slashed is a path in the form that patterns match.
func slashed(path string) string { return filepath.ToSlash(path) }

// path reads one path; wanted has the words for it.
func (d *decoder) path(n *yamltree.Node, wanted string) (Path, bool) {
	text, ok := d.word(n, wanted)
	if !ok {
		return Path{}, false
	}
	if text == "~" || strings.HasPrefix(text, "~/") {
		d.mistake(n.Pos, "`~` is not expanded", "write `${HOME}"+text[1:]+"`")
		return Path{}, false
	}
	d.bareRef(n)
	return Path{Text: text, Abs: d.resolve(text), Pos: n.Pos}, true
}

// dirType is a working directory. If it does not exist that is only a warning, as a stage may make it.
var dirType = typ[string]{
	shape: shape{name: "path"},
	read: func(d *decoder, n *yamltree.Node) (string, bool) {
		path, ok := d.path(n, "a directory")
		if !ok {
			return "", false
		}
		switch info, err := d.opt.Stat(path.Abs); {
		case errors.Is(err, fs.ErrNotExist):
			d.warn(n.Pos, "the directory "+yamltree.Quote(path.Text)+" does not exist", "")
		case err == nil && !info.IsDir():
			d.warn(n.Pos, yamltree.Quote(path.Text)+" is not a directory", "")
		}
		return path.Abs, true
	},
}

// triggerType is a file that a watcher touches: one path, never a pattern.
var triggerType = typ[Path]{
	shape: shape{name: "path"},
	read: func(d *decoder, n *yamltree.Node) (Path, bool) {
		path, ok := d.path(n, "a path")
		if !ok {
			return path, false
		}
		if strings.ContainsAny(path.Text, "*?[") {
			d.mistake(n.Pos, "a trigger is one file, not a pattern", "use a separate file, such as `.trigger`")
			return path, false
		}
		if info, err := d.opt.Stat(path.Abs); err == nil && info.IsDir() || strings.HasSuffix(path.Text, "/") || path.Abs == d.dir {
			d.mistake(n.Pos, "the trigger "+yamltree.Quote(path.Text)+" is a directory", "name a file, such as `"+strings.TrimSuffix(path.Text, "/")+"/.trigger`")
			return path, false
		}
		return path, true
	},
}

// patternType is one pattern, anchored at the project.
var patternType = typ[Pattern]{
	shape: shape{name: "pattern"},
	read: func(d *decoder, n *yamltree.Node) (Pattern, bool) {
		if n.Kind == yamltree.List && !n.Custom {
			d.mistake(n.Pos, "`"+d.key+"` needs a pattern, not a list", "lists do not nest; a pattern that begins with `[` needs quotes")
			return Pattern{}, false
		}
		text, ok := d.text(n, "a pattern")
		if !ok {
			return Pattern{}, false
		}
		compiled, err := glob.Compile(d.dir, text)
		if err != nil {
			pos, hint, msg := n.Pos, "", err.Error()
			if text != "" {
				msg = "bad pattern " + yamltree.Quote(text) + ": " + msg
			}
			var e *glob.Error
			if errors.As(err, &e) {
				hint = e.Hint
				if text == n.Text {
					pos = n.At(e.Offset)
				}
			}
			if d.key == "ignore" && strings.HasPrefix(text, "!") {
				hint = "`!` cannot bring back an ignored file: ignore less instead"
			}
			d.mistake(pos, msg, hint)
			return Pattern{}, false
		}
		d.bareRef(n)
		return Pattern{Pattern: compiled, Pos: n.Pos}, true
	},
}

// ignoreType is a pattern of an `ignore`. One with a wildcard and no slash looks as if it meant every
// directory, as in a .gitignore.
var ignoreType = typ[Pattern]{
	shape: patternType.shape,
	read: func(d *decoder, n *yamltree.Node) (Pattern, bool) {
		p, ok := patternType.read(d, n)
		if _, literal := p.Literal(); ok && !literal && !strings.Contains(p.String(), "/") && p.String() != "**" && p.String() != "*" {
			d.warn(n.Pos, yamltree.Quote(p.String())+" ignores only what is directly in the project's directory", "write `**/"+p.String()+"` for every directory")
		}
		return p, ok
	},
}

var (
	watchType    = filled(listOf(patternType, true, "a list of patterns"))
	ignoresType  = listOf(ignoreType, true, "a list of patterns")
	triggersType = listOf(triggerType, true, "a list of paths")
)
