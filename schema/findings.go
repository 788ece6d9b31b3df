package schema

import (
	"slices"

	"devloop/schema/nearest"
	"devloop/schema/yamltree"
)

// findings are the mistakes and warnings of a load, and what is needed to show them: the text of the files,
// and how they came into the load.
type findings struct {
	mistakes Mistakes
	warnings Mistakes

	sources sources
	ways    map[string]way // how a file came into the load, by its name in messages
	removed map[string]Pos // what `null` removed, such as ".sockets.web"
}

// mistake records one at a place in a file of the load.
func (f *findings) mistake(pos Pos, msg, hint string) {
	f.mistakes = append(f.mistakes, f.make(pos, msg, hint))
}

// warn records what loads, but is probably not what was meant.
func (f *findings) warn(pos Pos, msg, hint string) {
	f.warnings = append(f.warnings, f.make(pos, msg, hint))
}

func (f *findings) make(pos Pos, msg, hint string) Mistake {
	m := f.note(pos, msg)
	m.Hint = hint
	m.Also = f.route(pos.File)
	return m
}

// both is mistake for two values that do not fit each other. The other one is shown too if it is in another
// file.
func (f *findings) both(pos Pos, msg, hint string, other Pos, what string) {
	f.mistakes = append(f.mistakes, f.pair(pos, msg, hint, other, what))
}

// elsewhere adds another value that the last mistake comes from, if it is in another file.
func (f *findings) elsewhere(other Pos, what string) {
	last := &f.mistakes[len(f.mistakes)-1]
	if other.File == "" || other.File == last.Pos.File || slices.ContainsFunc(last.Also, func(m Mistake) bool { return m.Pos == other }) {
		return
	}
	last.Also = append(Mistakes{f.note(other, what)}, last.Also...)
}

func (f *findings) pair(pos Pos, msg, hint string, other Pos, what string) Mistake {
	m := f.make(pos, msg, hint)
	if other.File != pos.File && other.File != "" {
		m.Also = append(Mistakes{f.note(other, what)}, m.Also...)
	}
	return m
}

// gone is the note of a `null` that removed what is missing; path is where it was, such as ".sockets.web".
func (f *findings) gone(p *Project, paths ...string) Mistakes {
	for _, path := range paths {
		if pos, ok := f.removed[p.Dir+path]; ok {
			return Mistakes{f.note(pos, "it is removed here")}
		}
	}
	return nil
}

// missed is mistake for what does not exist, with the `null` that removed it.
func (f *findings) missed(pos Pos, msg, hint string, p *Project, paths ...string) {
	m := f.make(pos, msg, hint)
	m.Also = append(f.gone(p, paths...), m.Also...)
	f.mistakes = append(f.mistakes, m)
}

// near is a hint for an unknown name: the nearest known one, or all of them, if they are few. After many
// mistakes it is left out, because its cost is the product of both.
func (f *findings) near(name string, names []string) string {
	if len(f.mistakes) > yamltree.MaxMistakes {
		return ""
	}
	hint := nearest.Hint(name, names)
	if hint == "" && len(names) > 0 && len(names) <= 8 {
		hint = "the file has " + series(names, " and ")
	}
	return hint
}

// note is a place related to a mistake elsewhere.
func (f *findings) note(pos Pos, msg string) Mistake {
	m := Mistake{Pos: pos, Msg: msg}
	if s := f.sources[pos.File]; s != nil {
		m.Line = s.Line(pos.Line)
	}
	return m
}

// route is how a file came into the load: the places that asked for it.
func (f *findings) route(file string) Mistakes {
	var also Mistakes
	for range maxFiles {
		w, ok := f.ways[file]
		if !ok {
			break
		}
		also = append(also, f.note(w.pos, w.how))
		file = w.pos.File
	}
	return also
}

// maxFiles limits the files of one load, each counted as often as it is merged under another: a dozen
// presets that extend two others each would come to thousands.
const maxFiles = 256
