package shellcmd

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// A place is where a word stands: patterns and braces mean nothing in the
// value of an assignment.
type place int

const (
	argument place = iota
	assignment
)

// literal takes the quotes off a word, as a shell does. It answers false when
// there may be something in it for the shell to expand, in any of the shells
// that are some system's /bin/sh: braces, which dash leaves alone, and $'…',
// which it does not know, are not literal either.
func literal(w *syntax.Word, at place) (string, bool) {
	if len(w.Parts) == 1 && at == argument {
		if lit, ok := w.Parts[0].(*syntax.Lit); ok && (lit.Value == "[" || lit.Value == "{}") {
			return lit.Value, true // a pattern that is not one, and find's
		}
	}
	var out strings.Builder
	for _, part := range w.Parts {
		ok := false
		switch p := part.(type) {
		case *syntax.Lit:
			ok = unquoted(&out, p.Value, at)
		case *syntax.SglQuoted:
			ok = !p.Dollar
			out.WriteString(p.Value)
		case *syntax.DblQuoted:
			ok = !p.Dollar && doubleQuoted(&out, p)
		}
		if !ok {
			return "", false
		}
	}
	return out.String(), true
}

// unquoted appends a part that stands outside of quotes.
func unquoted(out *strings.Builder, s string, at place) bool {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '\\':
			if i++; i == len(s) {
				return false // at the very end: shells differ
			}
			// An escaped newline joins lines.
			if s[i] == '\n' {
				continue
			}
		case '$', '`':
			return false
		case '*', '?', '[', '{':
			if at == argument {
				return false
			}
		case '~':
			// At the start, in the value of an assignment after a colon, and
			// with bash in an argument that looks like one.
			if before := out.String(); before == "" || strings.HasSuffix(before, ":") || strings.HasSuffix(before, "=") {
				return false
			}
		}
		out.WriteByte(s[i])
	}
	return true
}

// doubleQuoted appends a part within "…", where a backslash is one unless it
// stands before $, `, ", \ or a newline. A dollar is one at the end alone
// ("^name$"): elsewhere some shell may know more forms than the parser does,
// such as $[1+1].
func doubleQuoted(out *strings.Builder, q *syntax.DblQuoted) bool {
	for i, part := range q.Parts {
		lit, ok := part.(*syntax.Lit)
		if !ok {
			return false
		}
		for s := lit.Value; s != ""; s = s[1:] {
			if last := s == "$" && i == len(q.Parts)-1; s[0] == '`' || s[0] == '$' && !last {
				return false
			}
			if s[0] == '\\' && len(s) > 1 && strings.IndexByte("$`\"\\\n", s[1]) >= 0 {
				s = s[1:]
				if s[0] == '\n' {
					continue
				}
			}
			out.WriteByte(s[0])
		}
	}
	return true
}
