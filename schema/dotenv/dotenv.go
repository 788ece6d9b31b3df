// Package dotenv reads env files: lines of NAME=value, in the dialect that docker
// compose and dotenv with dotenv-expand have in common. docs/configuration.md
// has it as a table, and so has the test.
//
// What is wrong is told with its place and with names, never with a value or
// with a line of the file: they are secrets.
package dotenv

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// Pos is a place in a file, counted from 1. Col counts characters, not bytes.
type Pos struct{ Line, Col int }

// Mistake is one thing wrong in a file.
type Mistake struct {
	Pos  Pos
	Msg  string // without a final full stop
	Hint string // what to write in its place, or ""
}

// File is an env file that has been read. It does not change.
type File struct{ vars []assignment }

// Var is one NAME=value of a file.
type Var struct {
	Name string
	Pos  Pos // of the name
}

type assignment struct {
	Var
	value []part
}

// Vars are the variables of the file in its order; a name may stand twice.
func (f *File) Vars() []Var {
	vars := make([]Var, len(f.vars))
	for i, a := range f.vars {
		vars[i] = a.Var
	}
	return vars
}

// Refers tells whether a value refers to a variable.
func (f *File) Refers() bool {
	for _, a := range f.vars {
		for _, p := range a.value {
			if p.name != "" {
				return true
			}
		}
	}
	return false
}

// Parse reads a file. With mistakes, which are all that there are, in the order
// of the file, it returns no File.
func Parse(text []byte) (*File, []Mistake) {
	if bytes.HasPrefix(text, []byte{0xFF, 0xFE}) || bytes.HasPrefix(text, []byte{0xFE, 0xFF}) {
		return nil, []Mistake{{Pos{1, 1}, "the file is UTF-16", "save it as UTF-8"}}
	}
	p := &parser{text: lineBreaks.Replace(strings.TrimPrefix(string(text), "\uFEFF"))}
	if at := strings.IndexByte(p.text, 0); at >= 0 {
		p.mistake(at, "a NUL character", "")
		return nil, p.mistakes
	}
	for p.at < len(p.text) {
		p.line()
	}
	if len(p.mistakes) > 0 {
		return nil, p.mistakes
	}
	return &File{p.vars}, nil
}

var lineBreaks = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// parser reads a text from at on.
type parser struct {
	text     string
	at       int
	vars     []assignment
	mistakes []Mistake

	counted int // where the last place that was counted is, in bytes
	place   Pos // and what was counted
}

// pos is the place of a byte of the text. Places are asked for from front to
// back, or nearly so.
func (p *parser) pos(at int) Pos {
	if p.place.Line == 0 || at < p.counted {
		p.counted, p.place = 0, Pos{1, 1}
	}
	between := p.text[p.counted:at]
	if i := strings.LastIndexByte(between, '\n'); i >= 0 {
		p.place.Line += strings.Count(between, "\n")
		p.place.Col, between = 1, between[i+1:]
	}
	p.place.Col += utf8.RuneCountInString(between)
	p.counted = at
	return p.place
}

func (p *parser) mistake(at int, msg, hint string) {
	p.mistakes = append(p.mistakes, Mistake{p.pos(at), msg, hint})
}

// blanks passes over spaces and tabs.
func (p *parser) blanks() {
	for p.at < len(p.text) && isBlank(p.text[p.at]) {
		p.at++
	}
}

// next is the character here; a line break at the end of the text.
func (p *parser) next() byte {
	if p.at == len(p.text) {
		return '\n'
	}
	return p.text[p.at]
}

// endLine goes to the beginning of the next line.
func (p *parser) endLine() {
	if i := strings.IndexByte(p.text[p.at:], '\n'); i >= 0 {
		p.at += i + 1
	} else {
		p.at = len(p.text)
	}
}

// line reads one line, or more where a quoted value goes on.
func (p *parser) line() {
	defer p.endLine()
	p.blanks()
	if c := p.next(); c == '\n' || c == '#' {
		return
	}
	if rest, ok := strings.CutPrefix(p.text[p.at:], "export"); ok && rest != "" && isBlank(rest[0]) {
		p.at += len("export")
		p.blanks()
	}
	start := p.at
	name, ok := p.name()
	if !ok {
		return
	}
	at := p.pos(start)
	if value, ok := p.value(); ok {
		p.vars = append(p.vars, assignment{Var{name, at}, value})
	}
}

// nameRule is told of every name that is none.
const nameRule = "a variable's name is letters, digits and _"

// name reads what stands before a value, with the sign between them.
func (p *parser) name() (string, bool) {
	start := p.at
	for p.at < len(p.text) && isNameByte(p.text[p.at]) {
		p.at++
	}
	name := p.text[start:p.at]
	switch {
	case name == "" && p.next() == '=':
		p.mistake(p.at, "there is no name before the =", "")
		return "", false
	case name != "" && name[0] >= '0' && name[0] <= '9':
		p.mistake(start, nameRule+", and does not begin with a digit", "")
		return "", false
	}
	end := p.at
	p.blanks()
	// As in YAML, a colon has a blank behind it.
	colon := p.next() == ':' && p.at+1 < len(p.text) && isBlank(p.text[p.at+1])
	switch {
	case name != "" && (p.next() == '=' || colon):
		p.at++
		return name, true
	// What seems to be a name may be the rest of a secret whose first line has no
	// quotes: it is not told.
	case name != "" && (p.at > end || p.next() == '\n' || p.next() == ':'):
		p.mistake(p.at, "there is no = after the name", "a line is NAME=value; `NAME=` is empty; commands get the environment's variables anyway")
	default:
		p.mistake(p.at, nameRule, "")
	}
	return "", false
}

// value reads a value up to the end of its line, or up to its closing quote.
func (p *parser) value() ([]part, bool) {
	p.blanks()
	if c := p.next(); c == '\'' || c == '"' {
		return p.quoted(c)
	}
	start, end := p.at, len(p.text)
	if i := strings.IndexByte(p.text[p.at:], '\n'); i >= 0 {
		end = p.at + i
	}
	if strings.HasPrefix(p.text[start:end], "`") && strings.Contains(p.text[start+1:end], "`") {
		p.mistake(start, "backquotes do not quote here, and run no command", "write the value in \" or ' quotes")
		return nil, false
	}
	for i := start; i < end; i++ {
		// Behind `NAME=` itself it is a comment only where a blank is between.
		if p.text[i] == '#' && isBlank(p.text[i-1]) {
			end = i
			break
		}
	}
	p.at = end
	for end > start && isBlank(p.text[end-1]) {
		end--
	}
	return p.refs(start, end, unquoted, 0)
}

// quoted reads a value from its opening quote on.
func (p *parser) quoted(quote byte) ([]part, bool) {
	open := p.at
	for p.at++; p.at < len(p.text) && p.text[p.at] != quote; p.at++ {
		if p.text[p.at] == '\\' && p.at+1 < len(p.text) {
			p.at++
		}
	}
	if p.at >= len(p.text) {
		p.at = len(p.text)
		p.mistake(open, "the quote is never closed", "a quote within the text is written \\"+string(quote))
		return nil, false
	}
	end := p.at
	p.at++
	p.blanks()
	if c := p.next(); c != '\n' && c != '#' {
		hint := "put the whole value in quotes, and write a quote in it as \\" + string(quote)
		if at := p.pos(open); p.pos(p.at).Line != at.Line {
			hint = "the quote has been open since an earlier line; is that one closed?"
		}
		p.mistake(p.at, "text after the closing quote", hint)
		return nil, false
	}
	if quote == '\'' {
		return []part{{text: strings.ReplaceAll(p.text[open+1:end], `\'`, `'`)}}, true
	}
	return p.refs(open+1, end, doubleQuoted, 0)
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

func isNameByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
