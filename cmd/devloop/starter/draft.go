package starter

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"devloop/schema/lazyregexp"
)

// draft is a configuration being made.
type draft struct {
	by        string   // the file or the preset that it was made from
	beside    []string // the files of other tools that it has something of
	lostIn    string   // the one that lost is of, or ""
	comments  []string
	top       []entry  // extends
	includes  []string // items of the list, each on a line of its own
	vars      []entry
	env       []entry
	sockets   []entry
	watchers  []entry
	processes []entry

	ignores []string
	notes   []string
	lost    []Lost
	others  []File // of projects below
	done    *Draft // made already
	tools   Tools  // who can be asked

}

// entry is a key with its value, which is YAML as it stands, or with keys of
// its own.
type entry struct {
	key, value, comment string
	sub                 []entry
	edges               *edges // of depends_on, until dropEdges writes its value
}

// get is a key of an entry; nil if it is not there.
func (e *entry) get(key string) *entry {
	if i := slices.IndexFunc(e.sub, func(s entry) bool { return s.key == key }); i >= 0 {
		return &e.sub[i]
	}
	return nil
}

// entries are the keys of one entry, in their order.
type entries []entry

// add adds a key, unless it has no value.
func (e *entries) add(key, value string) {
	if value != "" {
		*e = append(*e, entry{key: key, value: value})
	}
}

// text is add for a value that is to be quoted where it must be.
func (e *entries) text(key, value string) {
	if value != "" {
		e.add(key, yamlText(value))
	}
}

// when is add for a value that is there or not.
func (e *entries) when(is bool, key, value string) {
	if is {
		e.add(key, value)
	}
}

// braced is a mapping in one line; "" for an empty one.
func braced(pairs []string) string {
	if len(pairs) == 0 {
		return ""
	}
	return "{" + strings.Join(pairs, ", ") + "}"
}

// serves tells whether there is a server that the trigger restarts.
func (d *draft) serves() bool {
	if !slices.Contains(d.ignores, ".trigger") {
		return false
	}
	for _, p := range d.processes {
		if p.key == "server" {
			return p.value != "null"
		}
	}
	return len(d.top) > 0 && !slices.Contains([]string{"preset:python", "preset:rust", "preset:vite", "preset:docs"}, d.top[0].value)
}

// preset is the one that a draft extends; "" for none.
func (d *draft) preset() string {
	if len(d.top) == 0 || d.top[0].key != "extends" {
		return ""
	}
	return strings.TrimPrefix(d.top[0].value, "preset:")
}

// tookFrom tells whether the server's command comes from a file.
func (d *draft) tookFrom(file string) bool {
	return slices.ContainsFunc(d.processes, func(p entry) bool {
		return p.key == "server" && strings.HasPrefix(p.comment, "As "+file+",")
	})
}

func (d *draft) comment(format string, args ...any) {
	d.comments = append(d.comments, fmt.Sprintf(format, args...))
}

func (d *draft) note(format string, args ...any) {
	if n := fmt.Sprintf(format, args...); !slices.Contains(d.notes, n) {
		d.notes = append(d.notes, n)
	}
}

func (d *draft) ignore(lines ...string) {
	for _, l := range lines {
		if !slices.Contains(d.ignores, l) {
			d.ignores = append(d.ignores, l)
		}
	}
}

// lose records what has no counterpart.
func (d *draft) lose(line int, what, why string) {
	d.lost = append(d.lost, Lost{line, what, why})
}

// extends lays a preset under the file. why says how the choice was made.
func (d *draft) extends(preset, why string) {
	d.top = append(d.top, entry{key: "extends", value: "preset:" + preset, comment: why})
	d.comment("`devloop presets show %s` prints what this file builds on.", preset)
}

// set sets a variable, of the preset or of the file's own. The last value of a
// name is the one that is written.
func (d *draft) set(name, value, why string) {
	if _, err := strconv.Atoi(value); err != nil {
		value = yamlText(value)
	}
	e := entry{key: name, value: value, comment: why}
	if i := slices.IndexFunc(d.vars, func(v entry) bool { return v.key == name }); i >= 0 {
		d.vars[i] = e
		return
	}
	d.vars = append(d.vars, e)
}

// finish writes the file.
func (d *draft) finish() Draft {
	if d.done != nil {
		d.done.Notes = append(d.done.Notes, d.notes...)
		return *d.done
	}
	d.testsBeside()
	d.distinct()
	var b strings.Builder
	b.WriteString("# How this project is developed: `devloop` in this directory runs it.\n")
	for _, c := range d.comments {
		b.WriteString("# " + c + "\n")
	}
	b.WriteString("version: 1\n")
	var included []entry
	if len(d.includes) > 0 {
		included = []entry{{key: "include", value: strings.Join(d.includes, "")}}
	}
	for _, part := range []struct {
		key     string
		entries []entry
	}{{"", d.top}, {"", included}, {"vars", d.vars}, {"env", d.env}, {"sockets", d.sockets}, {"watchers", d.watchers}, {"processes", d.processes}} {
		if len(part.entries) == 0 {
			continue
		}
		b.WriteString("\n")
		if part.key == "" {
			emit(&b, part.entries, "")
			continue
		}
		emit(&b, []entry{{key: part.key, sub: part.entries}}, "")
	}
	slices.SortStableFunc(d.lost, func(a, b Lost) int { return a.Line - b.Line })
	return Draft{Config: []byte(b.String()), Others: d.others, Ignore: d.ignores, Notes: d.notes, Lost: d.lost, From: d.lostIn}
}

// distinct gives every node a name of its own: other tools allow names that
// this language writes alike.
func (d *draft) distinct() {
	taken := map[string]bool{}
	for _, nodes := range [][]entry{d.watchers, d.processes} {
		for i := range nodes {
			name := nodes[i].key
			for n := 2; taken[nodes[i].key]; n++ {
				nodes[i].key = fmt.Sprintf("%s-%d", name, n)
			}
			taken[nodes[i].key] = true
			if nodes[i].key != name {
				d.note("Two commands would be called %s: one is %s.", name, nodes[i].key)
			}
		}
	}
}

func emit(b *strings.Builder, entries []entry, indent string) {
	wide := 0
	for _, e := range entries {
		if e.comment != "" && e.sub == nil && !strings.Contains(e.value, "\n") {
			wide = max(wide, len(e.key)+len(e.value))
		}
	}
	for _, e := range entries {
		switch {
		case e.sub != nil:
			if e.comment != "" {
				b.WriteString(indent + "# " + e.comment + "\n")
			}
			b.WriteString(indent + e.key + ":\n")
			emit(b, e.sub, indent+"  ")
			continue
		case strings.Contains(e.value, "\n"):
			if e.comment != "" {
				b.WriteString(indent + "# " + e.comment + "\n")
			}
			b.WriteString(indent + e.key + ":" + strings.ReplaceAll(e.value, "\n", "\n"+indent+"  ") + "\n")
			continue
		}
		line := indent + e.key + ": " + e.value
		if e.comment != "" {
			line += strings.Repeat(" ", max(wide-len(e.key)-len(e.value), 0)+2) + "# " + e.comment
		}
		b.WriteString(line + "\n")
	}
}

// yamlText is a string as YAML, quoted where it must be.
func yamlText(s string) string {
	out, err := yaml.Marshal(s)
	if err != nil {
		return fmt.Sprintf("%q", s) // which JSON and so YAML reads
	}
	if strings.Contains(strings.TrimSpace(string(out)), "\n") || strings.HasPrefix(string(out), "|") || strings.HasPrefix(string(out), ">") {
		return fmt.Sprintf("%q", s)
	}
	return strings.TrimSuffix(string(out), "\n")
}

// literal is text in which no ${…} is filled in.
func literal(s string) string { return yamlText(strings.ReplaceAll(s, "${", "$${")) }

// flow is a list in one line; "" for none. Within brackets more must be quoted than text
// quotes.
func flow(items []string) string {
	if len(items) == 0 {
		return ""
	}
	quoted := make([]string, len(items))
	for i, item := range items {
		quoted[i] = inFlow(item)
	}
	if len(quoted) == 1 {
		return quoted[0]
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// inFlow is text within brackets.
func inFlow(s string) string {
	if quoted := yamlText(s); quoted != s || plainInFlow.MatchString(s) {
		return quoted
	}
	return fmt.Sprintf("%q", s)
}

var plainInFlow = lazyregexp.New(`^[A-Za-z0-9_./][A-Za-z0-9_./*@+ -]*$`)

// stages is a list, an item a line, behind its key.
func stages(commands ...string) string {
	var b strings.Builder
	for _, c := range commands {
		if strings.Contains(c, "\n") && !strings.ContainsAny(c, "\t\r") && c == strings.TrimSpace(c) { // a script
			b.WriteString("\n- |\n  " + strings.ReplaceAll(c, "\n", "\n  "))
			continue
		}
		if strings.HasPrefix(c, "{run: ") { // with keys of its own
			b.WriteString("\n- " + c)
			continue
		}
		b.WriteString("\n- " + yamlText(c))
	}
	return b.String()
}

// nodeName makes a name of the language out of any text.
func nodeName(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', b.Len() > 0 && (r == '-' || r == '_' || r == '.'):
			b.WriteRune(r)
		case b.Len() > 0:
			b.WriteByte('-')
		}
	}
	if b.Len() == 0 {
		return "node"
	}
	return b.String()
}

// argvText is an argv as YAML, with nothing in it to be filled in.
func argvText(argv []string) string {
	quoted := make([]string, len(argv))
	for i, arg := range argv {
		quoted[i] = fmt.Sprintf("%q", strings.ReplaceAll(arg, "$", "$$"))
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// listed writes names as a sentence has them.
func listed(names []string, last string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " " + last + " " + names[len(names)-1]
}
