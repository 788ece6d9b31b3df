package glob

import (
	"strings"
	"unicode/utf8"
)

// maxLen is longer than any path a system accepts; it keeps a hostile pattern
// from costing more than its length.
const maxLen = 4096

// special holds the characters that a backslash may stand before.
const special = `*?[]{}\,!^-~`

// scan checks text from left to right, so that a mistake has its place, and
// reports whether it has any metacharacter.
func scan(text string) (meta bool, err error) {
	switch {
	case strings.TrimSpace(text) == "":
		return false, &Error{Msg: "empty pattern", Hint: "`.` is the whole project"}
	case len(text) > maxLen:
		return false, &Error{Msg: "a pattern of more than 4096 bytes"}
	case text[0] == '!':
		return false, &Error{
			Msg:  "a pattern cannot begin with `!`",
			Hint: "list `" + text[1:] + "` under `ignore` (for a file whose name begins so, write `\\" + text + "`)",
		}
	case text == "~" || strings.HasPrefix(text, "~/"):
		return false, &Error{Msg: "`~` is not expanded", Hint: "write `${HOME}" + text[1:] + "`"}
	}
	var braces []brace
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case 0:
			return meta, &Error{Msg: "a NUL character in a pattern", Offset: i}
		case '\\':
			if i+1 == len(text) {
				return meta, &Error{Msg: "a backslash at the end of a pattern", Hint: "directories are separated by `/` on every system", Offset: i}
			}
			if !strings.ContainsRune(special, rune(text[i+1])) {
				return meta, &Error{
					Msg:    "a backslash in a pattern only escapes one of " + special,
					Hint:   "directories are separated by `/` on every system",
					Offset: i,
				}
			}
			i++
		case '*', '?', '+', '@', '!':
			if text[i] == '*' || text[i] == '?' {
				meta = true
			}
			if err := extglob(text, i); err != nil {
				return meta, err
			}
		case '[':
			meta = true
			end, err := scanClass(text, i)
			if err != nil {
				return meta, err
			}
			i = end
		case '{':
			meta = true
			braces = append(braces, brace{at: i})
		case ',':
			if len(braces) > 0 {
				braces[len(braces)-1].comma = true
			}
		case '}':
			if len(braces) == 0 {
				return meta, &Error{Msg: "`}` without `{`", Hint: "write `\\}` for the character itself", Offset: i}
			}
			open := braces[len(braces)-1]
			braces = braces[:len(braces)-1]
			if !open.comma {
				return meta, single(text[open.at+1:i], open.at)
			}
		}
	}
	if len(braces) > 0 {
		return meta, &Error{Msg: "`{` is never closed", Hint: "alternatives are `{a,b}`; write `\\{` for the character itself", Offset: braces[len(braces)-1].at}
	}
	return meta, nil
}

// brace is a `{` that is not closed yet.
type brace struct {
	at    int
	comma bool
}

// single is about braces with a single alternative: bash's ranges, and names
// with braces in them.
func single(within string, at int) error {
	from, to, ok := strings.Cut(within, "..")
	switch {
	case ok && utf8.RuneCountInString(from) == 1 && utf8.RuneCountInString(to) == 1 && from < to:
		return &Error{Msg: "`{" + within + "}` is not a range here", Hint: "write `[" + from + "-" + to + "]`", Offset: at}
	case ok:
		return &Error{Msg: "`{" + within + "}` is not a range here", Hint: "write the alternatives out, as in `{1,2,3}`", Offset: at}
	}
	return &Error{
		Msg:    "`{" + within + "}` has one alternative",
		Hint:   "write `\\{" + within + "\\}` for a name with these characters; alternatives are `{a,b}`",
		Offset: at,
	}
}

// scanClass checks the class that begins at text[start] and returns the place
// of its closing bracket.
func scanClass(text string, start int) (end int, err error) {
	mistake := func(at int, msg, hint string) (int, error) {
		return 0, &Error{Msg: msg, Hint: hint, Offset: at}
	}
	const escape = "write `\\[` for the character itself"
	if strings.HasPrefix(text[start:], "[[:") {
		return mistake(start, "classes such as `[[:alpha:]]` are not supported", "write a range, such as `[a-zA-Z]`")
	}
	i := start + 1
	if i < len(text) && (text[i] == '!' || text[i] == '^') {
		i++
	}
	if i < len(text) && text[i] == ']' {
		return mistake(start, "`[]` is empty", escape)
	}
	low, haveLow := rune(0), false
	for i < len(text) {
		at := i
		r, n := utf8.DecodeRuneInString(text[i:])
		i += n
		switch r {
		case ']':
			return at, nil
		case '/':
			return mistake(at, "a `/` within `[…]`", "a class is one character of a name, never a slash")
		case '\\':
			if i == len(text) {
				return mistake(start, "`[` is never closed", escape)
			}
			r, n = utf8.DecodeRuneInString(text[i:])
			i += n
		case '-':
			if haveLow && i < len(text) && text[i] != ']' {
				high, n := utf8.DecodeRuneInString(text[i:])
				i += n
				if high == '\\' && i < len(text) {
					high, n = utf8.DecodeRuneInString(text[i:])
					i += n
				}
				if high == '/' {
					return mistake(i-n, "a `/` within `[…]`", "a class is one character of a name, never a slash")
				}
				if high < low {
					return mistake(at, "a range in `[…]` that runs backwards", "the smaller character comes first, as in `[a-z]`")
				}
				haveLow = false
				continue
			}
		}
		low, haveLow = r, true
	}
	return mistake(start, "`[` is never closed", escape)
}

// extglob finds ksh's `@(a|b)` and `+(a)`, which would silently match nothing.
// A star or a question mark before parentheses is also what a name such as
// `a (1).txt` is written with, so it needs a `|` to be taken for one.
func extglob(text string, at int) error {
	rest := text[at+1:]
	if !strings.HasPrefix(rest, "(") {
		return nil
	}
	end := strings.IndexByte(rest, ')')
	if end < 0 {
		return nil
	}
	if !strings.Contains(rest[:end], "|") {
		if text[at] == '*' || text[at] == '?' {
			return nil
		}
		return &Error{
			Msg:    "`" + text[at:at+1] + "(…)` is not supported",
			Hint:   "write `" + rest[1:end] + "`; for a name with these characters, `" + text[at:at+1] + "[(]" + rest[1:end] + ")`",
			Offset: at,
		}
	}
	return &Error{
		Msg:    "`" + text[at:at+1] + "(…|…)` is not supported",
		Hint:   "alternatives are written `{" + strings.ReplaceAll(rest[1:end], "|", ",") + "}`",
		Offset: at,
	}
}

// findDouble returns the place of two unescaped stars in a row, or -1.
func findDouble(text string) int {
	for i := 0; i+1 < len(text); i++ {
		switch {
		case text[i] == '\\':
			i++
		case text[i] == '[':
			if end, err := scanClass(text, i); err == nil {
				i = end
			}
		case text[i] == '*' && text[i+1] == '*':
			return i
		}
	}
	return -1
}
