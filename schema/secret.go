package schema

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// A mistake is shown with its line, and many with the value that is wrong. What
// the file gives to a variable that seems to be a secret by its name is no part
// of that: it would stand on the screen, in logs, and in what agents are told.

// secretWord is in the name of a variable that holds a secret.
var secretWord = regexp.MustCompile(`(?i)passw|passphrase|secret|token|credential|private|(^|_)(pass|pwd|key|auth|dsn|cookie|session|salt|jwt)s?(_|$)|apikey`)

// assigned is a name and the sign before its value, in a mapping or as
// NAME=value.
var assigned = regexp.MustCompile(`(?:^|[\s{,\["'\x60-])([A-Za-z_][A-Za-z0-9_.-]*)["']?[ \t]*(:[ \t]|=|:$)[ \t]*`)

// withPassword is the password in a URL.
var withPassword = regexp.MustCompile(`[a-zA-Z][a-zA-Z0-9+.-]*://[^\s/:@"']*:([^\s/@"']+)@`)

// ofVariables is a line that begins a mapping of variables.
var ofVariables = regexp.MustCompile(`(?:^|[\s{,"'-])(?:env|vars|environment|variables)["']?:`)

// concealed is the text of a file with its secrets hidden.
type concealed struct {
	lines   []string // as they may be shown: of a secret every character is a star
	secrets []string // what has been hidden
}

// conceal hides the secrets in the lines of a file. It goes by the text alone:
// most of what is shown is of files that could not be read as they were meant.
func conceal(lines []string) concealed {
	c := concealed{lines: make([]string, len(lines))}
	inner := -1 // the indentation of a secret, whose further lines stand deeper
	for i, line := range lines {
		if depth := indentation(line); inner >= 0 && depth > inner && strings.TrimSpace(line) != "" {
			c.lines[i] = c.hide(line, depth, len(line))
			continue
		} else if strings.TrimSpace(line) != "" {
			inner = -1
		}
		shown := line
		for _, at := range withPassword.FindAllStringSubmatchIndex(line, -1) {
			shown = c.hideIn(shown, line, at[2], at[3])
		}
		for _, at := range assigned.FindAllStringSubmatchIndex(line, -1) {
			if !isSecret(line[at[2]:at[3]], lines, i, at[2]) {
				continue
			}
			inner = indentation(line)
			if end := valueEnd(line, at[1], at[2]); end > at[1] {
				shown = c.hideIn(shown, line, at[1], end)
			}
		}
		c.lines[i] = shown
	}
	return c
}

// isSecret tells whether a name, which stands in line i, is that of a secret
// variable, and not that of a node or a socket.
func isSecret(name string, lines []string, i, at int) bool {
	if !secretWord.MatchString(name) {
		return false
	}
	if name == strings.ToUpper(name) || ofVariables.MatchString(lines[i][:at]) {
		return true
	}
	depth := indentation(lines[i])
	for i--; i >= 0; i-- {
		if strings.TrimSpace(lines[i]) != "" && indentation(lines[i]) < depth {
			return ofVariables.MatchString(lines[i])
		}
	}
	return false
}

func indentation(line string) int { return len(line) - len(strings.TrimLeft(line, " \t")) }

// valueEnd is where the value ends that begins at start; the start of its name
// tells whether it stands between brackets. A reference to another variable is
// no secret, and neither is what announces a value in the next lines.
func valueEnd(line string, start, name int) int {
	rest := line[start:]
	switch strings.TrimSpace(rest) {
	case "", "|", ">", "|-", ">-", "null", "~", `""`, "''":
		return start
	}
	if onlyRef.MatchString(rest) {
		return start
	}
	if q := rest[0]; q == '"' || q == '\'' {
		for i := 1; i < len(rest); i++ {
			switch {
			case q == '"' && rest[i] == '\\':
				i++
			case rest[i] == q && i == 1:
				return start
			case rest[i] == q:
				return start + i + 1
			}
		}
		if i := strings.IndexByte(rest, '`'); i >= 0 { // of a message that quotes a piece of the file
			return start + i
		}
		return len(line)
	}
	if strings.ContainsAny(line[:name], "{[`") {
		if i := strings.IndexAny(rest, ",}]`"); i >= 0 && rest[0] != '{' && rest[0] != '[' {
			return start + i
		}
	}
	return len(line)
}

var onlyRef = regexp.MustCompile(`^["']?\$\{[A-Za-z_][A-Za-z0-9_]*\}["']?\s*([,}\]#].*)?$`)

// hide hides a part of a line that holds no other secret yet.
func (c *concealed) hide(line string, start, end int) string { return c.hideIn(line, line, start, end) }

// hideIn hides in shown what stands in line from start to end. Both have the
// same characters in the same columns, so that a caret stays right.
func (c *concealed) hideIn(shown, line string, start, end int) string {
	secret := line[start:end]
	c.secrets = append(c.secrets, strings.Trim(strings.TrimSpace(secret), `"'`))
	from, to := utf8.RuneCountInString(line[:start]), utf8.RuneCountInString(line[:end])
	runes := []rune(shown)
	for i := from; i < to && i < len(runes); i++ {
		runes[i] = '*'
	}
	return string(runes)
}

// shortestSecret is the length of text that is hidden in a message: what is
// shorter stands in it by chance.
const shortestSecret = 6

// concealer hides the secrets of all files of a load in what is told of them.
type concealer struct {
	files   map[string]concealed
	secrets *strings.Replacer
}

func (d *decoder) concealer() *concealer {
	c := &concealer{files: map[string]concealed{}}
	all := slices.Clone(d.secrets)
	for name, s := range d.sources {
		if s.abs != "" { // a built-in preset has none
			c.files[name] = conceal(s.lines)
			all = append(all, c.files[name].secrets...)
		}
	}
	for _, secret := range all {
		if runes := []rune(secret); len(runes) > mostQuoted {
			all = append(all, string(runes[:mostQuoted]))
		}
	}
	// Of two that begin alike the longer one is hidden whole.
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
		c.mistakes(m.Also)
	}
	return list
}
