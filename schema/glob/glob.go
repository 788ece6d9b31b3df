// Package glob compiles one watch pattern, doublestar's syntax anchored at a
// directory, and matches it against absolute slash paths. It never touches the
// disk.
//
// A pattern is cut at its slashes once, when it is compiled, and matched
// segment by segment. That makes Reaches exact, keeps a class such as [^a]
// from matching a slash (doublestar's own whole-path match lets it), and lets a
// project live in a directory whose name holds metacharacters.
package glob

import (
	"path/filepath"
	"strings"
)

// Pattern is one compiled pattern. The zero value and nil match nothing. A
// Pattern is immutable, so goroutines may share it.
type Pattern struct {
	dir     string // that a relative pattern belongs to
	text    string
	literal bool   // no metacharacters as written
	base    string // see Base
	alts    []alternative
}

// alternative is one way through a pattern's braces.
type alternative struct {
	prefix string    // the leading literal segments, "" for the root
	segs   []segment // what follows; empty: prefix and everything below it
	suffix string    // every match ends so, "" if nothing is known
}

// Compile compiles text as it stands in a file of the directory dir, which must
// be absolute. Relative patterns belong to dir; in dir itself no character has
// a special meaning. A pattern without metacharacters names that path and
// everything below it; so does each such alternative of {a,b}. A slash at the
// end of a wildcard (`gen*/`) means everything below what it matches.
//
// An error is always an *Error.
func Compile(dir, text string) (*Pattern, error) {
	meta, err := scan(text)
	if err != nil {
		return nil, err
	}
	texts, err := expand(text)
	if err != nil {
		return nil, err
	}
	dir = filepath.ToSlash(dir)
	p := &Pattern{dir: dir, text: text, literal: !meta, alts: make([]alternative, 0, len(texts))}
	for _, t := range texts {
		alt, err := compile(dir, t)
		if err != nil {
			return nil, locate(err, text, t)
		}
		p.alts = append(p.alts, alt)
	}
	p.base = commonDir(p.alts)
	return p, nil
}

// Match reports whether the file at path, absolute and with slashes, matches.
// The directories above path are not looked at: for what an `ignore` entry
// takes away, see Covers.
func (p *Pattern) Match(path string) bool {
	return p.matches(path, exact)
}

// Covers reports whether path or a directory above it matches: `ignore:
// **/target` takes away all that is in such a directory.
func (p *Pattern) Covers(path string) bool {
	return p.matches(path, covers)
}

// Reaches reports whether some path at or below the directory dir could match.
// If it is false, neither dir nor anything in it needs to be walked or watched.
func (p *Pattern) Reaches(dir string) bool {
	dir = strings.TrimSuffix(dir, "/")
	if p == nil {
		return false
	}
	for i := range p.alts {
		alt := &p.alts[i]
		if isBelow(alt.prefix, dir) {
			return true
		}
		if rest, ok := below(dir, alt.prefix); ok && matchSegments(alt.segs, rest, reaches) {
			return true
		}
	}
	return false
}

// Base is the longest absolute path without metacharacters that every match is
// at or below; for a literal pattern it is the path itself.
func (p *Pattern) Base() string {
	if p == nil {
		return ""
	}
	return p.base
}

// Literal is the absolute path that a pattern without metacharacters names; ok
// is false for any other pattern.
func (p *Pattern) Literal() (path string, ok bool) {
	if p == nil || !p.literal {
		return "", false
	}
	return p.base, true
}

// String is the pattern as written.
func (p *Pattern) String() string {
	if p == nil {
		return ""
	}
	return p.text
}

// Verbatim is the pattern whose brackets are ordinary characters, as in the names
// of routes such as `app/[id]/page.tsx`; ok is false for a pattern without any.
func (p *Pattern) Verbatim() (verbatim *Pattern, ok bool) {
	if p == nil || !strings.ContainsRune(p.text, '[') || strings.ContainsRune(p.text, '\\') {
		return nil, false
	}
	verbatim, err := Compile(p.dir, strings.NewReplacer("[", `\[`, "]", `\]`).Replace(p.text))
	return verbatim, err == nil
}

// Anywhere is the pattern as a .gitignore would read it, at any depth; ok is
// false for one that says where it is: it holds a slash, or `./` before it.
func (p *Pattern) Anywhere() (anywhere *Pattern, ok bool) {
	if p == nil {
		return nil, false
	}
	name := strings.TrimSuffix(p.text, "/")
	if strings.ContainsRune(name, '/') || name == "**" || name == "." || name == ".." {
		return nil, false
	}
	anywhere, err := Compile(p.dir, "**/"+name)
	return anywhere, err == nil
}

// Rooted is the pattern of a path from the root of the file system as a
// .gitignore would read it, from the directory that it belongs to; ok is false
// for any other, and for one that lies in that directory.
func (p *Pattern) Rooted() (rooted *Pattern, ok bool) {
	if p == nil || !strings.HasPrefix(p.text, "/") || isBelow(p.base, p.dir) {
		return nil, false
	}
	rooted, err := Compile(p.dir, strings.TrimLeft(p.text, "/"))
	return rooted, err == nil
}

func (p *Pattern) matches(path string, m mode) bool {
	if p == nil {
		return false
	}
	for i := range p.alts {
		alt := &p.alts[i]
		if m == exact && !strings.HasSuffix(path, alt.suffix) {
			continue
		}
		if rest, ok := below(path, alt.prefix); ok && matchSegments(alt.segs, rest, m) {
			return true
		}
	}
	return false
}

// below returns the part of path after prefix and a slash, "" if they are the
// same path.
func below(path, prefix string) (rest string, ok bool) {
	if !isBelow(path, prefix) {
		return "", false
	}
	return strings.TrimPrefix(path[len(prefix):], "/"), true
}

// isBelow reports whether path is dir or lies below it. "" is the root.
func isBelow(path, dir string) bool {
	return strings.HasPrefix(path, dir) && (len(path) == len(dir) || path[len(dir)] == '/')
}

func commonDir(alts []alternative) string {
	common := alts[0].prefix
	for _, alt := range alts[1:] {
		for common != "" && !isBelow(alt.prefix, common) {
			common = common[:max(0, strings.LastIndexByte(common, '/'))]
		}
	}
	if common == "" || strings.HasSuffix(common, ":") {
		return common + "/" // the root, or that of a Windows drive
	}
	return common
}
