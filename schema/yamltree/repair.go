package yamltree

import (
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"devloop/schema/lazyregexp"
	"devloop/schema/nearest"
)

// repair is what a line was meant to say. Without line, nothing after it can be
// trusted.
type repair struct {
	col       int // of the mistake
	msg, hint string
	line      string
}

var (
	// lead is what stands before a value: indentation, `- `, `key: `.
	lead         = lazyregexp.New(`^\s*(?:- +)*(?:[^\s'"#\[\]{},&*!|>%@` + "`" + `-][^'"#]*?:[ \t]+)?(?:- +)*`)
	missingSpace = lazyregexp.New(`^\s*(?:- +)?([A-Za-z_][A-Za-z0-9_.-]*):([^\s:/\\].*)$`)
	v6Address    = lazyregexp.New(`^(?:\w+::)?\[[0-9A-Fa-f:.%]*:[0-9A-Fa-f:.%]*\](?::\d+)?$`)
	aliasName    = lazyregexp.New(`^\*([A-Za-z0-9_-]+)$`)
	comment      = lazyregexp.New(`\s#.*$`)
)

// maxRepairLine bounds the search within brackets, whose cost is the square of
// their depth.
const maxRepairLine = 2000

// repairLine knows what people write without knowing that YAML reads it in its
// own way, and reads line n as they meant it.
func (d Dialect) repairLine(lines []string, n int) (repair, bool) {
	line := lines[n-1]
	text := strings.TrimLeft(line, " \t")
	if text == "" || text[0] == '#' || line[0] == '%' || len(line) > maxRepairLine {
		return repair{}, false
	}
	if tab := strings.IndexByte(line[:len(line)-len(text)], '\t'); tab >= 0 {
		return repair{col: 1 + tab, msg: "a tab in the indentation", hint: "YAML indents with spaces only"}, true
	}
	if r, ok := d.repairColon(line); ok {
		return r, true
	}
	start := len(lead.FindString(line))
	end := len(line)
	if start < end && line[start] != '"' && line[start] != '\'' {
		end = start + len(comment.ReplaceAllString(line[start:], ""))
	}
	names := map[string]bool{}
	if strings.Contains(line, "*") {
		names = anchors(lines)
	}
	at, value, why := misread(strings.TrimRight(line[start:end], " \t"), names)
	if why == "" {
		return repair{}, false
	}
	at += start
	fixed := QuoteScalar(value)
	hint := "quote it: " + fixed
	switch {
	case aliasName.MatchString(value) && len(names) > 0: // somebody who uses aliases
		why = "there is no anchor `&" + value[1:] + "` above this line"
		hint = nearest.Hint(value[1:], slices.Sorted(maps.Keys(names)))
		fixed = UnknownTag + " \"\""
	case value[0] == '!':
		hint = d.TagHint
		fixed = UnknownTag + " \"\""
	}
	if strings.HasPrefix(text, "<<:") {
		fixed = "{}"
	}
	return repair{
		col:  1 + utf8.RuneCountInString(line[:at]),
		msg:  why,
		hint: hint,
		line: line[:at] + fixed + line[at+len(value):],
	}, true
}

// repairColon knows `key:value`, if key is one of the dialect.
func (d Dialect) repairColon(line string) (repair, bool) {
	m := missingSpace.FindStringSubmatchIndex(line)
	if m == nil || !d.IsKey(line[m[2]:m[3]]) {
		return repair{}, false
	}
	key, value := line[m[2]:m[3]], line[m[4]:]
	return repair{
		col:  1 + utf8.RuneCountInString(line[:m[3]]),
		msg:  "no space after the colon",
		hint: "write `" + key + ": " + strings.TrimSpace(value) + "`",
		line: line[:m[4]] + " " + value,
	}, true
}

// UnknownTag is the tag of a value that Parse could not guess; its mistake is
// among those that it returns.
const UnknownTag = "!unknown"

// misread finds text that YAML takes for something else: its place in value,
// the text that needs quotes, and what YAML makes of it.
func misread(value string, anchors map[string]bool) (at int, text, why string) {
	if value == "" {
		return 0, "", ""
	}
	switch c := value[0]; c {
	case '*':
		if m := aliasName.FindStringSubmatch(value); m == nil || !anchors[m[1]] {
			return 0, value, "YAML reads the `*` at the beginning of a value as an alias"
		}
	case '@', '%':
		return 0, value, "YAML keeps a `" + string(c) + "` at the beginning of a value for itself"
	case '`':
		return 0, value, "YAML keeps a backquote at the beginning of a value for itself"
	case '"', '\'':
		end := strings.IndexByte(value[1:], c)
		if end < 0 {
			return 0, "", ""
		}
		if rest := strings.TrimSpace(value[end+2:]); rest != "" && rest[0] != '#' && rest[0] != ':' {
			return 0, value, "text after a closing quote"
		}
	case '[', '{':
		if v6Address.MatchString(value) {
			return 0, value, "YAML reads the brackets of " + Quote(value) + " as a list"
		}
		end := closing(value)
		if end == 0 {
			return 0, "", ""
		}
		if end < len(value)-1 {
			return 0, value, "YAML reads " + Quote(value[:end+1]) + " as " + map[byte]string{'[': "a list", '{': "a mapping"}[c]
		}
		for _, item := range flowItems(value) {
			if colon := strings.Index(value[item.from:item.to], ": "); c == '{' && colon >= 0 {
				item.from += colon + 2
			}
			if text := value[item.from:item.to]; strings.HasPrefix(text, "!") && !strings.ContainsAny(text, " \t") {
				return item.from, text, "YAML reads " + Quote(text) + " as a tag"
			}
			if text := value[item.from:item.to]; strings.Contains(text, "${") && text[0] != '"' && text[0] != '\'' && text[0] != '[' && text[0] != '{' {
				return item.from, text, "YAML reads the `{` of `${` within brackets as a mapping"
			}
			at, text, why := misread(value[item.from:item.to], anchors)
			if why != "" {
				return item.from + at, text, why
			}
		}
	default:
		if strings.Contains(value, ": ") {
			return 0, value, "YAML reads a `: ` in a value as a key"
		}
	}
	return 0, "", ""
}

// span is a part of a text, in bytes.
type span struct{ from, to int }

// flowItems cuts `[a, b]` into its items, without the spaces around them.
func flowItems(value string) []span {
	var items []span
	add := func(from, to int) {
		text := strings.TrimSpace(value[from:to])
		from += strings.Index(value[from:to], text)
		items = append(items, span{from, from + len(text)})
	}
	depth, from, inQuote := 0, 1, byte(0)
	for i := 1; i < len(value)-1; i++ {
		switch c := value[i]; {
		case inQuote != 0:
			if c == inQuote {
				inQuote = 0
			}
		case c == '"' || c == '\'':
			inQuote = c
		case c == '[' || c == '{':
			depth++
		case c == ']' || c == '}':
			depth--
		case c == ',' && depth == 0:
			add(from, i)
			from = i + 1
		}
	}
	add(from, len(value)-1)
	return items
}

// closing returns the place of the bracket that closes the one at text[0], or 0.
func closing(text string) int {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '[', '{':
			depth++
		case ']', '}':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return 0
}

var anchorName = lazyregexp.New(`(?:^|[\s\[{,])&([A-Za-z0-9_-]+)`)

func anchors(lines []string) map[string]bool {
	names := map[string]bool{}
	for _, line := range lines {
		for _, m := range anchorName.FindAllStringSubmatch(line, -1) {
			names[m[1]] = true
		}
	}
	return names
}

// QuoteScalar writes text as a quoted YAML scalar.
func QuoteScalar(text string) string {
	if !strings.ContainsAny(text, `"\`) {
		return `"` + text + `"`
	}
	return "'" + strings.ReplaceAll(text, "'", "''") + "'"
}
