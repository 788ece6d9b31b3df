package schema

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"devloop/schema/lazyregexp"
)

// A mistake is shown with its line, and many with the value that is wrong. What
// the file gives to a variable that seems to be a secret by its name is no part
// of that: it would stand on the screen, in logs, and in what agents are told.

// secretWord is in the name of a variable that holds a secret.
var secretWord = lazyregexp.New(`(?i)passw|passphrase|secret|token|credential|private|(^|_)(pass|pwd|key|auth|dsn|cookie|session|salt|jwt)s?(_|$)|authorization|api-?key|-key$`)

// assigned is a name and the sign before its value, in a mapping or as
// NAME=value.
var assigned = lazyregexp.New(`(?:^|[\s{,\["'\x60-])([A-Za-z_][A-Za-z0-9_.-]*)["']?[ \t]*(:[ \t]|=|:$)[ \t]*`)

// withPassword is the password in a URL.
var withPassword = lazyregexp.New(`[a-zA-Z][a-zA-Z0-9+.-]*://[^\s/:@"']*:([^\s/@"']+)@`)

// ofVariables is a line that begins a mapping of variables.
var ofVariables = lazyregexp.New(`(?:^|[\s{,"'-])(?:env|vars|environment|variables|headers)["']?:`)

// concealed is the text of a file with its secrets hidden.
type concealed struct {
	lines   []string // as they may be shown: of a secret every character is a star
	secrets []string // what has been hidden
}

// conceal hides the secrets in the lines of a file. It goes by the text alone:
// most of what is shown is of files that could not be read as they were meant.
// Its time does not grow faster than the text.
func conceal(lines []string) concealed {
	c := concealed{lines: make([]string, len(lines))}
	var above blocks
	inner := -1 // the indentation of a secret, whose further lines stand deeper
	for i, line := range lines {
		c.lines[i] = line
		depth := indentation(line)
		if depth == len(line) {
			continue
		}
		if inner >= 0 && depth > inner {
			c.hide(i, []stretch{{depth, len(line)}})
			continue
		}
		inner = -1
		spans, isBlock := secretsIn(line, above.ofVariables(depth))
		above.begin(depth, line)
		if isBlock {
			inner = depth
		}
		c.hide(i, spans)
	}
	return c
}

// stretch is a part of a line, in bytes.
type stretch struct{ start, end int }

// hide hides parts of a line that are in its order.
func (c *concealed) hide(i int, spans []stretch) {
	if len(spans) == 0 {
		return
	}
	line := c.lines[i]
	var b strings.Builder
	at := 0
	for _, s := range spans {
		if s.start < at {
			continue
		}
		b.WriteString(line[at:s.start])
		secret := line[s.start:s.end]
		b.WriteString(strings.Repeat("*", utf8.RuneCountInString(secret))) // a caret stays right
		c.secrets = append(c.secrets, strings.Trim(strings.TrimSpace(secret), `"'`))
		at = s.end
	}
	b.WriteString(line[at:])
	c.lines[i] = b.String()
}

// secretsIn finds the secrets in a line, which stands in a mapping of variables
// or elsewhere; isBlock says that deeper lines belong to one.
func secretsIn(line string, inVariables bool) (spans []stretch, isBlock bool) {
	variables := len(line) // where the names of variables begin
	if inVariables {
		variables = 0
	} else if at := ofVariables.FindStringIndex(line); at != nil {
		variables = at[1]
	}
	brackets := strings.IndexAny(line, "{[`")
	end := 0
	for _, at := range assigned.FindAllStringSubmatchIndex(line, -1) {
		name := line[at[2]:at[3]]
		// Nodes and sockets are called so, too, but not in capitals.
		if at[2] < end || !secretWord.MatchString(name) || at[2] < variables && name != strings.ToUpper(name) {
			continue
		}
		isBlock = true
		if end = valueEnd(line, at[1], brackets >= 0 && brackets < at[2]); end > at[1] {
			spans = append(spans, stretch{at[1], end})
		}
	}
	for _, at := range withPassword.FindAllStringSubmatchIndex(line, -1) {
		spans = append(spans, stretch{at[2], at[3]})
	}
	slices.SortFunc(spans, func(a, b stretch) int { return cmp.Compare(a.start, b.start) })
	return spans, isBlock
}

// blocks are the lines that the next one stands below, by their indentation.
type blocks []struct {
	depth     int
	variables bool
}

// ofVariables tells whether a line of this indentation is an entry of a mapping
// of variables.
func (b *blocks) ofVariables(depth int) bool {
	for len(*b) > 0 && (*b)[len(*b)-1].depth >= depth {
		*b = (*b)[:len(*b)-1]
	}
	return len(*b) > 0 && (*b)[len(*b)-1].variables
}

// begin notes a line that others may stand below.
func (b *blocks) begin(depth int, line string) {
	*b = append(*b, struct {
		depth     int
		variables bool
	}{depth, ofVariables.MatchString(line)})
}

func indentation(line string) int { return len(line) - len(strings.TrimLeft(line, " \t")) }

// valueEnd is where the value ends that begins at start, within brackets or not. A
// reference to another variable is no secret, and neither is what announces a
// value in the next lines.
func valueEnd(line string, start int, inBrackets bool) int {
	rest := line[start:]
	switch strings.TrimSpace(rest) {
	case "", "|", ">", "|-", ">-", "null", "~":
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
	if inBrackets && rest[0] != '{' && rest[0] != '[' {
		if i := strings.IndexAny(rest, ",}]`"); i >= 0 {
			return start + i
		}
	}
	return len(line)
}

var onlyRef = lazyregexp.New(`^["']?\$\{[A-Za-z_][A-Za-z0-9_]*\}["']?\s*([,}\]#]|$)`)
