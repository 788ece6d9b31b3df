package schema

import (
	"path"
	"strings"
	"unicode/utf8"

	"devloop/schema/lazyregexp"
	"devloop/schema/yamltree"
)

// commandType is a string for the shell, taken as it is, or an argv, whose
// ${…} are filled in.
var commandType = typ[Command]{
	shape: shape{name: "command", or: []shape{{name: "string"}, {name: "list", list: &shape{name: "string"}}}},
	read: func(d *decoder, n *yamltree.Node) (Command, bool) {
		if n.Kind == yamltree.List && !n.Custom {
			return d.argv(n)
		}
		if !d.is(n, yamltree.Scalar, "a command, or a list of its arguments") {
			return Command{}, false
		}
		text := strings.TrimRight(n.Text, "\r\n")
		if strings.TrimSpace(text) == "" {
			d.mistake(n.Pos, "`"+d.key+"` is an empty command", "")
			return Command{}, false
		}
		if strings.ContainsRune(text, 0) {
			d.mistake(n.Pos, "`"+d.key+"` has a NUL character", "")
			return Command{}, false
		}
		return Command{Text: text, Pos: n.Pos, PresetDir: d.sources.presetDir(n), project: d.current}, true
	},
}

func (d *decoder) argv(n *yamltree.Node) (Command, bool) {
	c := Command{Pos: n.Pos, Argv: make([]string, 0, len(n.Items)), PresetDir: d.sources.presetDir(n), project: d.current}
	good := true
	for i, item := range n.Items {
		if !d.is(item, yamltree.Scalar, "text for each argument") {
			good = false
			continue
		}
		if !isScript(n.Items, i) {
			d.bareRef(item)
		}
		text, parts, ok := d.fillLate(item)
		good = good && ok
		if ok && i == 0 && strings.TrimSpace(text) == "" {
			d.mistake(item.Pos, "`"+d.key+"` does not name a program", "")
			good = false
		}
		c.Argv = append(c.Argv, text)
		if parts != nil {
			if c.late == nil {
				c.late = map[int][]part{}
			}
			c.late[i] = parts
		}
	}
	if len(n.Items) == 0 {
		d.mistake(n.Pos, "`"+d.key+"` is an empty command", "")
		return c, false
	}
	return c, good
}

// isScript tells whether an argument is text in the language of the program, whose `$` is its own: what
// follows -c or -e, and what does not look like a path or a word.
func isScript(items []*yamltree.Node, i int) bool {
	text, program := items[i].Text, path.Base(items[0].Text)
	return i > 0 && scriptOption.MatchString(items[i-1].Text) && program != "test" || ownDollar[program] || strings.ContainsAny(text, " \n;|(\"'")
}

var (
	scriptOption = lazyregexp.New(`^(-[A-Za-z]*[ce]|--?(eval|command|exec|expression|execute))$`)
	ownDollar    = map[string]bool{"awk": true, "gawk": true, "mawk": true, "jq": true, "yq": true, "perl": true, "sed": true}
)

// short is the command in a few letters, for a stage that has no name.
func (c Command) short() string {
	text := c.Text
	if c.Argv != nil {
		text = strings.Join(c.Argv, " ")
	}
	return shorten(text)
}

// shorten leaves a few letters of a command's first line.
func shorten(text string) string {
	const most = 40
	text = strings.TrimSpace(text)
	if i := strings.IndexAny(text, "\r\n"); i >= 0 {
		text = strings.TrimSpace(text[:i]) + " …"
	}
	if utf8.RuneCountInString(text) > most {
		text = string([]rune(text)[:most-1]) + "…"
	}
	return text
}

// Fill returns Argv with the names filled in that devloop sets for the command, such as ${DEVLOOP_FD_WEB}
// and ${PORT}: get has the command's environment. An undefined name without a default is an error.
func (c Command) Fill(get func(name string) (string, bool)) ([]string, error) {
	if len(c.late) == 0 {
		return c.Argv, nil
	}
	argv := append([]string(nil), c.Argv...)
	for i, parts := range c.late {
		text, err := join(parts, get)
		if err != nil {
			return nil, err
		}
		argv[i] = text
	}
	return argv, nil
}

// Shell is what runs the command, if it is a string.
func (c Command) Shell() Shell {
	if c.project == nil {
		return Shell{Argv: defaultShell, Default: true}
	}
	return c.project.Shell
}

var defaultShell = []string{"/bin/sh", "-c"}

var shellType = typ[Shell]{
	shape: shape{name: "list", list: &shape{name: "string"}},
	read: func(d *decoder, n *yamltree.Node) (Shell, bool) {
		if n.Kind == yamltree.Scalar && !n.Custom {
			hint := "write `[" + yamltree.FirstLine(n.Text) + ", -c]`"
			d.mistake(n.Pos, "`shell` needs a list, the arguments before the command, not "+n.What(), hint)
			return Shell{}, false
		}
		argv, ok := filled(listOf(typ[string]{read: func(d *decoder, n *yamltree.Node) (string, bool) {
			return d.word(n, "text for each argument")
		}}, false, "a list, the arguments before the command")).read(d, n)
		return Shell{Argv: argv}, ok
	},
}
