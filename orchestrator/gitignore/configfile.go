package gitignore

import (
	"strconv"
	"strings"
)

// parseConfig reads git's configuration format (git-config(1), SYNTAX) and calls set for each variable, with its
// key as "section.name" or "section.sub.name": all in lower case but the middle. What it cannot read it skips.
func parseConfig(text string, set func(key, value string, hasValue bool)) {
	text = strings.TrimPrefix(text, "\xef\xbb\xbf")
	section := ""
	for text != "" {
		text = strings.TrimLeft(text, " \t\r\n")
		switch {
		case text == "":
			return
		case text[0] == '#' || text[0] == ';':
			_, text, _ = strings.Cut(text, "\n")
		case text[0] == '[':
			section, text = parseSection(text[1:])
		default:
			end := strings.IndexAny(text, "= \t\r\n#;")
			if end < 0 {
				end = len(text)
			}
			name := strings.ToLower(text[:end])
			text = strings.TrimLeft(text[end:], " \t")
			value, hasValue := "", false
			if after, ok := strings.CutPrefix(text, "="); ok {
				value, text = parseValue(after)
				hasValue = true
			} else {
				_, text, _ = strings.Cut(text, "\n")
			}
			if name != "" && section != "" {
				set(section+"."+name, value, hasValue)
			}
		}
	}
}

// parseSection reads `core]` or `includeIf "gitdir:~/work/"]`, after the bracket.
func parseSection(text string) (section, rest string) {
	end := strings.IndexAny(text, "]\"\n")
	if end < 0 {
		return "", ""
	}
	section = strings.ToLower(strings.TrimSpace(text[:end]))
	if text[end] != '"' {
		return section, text[end+1:]
	}
	var sub strings.Builder
	for i := end + 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			if i++; i < len(text) {
				sub.WriteByte(text[i])
			}
		case '"':
			_, rest, _ = strings.Cut(text[i:], "]")
			return section + "." + sub.String(), rest
		case '\n':
			return "", text[i:]
		default:
			sub.WriteByte(text[i])
		}
	}
	return "", ""
}

// parseValue reads what follows the equals sign: quotes, escapes, comments, lines continued by a backslash.
func parseValue(text string) (value, rest string) {
	var out strings.Builder
	keep := 0 // the length up to which blanks are not to be trimmed
	quoted := false
	text = strings.TrimLeft(text, " \t")
	i := 0
loop:
	for ; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\n':
			break loop
		case c == '\r' && i+1 < len(text) && text[i+1] == '\n':
			i++
			break loop
		case c == '"':
			quoted = !quoted
			keep = out.Len()
		case (c == '#' || c == ';') && !quoted:
			for i < len(text) && text[i] != '\n' {
				i++
			}
			break loop
		case c == '\\':
			i++
			if i+1 < len(text) && text[i] == '\r' && text[i+1] == '\n' {
				i++
			}
			if i == len(text) || text[i] == '\n' {
				continue
			}
			switch text[i] {
			case 'n':
				out.WriteByte('\n')
			case 't':
				out.WriteByte('\t')
			case 'b':
				out.WriteByte('\b')
			default:
				out.WriteByte(text[i])
			}
			keep = out.Len()
		default:
			out.WriteByte(c)
			if quoted || c != ' ' && c != '\t' {
				keep = out.Len()
			}
		}
	}
	return out.String()[:keep], text[min(i, len(text)):]
}

func parseBool(value string) (on, ok bool) {
	switch strings.ToLower(value) {
	case "true", "yes", "on":
		return true, true
	case "false", "no", "off", "":
		return false, true
	}
	n, err := strconv.Atoi(value)
	return n != 0, err == nil
}
