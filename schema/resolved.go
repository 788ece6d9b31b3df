package schema

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"devloop/schema/lazyregexp"
	"devloop/schema/yamltree"
)

// resolved is the project's file with all that it extends merged into it, as
// YAML that means the same where it stands instead of that file. Nothing of
// the environment is in it: references stay as they are written, and so do
// `vars` that the environment overrides. With origins every value is followed
// by a comment with the file and the line that it comes from; with defaults
// every key that is not there stands as a comment with its default.
//
// Projects that it includes stay where they are: they are only named.
func (p *Project) resolved(origins, defaults bool) string {
	w := &yamlWriter{project: p, origins: origins, defaults: defaults}
	root := *p.root
	order := topKeys.names()
	root.Pairs = slices.DeleteFunc(slices.Clone(root.Pairs), func(q yamltree.Pair) bool { return strings.HasPrefix(q.Key.Text, "x-") || q.Key.Text == "extends" })
	slices.SortStableFunc(root.Pairs, func(a, b yamltree.Pair) int {
		return slices.Index(order, a.Key.Text) - slices.Index(order, b.Key.Text)
	})
	w.mapping(&root, topShape(), "", 0)
	return w.out.String()
}

// Resolved is that of the project that was loaded; see Project.resolved.
func (c *Config) Resolved(origins, defaults bool) string { return c.root().resolved(origins, defaults) }

// yamlWriter writes a tree in block style.
type yamlWriter struct {
	project           *Project
	origins, defaults bool
	out               strings.Builder
	line              int // where the line begins that is being written
}

// commentColumn is where the comments begin, behind all but the longest values.
const commentColumn = 40

func (w *yamlWriter) indent(depth int) {
	w.line = w.out.Len()
	w.out.WriteString(strings.Repeat("  ", depth))
}

// end ends a line with the origin of what stands in it.
func (w *yamlWriter) end(n *yamltree.Node, more string) {
	if w.origins && n != nil {
		width := utf8.RuneCountInString(w.out.String()[w.line:])
		w.out.WriteString(strings.Repeat(" ", max(1, commentColumn-width)))
		fmt.Fprintf(&w.out, "# %s:%d%s", n.Pos.File, n.Pos.Line, more)
	}
	w.out.WriteByte('\n')
}

func (w *yamlWriter) mapping(n *yamltree.Node, s shape, path string, depth int) {
	for _, p := range n.Pairs {
		if strings.HasPrefix(p.Key.Text, "x-") && len(s.known()) > 0 {
			continue
		}
		w.indent(depth)
		w.out.WriteString(keyText(p.Key) + ":")
		w.value(p.Value, s.of(p.Key.Text), path+"."+p.Key.Text, depth)
	}
	if !w.defaults {
		return
	}
	for _, f := range s.known() {
		if n.Get(f.name) == nil && f.def != "" {
			w.indent(depth)
			fmt.Fprintf(&w.out, "# %s: %s\n", f.name, f.def)
		}
	}
}

// known are the fields of a mapping with known keys.
func (s shape) known() []field {
	if len(s.fields) > 0 {
		return s.fields
	}
	for _, o := range s.or {
		if len(o.fields) > 0 {
			return o.fields
		}
	}
	return nil
}

// value writes what stands behind a key or a `-`, from the space on.
func (w *yamlWriter) value(n *yamltree.Node, s shape, path string, depth int) {
	switch {
	case n.Kind == yamltree.Mapping && len(n.Pairs) > 0:
		w.out.WriteByte('\n')
		w.mapping(n, s, path, depth+1)
	case n.Kind == yamltree.List && len(n.Items) > 0:
		if text, ok := w.inline(n, s, path); ok {
			w.out.WriteString(" " + text)
			w.end(n, "")
			return
		}
		w.out.WriteByte('\n')
		for _, item := range n.Items {
			w.item(item, s.item(), path, depth+1)
		}
	case n.Kind == yamltree.Mapping:
		w.out.WriteString(" {}")
		w.end(n, "")
	case n.Kind == yamltree.List:
		w.out.WriteString(" []")
		w.end(n, "")
	default:
		w.scalar(n, s, path, depth)
	}
}

// item writes one item of a list. A mapping begins in the line of its `-`.
func (w *yamlWriter) item(n *yamltree.Node, s shape, path string, depth int) {
	w.indent(depth)
	w.out.WriteByte('-')
	if n.Kind != yamltree.Mapping || len(n.Pairs) == 0 {
		w.value(n, s, path, depth)
		return
	}
	inner := &yamlWriter{project: w.project, origins: w.origins, defaults: w.defaults}
	inner.mapping(n, s, path, depth+1)
	text := strings.TrimPrefix(inner.out.String(), strings.Repeat("  ", depth+1))
	w.out.WriteString(" " + text)
}

// inline writes a short list of plain words in one line, where there is no
// comment for each of them.
func (w *yamlWriter) inline(n *yamltree.Node, s shape, path string) (string, bool) {
	if w.origins {
		return "", false
	}
	words := make([]string, len(n.Items))
	for i, item := range n.Items {
		if item.Kind != yamltree.Scalar || strings.Contains(item.Text, "\n") {
			return "", false
		}
		words[i] = w.word(item, s.item(), path)
		if !item.Null() && words[i] == item.Text && !flowSafe.MatchString(words[i]) {
			words[i] = strconv.Quote(words[i])
		}
	}
	text := "[" + strings.Join(words, ", ") + "]"
	return text, len(text) <= 80
}

// flowSafe is a word that means the same between brackets.
var flowSafe = lazyregexp.New(`^[A-Za-z0-9_./+=@~-]+$`)

func (w *yamlWriter) scalar(n *yamltree.Node, s shape, path string, depth int) {
	more := ""
	if name, isVar := strings.CutPrefix(strings.TrimSuffix(path, ".default"), ".vars."); isVar && w.origins {
		if v := w.project.variable(name); v != nil && v.outside {
			more = ", and the environment has another"
		}
	}
	if body, head, ok := block(n.Text); ok {
		w.out.WriteString(" " + head)
		w.end(n, more)
		for line := range strings.Lines(body) {
			if strings.TrimSpace(line) != "" {
				w.out.WriteString(strings.Repeat("  ", depth+1))
			}
			w.out.WriteString(strings.TrimRight(line, "\n") + "\n")
		}
		return
	}
	w.out.WriteString(" " + w.word(n, s, path))
	w.end(n, more)
}

// block is a text of several lines as a literal block, and its header.
func block(text string) (body, head string, ok bool) {
	body = strings.TrimSuffix(text, "\n")
	if !strings.Contains(body, "\n") || strings.HasSuffix(body, "\n") || strings.ContainsAny(text, "\r\u0085\u2028\u2029\uFEFF") {
		return "", "", false
	}
	for line := range strings.Lines(body) {
		if first := line[0]; line != "\n" && (strings.TrimSpace(line) == "" || first == '\t') {
			return "", "", false
		}
	}
	if first := body[0]; first == ' ' || first == '\n' || strings.ContainsFunc(text, func(r rune) bool { return r != '\n' && yamltree.IsControl(r) }) {
		return "", "", false
	}
	if body == text {
		return body, "|-", true
	}
	return body, "|", true
}

// word is a scalar in one line.
func (w *yamlWriter) word(n *yamltree.Node, s shape, path string) string {
	text := w.here(n, s, path)
	switch {
	case n.Null():
		return "null"
	case n.Quoted || text != n.Text || n.Tag == "!!str" && !plainSafe(text):
		return strconv.Quote(text)
	}
	return text
}

// plainSafe tells whether a text needs no quotes. What was plain in its file
// need not be so in another place: brackets end some words.
func plainSafe(text string) bool {
	return text != "" && !strings.ContainsAny(text[:1], " []{},#&*!|>'\"%@`") &&
		!strings.HasPrefix(text, "- ") && !strings.HasPrefix(text, "? ") && text != "-" && text != "?" &&
		!strings.Contains(text, ": ") && !strings.Contains(text, " #") &&
		!strings.HasSuffix(text, ":") && !strings.HasSuffix(text, " ") && !strings.HasPrefix(text, "---") && !strings.HasPrefix(text, "...") &&
		!strings.ContainsFunc(text, func(r rune) bool { return r == '\t' || yamltree.IsControl(r) || r == '\u2028' || r == '\u2029' })
}

// presetDirRef is a reference to the directory of a preset.
var presetDirRef = lazyregexp.New(`\$\{` + presetDirName + `\}|\$` + presetDirName + `\b`)

// shellSafe is a path that a shell takes as one word.
var shellSafe = lazyregexp.New(`^[A-Za-z0-9_./+=@-]+$`)

// here is a text as it has to be in the project's own file: what is relative to
// the file of a preset, or to that of the personal file, is not.
func (w *yamlWriter) here(n *yamltree.Node, s shape, path string) string {
	text := n.Text
	if dir := w.project.sources.presetDir(n); dir != "" && strings.Contains(text, presetDirName) {
		dir = filepath.ToSlash(dir)
		if !isCommand(s) {
			text = strings.ReplaceAll(text, "${"+presetDirName+"}", strings.ReplaceAll(dir, "$", "$$"))
		} else if shellSafe.MatchString(dir) {
			text = presetDirRef.ReplaceAllLiteralString(text, dir)
		}
	}
	if path == ".include" || path == ".include.path" {
		from := w.project.sources[n.Pos.File]
		if from.abs != "" && filepath.Dir(from.abs) != w.project.Dir && !filepath.IsAbs(text) && !strings.HasPrefix(text, "${") {
			if rel, err := filepath.Rel(w.project.Dir, from.beside(text).abs); err == nil {
				text = filepath.ToSlash(rel)
			}
		}
	}
	return text
}

// isCommand tells a command for the shell, whose `$` belong to the shell.
func isCommand(s shape) bool {
	return s.name == "command" || s.name == "stage"
}

var plainKey = lazyregexp.New(`^[A-Za-z_][A-Za-z0-9_.-]*$`)

// keyText is a key as YAML has it.
func keyText(n *yamltree.Node) string {
	if plainKey.MatchString(n.Text) && !n.Quoted {
		return n.Text
	}
	return strconv.Quote(n.Text)
}
