package gitignore

import (
	"bytes"
	"strings"
)

// rule is one pattern line.
type rule struct {
	source *source
	line   int
	text   string // as it stands in the file, without trailing blanks

	negative bool   // "!": what it matches is not ignored
	dirOnly  bool   // "…/": matches directories alone
	nameOnly bool   // no slash: matches the last element, at any depth
	checkout string // no pattern: it stands for what lies in this directory, another checkout of the repository
	glob     glob
}

// source is a file that patterns were read from.
type source struct {
	file string
	base string // slash path of the directory that the patterns are relative to, ending in a slash
}

// parseRules reads an ignore file: a pattern a line; blank lines and lines that begin with # count for nothing.
func parseRules(src *source, text []byte, fold bool) []rule {
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	var rules []rule
	for n := 1; len(text) > 0; n++ {
		line, rest, _ := bytes.Cut(text, []byte("\n"))
		text = rest
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		line = bytes.TrimSuffix(line, []byte("\r"))
		if nul := bytes.IndexByte(line, 0); nul >= 0 {
			line = line[:nul] // git reads C strings
		}
		if r, ok := parseRule(trimBlanks(string(line)), fold); ok {
			r.source, r.line = src, n
			rules = append(rules, r)
		}
	}
	return rules
}

// trimBlanks takes away the spaces at the end (tabs stay), but for one that a backslash protects.
func trimBlanks(s string) string {
	end := 0
	for i := 0; i < len(s); i++ {
		if s[i] == ' ' {
			continue
		}
		if s[i] == '\\' {
			if i++; i == len(s) {
				return s
			}
		}
		end = i + 1
	}
	return s[:end]
}

func parseRule(text string, fold bool) (rule, bool) {
	r := rule{text: text}
	p := text
	p, r.negative = strings.CutPrefix(p, "!")
	p, r.dirOnly = strings.CutSuffix(p, "/")
	if p == "" {
		return r, false
	}
	if !strings.Contains(p, "/") {
		r.nameOnly = true
		r.glob = compile(p, 0, false, fold)
		return r, true
	}
	p = strings.TrimPrefix(p, "/")
	literal := strings.IndexAny(p, `*?[\`)
	if literal < 0 {
		literal = len(p)
	}
	r.glob = compile(p, literal, true, fold)
	return r, true
}

// matches says whether the rule speaks of this path: a slash path, and its last element.
func (r *rule) matches(path, name string, isDir bool) bool {
	switch {
	case r.dirOnly && !isDir:
		return false
	case r.nameOnly:
		return r.glob.match(name)
	}
	return r.glob.match(path[len(r.source.base):])
}
