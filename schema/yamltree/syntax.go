package yamltree

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"devloop/schema/lazyregexp"
)

// parseBudget bounds what the search for syntax errors may parse, in bytes: a
// file is parsed again for each repair, and parts of it to find each place.
const parseBudget = 8 << 20

// document reads the only document of a file; nil if it is empty, or if it is
// no YAML even after repair.
//
// yaml.v3 gives a syntax error a line that is often the one before, and never a
// column. So the line is found by parsing less and less of the file. Where the
// mistake is a known one, the line is then read as it was meant, so that the
// mistakes behind it are found in the same load.
func (d Dialect) document(s *Source, text []byte, mistakes *Mistakes) *yaml.Node {
	for budget := parseBudget; budget > 0 && len(*mistakes) < MaxMistakes; {
		budget -= len(text) + 1
		doc, err := decodeYAML(text)
		if err == nil {
			return doc
		}
		var second *secondDocument
		if errors.As(err, &second) {
			*mistakes = append(*mistakes, s.Mistake(s.clamp(s.separator(second.line), 1),
				"a second document", d.File+" is one document: remove the `---`, or move the rest to another file"))
			return doc
		}
		lines := SplitLines(string(text))
		n, fix := d.findRepair(lines, err, &budget)
		if fix.msg == "" {
			*mistakes = append(*mistakes, describe(s, lines, n, err))
			return nil
		}
		*mistakes = append(*mistakes, s.Mistake(s.clamp(n, fix.col), fix.msg, fix.hint))
		if fix.line == "" {
			return nil
		}
		lines[n-1] = fix.line
		text = []byte(strings.Join(lines, "\n") + "\n")
	}
	return nil
}

// findRepair returns the line that caused a syntax error, and the repair if
// there is one.
func (d Dialect) findRepair(lines []string, err error, budget *int) (int, repair) {
	first, last := locate(lines, err, budget)
	for n := first; n <= last; n++ {
		if fix, ok := d.repairLine(lines, n); ok {
			return n, fix
		}
	}
	if first > 1 { // `key:value` is text that goes on in the next line
		if fix, ok := d.repairColon(lines[first-2]); ok {
			return first - 1, fix
		}
	}
	return first, repair{}
}

// secondDocument is the error for a file with more than one document; line is
// where the second one has its first value.
type secondDocument struct{ line int }

func (e *secondDocument) Error() string { return "a second document" }

// separator is the line of the `---` at or above line n.
func (s *Source) separator(n int) int {
	for i := min(n, len(s.lines)); i > 1; i-- {
		if strings.HasPrefix(s.Line(i), "---") {
			return i
		}
	}
	return n
}

// decodeYAML parses one document. The parser's own panics on input that it did
// not foresee become errors too.
func decodeYAML(text []byte) (doc *yaml.Node, err error) {
	defer func() {
		if r := recover(); r != nil {
			doc, err = nil, fmt.Errorf("yaml: %v", r)
		}
	}()
	dec := yaml.NewDecoder(bytes.NewReader(text))
	doc = &yaml.Node{}
	if err := dec.Decode(doc); errors.Is(err, io.EOF) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	var next yaml.Node
	if err := dec.Decode(&next); err == nil {
		line := next.Line
		if len(next.Content) > 0 {
			line = next.Content[0].Line
		}
		return doc, &secondDocument{line}
	} else if !errors.Is(err, io.EOF) {
		return nil, err
	}
	return doc, nil
}

var (
	errorLine   = lazyregexp.New(`^yaml: line (\d+): `)
	errorAnchor = lazyregexp.New(`unknown anchor '(.*)' referenced`)
)

// locate finds the lines, counted from 1, in which the cause of a syntax error
// lies: the first one that the parser does not get over, up to the one that it
// names.
func locate(lines []string, err error, budget *int) (first, last int) {
	text := err.Error()
	if m := errorAnchor.FindStringSubmatch(text); m != nil {
		alias := regexp.MustCompile(`(^|[\s\[{,])\*` + regexp.QuoteMeta(m[1]) + `($|[^\w-])`)
		for i, line := range lines {
			if alias.MatchString(line) {
				return i + 1, i + 1
			}
		}
	}
	named := 1
	if m := errorLine.FindStringSubmatch(text); m != nil {
		named, _ = strconv.Atoi(m[1])
	}
	fails := func(n int) bool {
		text := []byte(strings.Join(lines[:n], "\n") + "\n")
		*budget -= len(text)
		_, err := decodeYAML(text)
		var second *secondDocument
		return err != nil && !errors.As(err, &second)
	}
	n := min(named, len(lines))
	for *budget > 0 && n < len(lines) && !fails(n) {
		n++
	}
	last = n
	for *budget > 0 && n > 1 && fails(n-1) {
		n--
	}
	return n, last
}

// describe tells a syntax error that repair does not know, in the words of
// somebody who writes YAML and not of somebody who parses it.
func describe(s *Source, lines []string, line int, err error) Mistake {
	problem := errorLine.ReplaceAllString(err.Error(), "")
	problem = strings.TrimPrefix(problem, "yaml: ")
	text := ""
	if line <= len(lines) {
		text = lines[line-1]
	}
	indent := len(text) - len(strings.TrimLeft(text, " \t"))
	if m := flowQuestion.FindStringSubmatchIndex(text); m != nil && flowProblem.MatchString(problem) && strings.Count(text, "{") == strings.Count(text, "}") {
		return s.Mistake(s.clamp(line, 1+utf8.RuneCountInString(text[:m[2]])), "within brackets YAML reads a `?` before a space as the beginning of a key", "quote the value")
	}
	for _, e := range syntaxErrors {
		if !strings.Contains(problem, e.problem) {
			continue
		}
		at := indent
		if e.at != nil {
			if m := e.at.FindStringIndex(text); m != nil {
				at = m[1]
			}
		}
		return s.Mistake(s.clamp(line, 1+utf8.RuneCountInString(text[:at])), e.msg, e.hint)
	}
	return s.Mistake(s.clamp(line, 1+indent), "not valid YAML: "+problem, "")
}

// flowQuestion is a `?` before a space within brackets, such as that of
// `{run: test $? -eq 5}`, and flowProblem what the parser says of it.
var (
	flowQuestion = lazyregexp.New(`^[^#"']*[\[{][^#"']*(\?)(?:\s|$)`)
	flowProblem  = lazyregexp.New(`did not find expected (',' or|node content)`)
)

// badEscape finds what YAML knows no meaning for (YAML 1.2, 5.7).
var badEscape = lazyregexp.New(`^(?:[^\\]|\\[0abt\tnvfre "/\\N_LPxuU])*`)

// syntaxErrors are the parser's words, ours, and where in the line the mistake
// is: behind what at matches.
var syntaxErrors = []struct {
	problem, msg, hint string
	at                 *lazyregexp.Regexp
}{
	{"mapping values are not allowed", "this line does not fit the ones above it", "keys of one mapping begin in the same column; a value with `: ` in it needs quotes", nil},
	{"did not find expected key", "this line does not fit the ones above it", "keys of one mapping begin in the same column; a value needs quotes around all of it, or around nothing", nil},
	{"did not find expected '-' indicator", "this line does not fit the list above it", "items of one list begin in the same column, each with `- `", nil},
	{"could not find expected ':'", "neither `key: value` nor a list item", "a key is followed by a colon and a space", nil},
	{"block sequence entries are not allowed", "a list cannot begin in the line of its key", "write each `- item` in a line of its own, or `[item, item]`", lazyregexp.New(`^[^:]*:\s+`)},
	{"unexpected end of stream", "a quote that is never closed", "close it, or remove it", lead},
	{"unexpected document indicator", "a quote that is never closed", "close it, or remove it", lead},
	{"did not find expected ',' or ']'", "a `[` that is never closed", "close it, or quote the text that has it", lead},
	{"did not find expected ',' or '}'", "a `{` that is never closed", "close it, or quote the text that has it", lead},
	{"did not find expected node content", "a value is missing here", "text that begins with one of ,[]{}#&*!|>@`\"'% needs quotes", lead},
	{"unknown escape character", "an escape that YAML does not know", "in single quotes a backslash is only a backslash", badEscape},
	{"hexdecimal", "an escape that YAML does not know", "in single quotes a backslash is only a backslash", lead},
	{"cannot start any token", "a character that cannot begin a value", "quote the value", lead},
	{"alphabetic or numeric character", "YAML reads a `*` or `&` before a value as an alias or an anchor", "quote the value", lead},
	{"unknown anchor", "an alias of an anchor that is not above it", "an anchor is written `&name`; quote the value if it is meant as text", lead},
	{"tab character", "a tab in the indentation", "YAML indents with spaces only", nil},
	{"exceeded max depth", "nested too deeply", "", nil},
	{"incompatible YAML document", "a version of YAML other than 1.1", "remove the %YAML line", nil},
	{"comment or line break", "text in the line of a `|` or `>`", "the text of a block begins in the next line", lead},
}
