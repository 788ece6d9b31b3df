package schema

import (
	"path"
	"regexp"
	"strings"
	"unicode/utf8"
)

// commandType is a string for the shell, taken as it is, or an argv, whose
// ${…} are filled in.
var commandType = typ[Command]{
	shape: shape{name: "command", or: []shape{{name: "string"}, {name: "list", list: &shape{name: "string"}}}},
	read: func(d *decoder, n *node) (Command, bool) {
		if n.kind == list && !n.custom {
			return d.argv(n)
		}
		if !d.is(n, scalar, "a command, or a list of its arguments") {
			return Command{}, false
		}
		text := strings.TrimRight(n.text, "\r\n")
		if strings.TrimSpace(text) == "" {
			d.mistake(n.pos, "`"+d.key+"` is an empty command", "")
			return Command{}, false
		}
		if strings.ContainsRune(text, 0) {
			d.mistake(n.pos, "`"+d.key+"` has a NUL character", "")
			return Command{}, false
		}
		return Command{Text: text, Pos: n.pos, PresetDir: n.presetDir(), project: d.current}, true
	},
}

func (d *decoder) argv(n *node) (Command, bool) {
	c := Command{Pos: n.pos, Argv: make([]string, 0, len(n.items)), PresetDir: n.presetDir(), project: d.current}
	good := true
	for i, item := range n.items {
		if !d.is(item, scalar, "text for each argument") {
			good = false
			continue
		}
		if !isScript(n.items, i) {
			d.bareRef(item)
		}
		text, parts, ok := d.fillLate(item)
		good = good && ok
		if ok && i == 0 && strings.TrimSpace(text) == "" {
			d.mistake(item.pos, "`"+d.key+"` names no program", "")
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
	if len(n.items) == 0 {
		d.mistake(n.pos, "`"+d.key+"` is an empty command", "")
		return c, false
	}
	return c, good
}

// isScript tells whether an argument is text in the language of the program,
// whose `$` is its own: what stands behind -c or -e, and what no path or word
// looks like.
func isScript(items []*node, i int) bool {
	text, program := items[i].text, path.Base(items[0].text)
	return i > 0 && scriptOption.MatchString(items[i-1].text) && program != "test" || ownDollar[program] || strings.ContainsAny(text, " \n;|(\"'")
}

var (
	scriptOption = regexp.MustCompile(`^(-[A-Za-z]*[ce]|--?(eval|command|exec|expression|execute))$`)
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

// Fill returns Argv with the names that devloop sets for the command filled in,
// such as ${DEVLOOP_FD_WEB} and ${PORT}: get has the command's environment. An
// undefined name without a default is an error.
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
