package glob

import (
	"path/filepath"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// segment is what a pattern has between two slashes.
type segment struct {
	kind kind
	text string // literal: unescaped; affix: what a name begins with; wild: the pattern
	tail string // affix: what a name ends with
}

type kind uint8

const (
	literal kind = iota // one name
	affix               // `*`, `*.rs`, `a*`, `a*.rs`: by far the most common, matched without doublestar
	wild                // anything else within a segment
	deep                // `**`: any number of segments, also none
)

// mode is what may be left over when a pattern or a path ends.
type mode uint8

const (
	exact   mode = iota // nothing
	covers              // more path: the pattern matched a directory above it
	reaches             // more pattern: a path below could still match
)

// matchSegments matches the segments of path, which has no slash at either end.
// Of several `**` only the last one passed need be tried again (whatever an
// earlier one could take, the last one can take too), so the cost is at most
// the product of both lengths.
func matchSegments(segs []segment, path string, m mode) bool {
	if len(segs) == 0 {
		return true // a literal alternative: everything below it
	}
	i, rest := 0, path
	backSeg, backRest := -1, ""
	for {
		if i == len(segs) {
			if rest == "" || m == covers {
				return true
			}
		} else if segs[i].kind == deep {
			i++
			if i == len(segs) {
				return true
			}
			backSeg, backRest = i, rest
			continue
		} else if rest == "" {
			// `a/**` also matches a; that is the case of deep, above.
			return m == reaches
		} else {
			name, after := cut(rest)
			if segs[i].match(name) {
				i, rest = i+1, after
				continue
			}
		}
		if backSeg < 0 || backRest == "" {
			return false
		}
		_, backRest = cut(backRest)
		i, rest = backSeg, backRest
	}
}

// cut splits path at its first slash.
func cut(path string) (name, rest string) {
	if i := strings.IndexByte(path, '/'); i >= 0 {
		return path[:i], path[i+1:]
	}
	return path, ""
}

func (s *segment) match(name string) bool {
	switch s.kind {
	case literal:
		return name == s.text
	case affix:
		return len(name) >= len(s.text)+len(s.tail) &&
			strings.HasPrefix(name, s.text) && strings.HasSuffix(name, s.tail)
	case wild:
		return doublestar.MatchUnvalidated(s.text, name)
	}
	return false
}

// compile turns one brace-free pattern into an alternative.
func compile(dir, text string) (alternative, *Error) {
	volume := filepath.ToSlash(filepath.VolumeName(dir))
	names := split(strings.TrimPrefix(dir, volume))
	if strings.HasPrefix(text, "/") {
		names = nil
	} else if v := filepath.VolumeName(text); v != "" {
		volume, text, names = filepath.ToSlash(v), text[len(v):], nil
	}
	var segs []segment
	for _, part := range split(text) {
		if part == ".." {
			if len(segs) > 0 {
				return alternative{}, &Error{
					Msg:  "`..` after a wildcard",
					Hint: "put the `..` first, as in `../*/src`",
				}
			}
			names = names[:max(0, len(names)-1)]
			continue
		}
		seg, err := parseSegment(part)
		if err != nil {
			return alternative{}, err
		}
		switch {
		case seg.kind == literal && len(segs) == 0:
			names = append(names, seg.text)
		case seg.kind == deep && len(segs) > 0 && segs[len(segs)-1].kind == deep:
			// `**/**` is `**`
		default:
			segs = append(segs, seg)
		}
	}
	if n := len(segs); n > 0 && segs[n-1].kind != deep && strings.HasSuffix(text, "/") {
		segs = append(segs, segment{kind: deep})
	}
	alt := alternative{segs: segs, prefix: volume}
	if len(names) > 0 {
		alt.prefix += "/" + strings.Join(names, "/")
	}
	if n := len(segs); n > 0 {
		switch last := segs[n-1]; last.kind {
		case affix:
			alt.suffix = last.tail
		case literal:
			alt.suffix = last.text
		}
	}
	return alt, nil
}

// split cuts a slash path into its names, leaving out "." and empty ones.
func split(path string) []string {
	var names []string
	for name := range strings.SplitSeq(path, "/") {
		if name != "" && name != "." {
			names = append(names, name)
		}
	}
	return names
}

func parseSegment(text string) (segment, *Error) {
	if text == "**" {
		return segment{kind: deep}, nil
	}
	if at := findDouble(text); at >= 0 {
		return segment{}, doubleStarError(text, at)
	}
	if !doublestar.ValidatePattern(text) { // scan has found everything that we know of
		return segment{}, &Error{Msg: "not a valid pattern"}
	}
	star, wilds := -1, 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '*':
			star = i
			wilds++
		case '?', '[':
			return segment{kind: wild, text: text}, nil
		}
	}
	switch wilds {
	case 0:
		return segment{kind: literal, text: unescape(text)}, nil
	case 1:
		return segment{kind: affix, text: unescape(text[:star]), tail: unescape(text[star+1:])}, nil
	}
	return segment{kind: wild, text: text}, nil
}

func unescape(text string) string {
	if !strings.Contains(text, `\`) {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+1 < len(text) {
			i++
		}
		b.WriteByte(text[i])
	}
	return b.String()
}
