package starter

import (
	"path"
	"strings"
)

// code is the source of a file without its comments: what they say of ports and
// sockets is not what the program does. Lines stay where they are.
func code(file, text string) string {
	switch path.Ext(file) {
	case ".go":
		return uncommented(text, "//", "/*", "\"'`")
	case ".rs":
		return uncommented(text, "//", "/*", `"`) // a ' may begin a lifetime
	case ".js", ".mjs", ".cjs", ".ts", ".mts", ".jsx", ".tsx":
		return uncommented(text, "//", "/*", "\"'`")
	case ".java", ".kt", ".kts", ".gradle", ".groovy", ".scala":
		return uncommented(text, "//", "/*", `"'`)
	case ".py":
		return uncommented(undocumented(text), "#", "", `"'`)
	case ".rb", ".ru", ".toml", ".yaml", ".yml", ".properties", ".sh":
		return uncommented(text, "#", "", `"'`)
	}
	return text
}

// undocumented is Python without its long strings, which are there to be read.
func undocumented(text string) string {
	for _, quote := range []string{`"""`, `'''`} {
		parts := strings.Split(text, quote)
		for i := 1; i < len(parts); i += 2 {
			parts[i] = strings.Repeat("\n", strings.Count(parts[i], "\n"))
		}
		text = strings.Join(parts, quote)
	}
	return text
}

// uncommented replaces comments by spaces. line begins one that ends with its
// line, block one that ends with a block's end; quotes are the characters that
// begin and end strings, in which neither begins.
func uncommented(text, line, block, quotes string) string {
	out := []byte(text)
	blank := func(from, to int) {
		for i := from; i < to; i++ {
			if out[i] != '\n' {
				out[i] = ' '
			}
		}
	}
	for i := 0; i < len(text); {
		rest := text[i:]
		switch {
		case strings.HasPrefix(rest, line):
			end := strings.IndexByte(rest, '\n')
			if end < 0 {
				end = len(rest)
			}
			blank(i, i+end)
			i += end
		case block != "" && strings.HasPrefix(rest, block):
			end := strings.Index(rest[len(block):], "*/")
			if end < 0 {
				end = len(rest)
			} else {
				end += len(block) + len("*/")
			}
			blank(i, i+end)
			i += end
		case strings.IndexByte(quotes, text[i]) >= 0:
			i += quoted(rest)
		default:
			i++
		}
	}
	return string(out)
}

// quoted is the length of the string that text begins with. One that does not
// end in its line is taken for a lone quote, such as that of a regular
// expression, unless its kind may go on.
func quoted(text string) int {
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == text[0]:
			return i + 1
		case text[i] == '\\' && text[0] != '`':
			i++
		case text[i] == '\n' && text[0] != '`':
			return 1
		}
	}
	return 1
}
