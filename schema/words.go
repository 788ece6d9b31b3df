package schema

import (
	"fmt"
	"slices"
	"strings"

	"devloop/schema/nearest"
)

// either lists words as `a`, `b` or `c`.
func either(words []string) string {
	return series(words, " or ")
}

func series(words []string, last string) string {
	var b strings.Builder
	for i, w := range words {
		switch {
		case i > 0 && i == len(words)-1:
			b.WriteString(last)
		case i > 0:
			b.WriteString(", ")
		}
		b.WriteString("`" + w + "`")
	}
	return b.String()
}

func enumHint(text string, words []string, hints map[string]string) string {
	plain := strings.ToLower(text)
	if hint, ok := hints[plain]; ok {
		if slices.Contains(words, hint) {
			return "write `" + hint + "`"
		}
		return hint
	}
	for _, form := range []string{plain, strings.ReplaceAll(plain, "_", "-"), strings.ReplaceAll(plain, " ", "-")} {
		if slices.Contains(words, form) {
			return "write `" + form + "`"
		}
	}
	return nearest.Hint(plain, words)
}

// where says where another place is: its line if that is in the same file.
func where(pos, from Pos) string {
	if pos.File == from.File {
		return fmt.Sprintf("in line %d", pos.Line)
	}
	return "at " + strings.TrimSuffix(pos.String(), fmt.Sprintf(":%d", pos.Col))
}
