package shellcmd

import (
	"strings"
	"unicode/utf8"

	"mvdan.cc/sh/v3/syntax"
)

// line is a text that is one simple command in the foreground: assignments,
// words, redirections, any of which may be missing, but not all.
type line struct {
	text   string
	words  []string // without quotes; one that is not literal as it is written
	env    []string // the assignments, likewise
	call   *syntax.CallExpr
	redirs []*syntax.Redirect
	named  bool // words[0] is literal
	plain  bool // all of words and env are
}

// parseLine answers false for every text that is anything else, and for one
// that this parser and some shell may read differently.
func parseLine(text string) (line, bool) {
	// The parser drops a carriage return before a newline, and replaces what
	// is not UTF-8; shells keep both.
	if strings.ContainsRune(text, '\r') || !utf8.ValidString(text) {
		return line{}, false
	}
	file, err := syntax.NewParser(syntax.Variant(syntax.LangPOSIX), syntax.KeepComments(true)).Parse(strings.NewReader(text), "")
	if err != nil || len(file.Stmts) != 1 || doubtful(file, text) {
		return line{}, false
	}
	stmt := file.Stmts[0]
	call, ok := stmt.Cmd.(*syntax.CallExpr)
	if !ok || len(call.Args) == 0 || stmt.Negated || stmt.Background || stmt.Coprocess || stmt.Disown {
		return line{}, false
	}
	l := line{text: text, call: call, redirs: stmt.Redirs, plain: true}
	for _, a := range call.Assigns {
		value, ok := "", true
		if a.Value != nil {
			value, ok = literal(a.Value, assignment)
		}
		l.plain = l.plain && ok
		l.env = append(l.env, a.Name.Value+"="+value)
	}
	for i, w := range call.Args {
		value, ok := literal(w, argument)
		if !ok {
			value = strings.Trim(l.source(w), `"'`) // good enough to look for a wrapper
		}
		l.plain = l.plain && ok
		l.named = l.named || ok && i == 0
		l.words = append(l.words, value)
	}
	return l, true
}

// doubtful tells whether there is something in a text that the parser and the
// shells, or some of the shells, are known to read differently: a comment with
// a backslash before the end of its line (the parser takes it to go on in the
// next), quotes and the like within `…`, and within or around $'…'.
func doubtful(file *syntax.File, text string) bool {
	found := false
	syntax.Walk(file, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.Word:
			found = found || dollarQuote(n) && strings.ContainsAny(text, "\\`")
		case *syntax.Comment:
			found = found || strings.Contains(text, "\\\n")
		case *syntax.CmdSubst:
			inside := text[n.Left.Offset():n.Right.Offset()]
			found = found || n.Backquotes && strings.ContainsAny(inside, "\\'\"#\n")
		}
		return !found
	})
	return found
}

// dollarQuote tells whether a word has $'…' in it, which the parser, reading
// POSIX, takes for a dollar and quotes.
func dollarQuote(w *syntax.Word) bool {
	for i, part := range w.Parts {
		q, quoted := part.(*syntax.SglQuoted)
		if !quoted {
			continue
		}
		if q.Dollar {
			return true
		}
		if i > 0 {
			if before, ok := w.Parts[i-1].(*syntax.Lit); ok && strings.HasSuffix(before.Value, "$") {
				return true
			}
		}
	}
	return false
}

// source is a word as it was written.
func (l line) source(w *syntax.Word) string {
	return l.text[w.Pos().Offset():w.End().Offset()]
}

// saysExec tells whether the text itself replaces the shell, and with what.
func (l line) saysExec() (words []string, ok bool) {
	if !l.named || l.words[0] != "exec" || len(l.words) == 1 {
		return nil, false // "exec" alone, for its redirections
	}
	words = l.words[1:]
	// Options are one shell's or another's.
	return words, words[0] != "" && words[0][0] != '-'
}

// program tells whether the name is surely that of a program, which can be
// exec'ed in the shell's place, with the same result.
func (l line) program() bool {
	raw := l.source(l.call.Args[0])
	if name, _, plus := strings.Cut(raw, "+="); plus && syntax.ValidName(name) || strings.Contains(raw, "]=") || strings.Contains(raw, "]+=") {
		return false // an assignment for bash and ksh
	}
	if !l.named {
		// It may come out as a builtin, unless there is a slash in it whatever
		// its variables are.
		return raw[0] != '-' && hasSlash(l.call.Args[0].Parts)
	}
	name := l.words[0]
	switch {
	case name == "", name[0] == '-', name[0] == '%':
		return false // nothing to look up; an option of exec; a job of bash
	case name == "true", name == "false":
		return len(l.words) == 1
	case name == "echo":
		return l.plainEcho()
	}
	return !builtins[name]
}

// plainEcho: the program echo and the builtins agree on plain words alone,
// and differ over options and backslashes.
func (l line) plainEcho() bool {
	for i, arg := range l.words[1:] {
		if strings.Contains(arg, `\`) || i == 0 && strings.HasPrefix(arg, "-") {
			return false
		}
	}
	return l.plain
}

// hasSlash tells whether a literal part of a word has a slash.
func hasSlash(parts []syntax.WordPart) bool {
	for _, part := range parts {
		switch p := part.(type) {
		case *syntax.Lit:
			if strings.Contains(p.Value, "/") {
				return true
			}
		case *syntax.SglQuoted:
			if strings.Contains(p.Value, "/") {
				return true
			}
		case *syntax.DblQuoted:
			if hasSlash(p.Parts) {
				return true
			}
		}
	}
	return false
}

// substitutes tells whether a word of the line is what another command writes.
func (l line) substitutes() bool {
	found := false
	syntax.Walk(l.call, func(n syntax.Node) bool {
		_, command := n.(*syntax.CmdSubst)
		found = found || command
		return !found
	})
	return found
}
