package schema

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"devloop/schema/smallfile"
	"devloop/schema/yamltree"
)

// shortestSecret is the length of text that is hidden in a message: anything shorter may occur by chance.
const shortestSecret = 6

// concealer hides the secrets of all files of a load in messages about them.
type concealer struct {
	files   map[string]concealed
	secrets *strings.Replacer
}

func (l *loader) concealer() *concealer {
	c := &concealer{files: map[string]concealed{}}
	all := slices.Clone(l.secrets)
	for name, s := range l.sources {
		if s.abs != "" { // a built-in preset has none
			c.files[name] = conceal(s.Lines())
			all = append(all, c.files[name].secrets...)
		}
	}
	for _, secret := range all {
		if runes := []rune(secret); len(runes) > yamltree.MostQuoted {
			all = append(all, string(runes[:yamltree.MostQuoted]))
		}
	}
	// Of two with the same beginning the longer one is hidden whole.
	slices.SortFunc(all, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) })
	var pairs []string
	for _, secret := range slices.Compact(all) {
		if len(secret) >= shortestSecret {
			pairs = append(pairs, secret, strings.Repeat("*", utf8.RuneCountInString(secret)))
		}
	}
	c.secrets = strings.NewReplacer(pairs...)
	return c
}

// text hides the secrets of the files, and what looks like one, in a message.
func (c *concealer) text(message string) string {
	return strings.Join(conceal(strings.Split(c.secrets.Replace(message), "\n")).lines, "\n")
}

// mistakes hides the secrets in a list, and returns it.
func (c *concealer) mistakes(list Mistakes) Mistakes {
	for i := range list {
		m := &list[i]
		if file, known := c.files[m.Pos.File]; known && m.Line != "" && m.Pos.Line <= len(file.lines) {
			m.Line = file.lines[m.Pos.Line-1]
		}
		m.Msg, m.Hint = c.text(m.Msg), c.text(m.Hint)
		m.Also = c.mistakes(m.Also)
	}
	return list
}

// Quoted is a copy of the mistakes with their lines of the file, for those that were found after the load,
// in the graph for instance. Lines of a file that cannot be read are left out.
func Quoted(m Mistakes) Mistakes {
	quoted := slices.Clone(m)
	lines := map[string][]string{}
	for i := range quoted {
		pos := quoted[i].Pos
		text, read := lines[pos.File]
		if !read {
			src, _ := smallfile.Read(pos.File)
			text = conceal(yamltree.SplitLines(string(src))).lines
			lines[pos.File] = text
		}
		if quoted[i].Line == "" && pos.Line <= len(text) {
			quoted[i].Line = text[pos.Line-1]
		}
	}
	return quoted
}
