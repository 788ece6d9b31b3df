package shellcmd

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// Program is the program that text runs, if text is one simple command: its
// first word, behind `exec`, with plain variables ($NAME, ${NAME}) filled in.
// It answers false for everything else that a shell would expand.
func Program(text string, lookup func(name string) (string, bool)) (string, bool) {
	l, ok := parseLine(text)
	if !ok {
		return "", false
	}
	words := l.call.Args
	if first, _ := literal(words[0], argument); first == "exec" && len(words) > 1 {
		words = words[1:]
	}
	var out strings.Builder
	for _, part := range words[0].Parts {
		if !fill(&out, part, lookup) {
			return "", false
		}
	}
	return out.String(), out.Len() > 0
}

// fill appends a part of a word.
func fill(out *strings.Builder, part syntax.WordPart, lookup func(name string) (string, bool)) bool {
	switch p := part.(type) {
	case *syntax.ParamExp:
		if p.Excl || p.Length || p.Width || p.Index != nil || p.Slice != nil || p.Repl != nil || p.Names != 0 || p.Exp != nil {
			return false
		}
		value, _ := lookup(p.Param.Value)
		out.WriteString(value)
		return p.Param.Value != "" && !strings.ContainsAny(p.Param.Value[:1], "0123456789?!#@*-$")
	case *syntax.DblQuoted:
		if p.Dollar {
			return false
		}
		for _, inner := range p.Parts {
			if !fill(out, inner, lookup) {
				return false
			}
		}
		return true
	}
	value, ok := literal(&syntax.Word{Parts: []syntax.WordPart{part}}, argument)
	out.WriteString(value)
	return ok
}
