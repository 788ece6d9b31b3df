package glob

import "strings"

// maxAlternatives bounds what the product of several braces may come to.
const maxAlternatives = 1000

// expand writes a pattern that passed scan out into one pattern for each way
// through its braces.
func expand(text string) ([]string, error) {
	open, alts, rest, ok := firstBrace(text)
	if !ok {
		return []string{text}, nil
	}
	tails, err := expand(rest)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, alt := range alts {
		heads, err := expand(alt)
		if err != nil {
			return nil, err
		}
		if len(out)+len(heads)*len(tails) > maxAlternatives {
			return nil, &Error{Msg: "braces that expand to more than 1000 patterns", Offset: open}
		}
		for _, head := range heads {
			for _, tail := range tails {
				out = append(out, text[:open]+head+tail)
			}
		}
	}
	return out, nil
}

// firstBrace finds the first group: its place, its alternatives, and what
// follows it.
func firstBrace(text string) (open int, alts []string, rest string, ok bool) {
	depth, from := 0, 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '[':
			if end, err := scanClass(text, i); err == nil {
				i = end
			}
		case '{':
			if depth++; depth == 1 {
				open, from = i, i+1
			}
		case ',':
			if depth == 1 {
				alts, from = append(alts, text[from:i]), i+1
			}
		case '}':
			if depth--; depth == 0 {
				return open, append(alts, text[from:i]), text[i+1:], true
			}
		}
	}
	return 0, nil, "", false
}

// locate gives the mistake of one alternative a place in the whole pattern, and
// a hint that shows the whole pattern where that is the same text.
func locate(err *Error, text, alt string) *Error {
	if err.part == "" {
		return err
	}
	if at := strings.Index(text, err.part); at >= 0 {
		err.Offset += at
	} else {
		err.Offset = max(0, strings.Index(text, "**"))
	}
	if text == alt {
		err.Hint = "write `" + strings.Replace(text, err.part, err.fixed, 1) + "`"
	}
	return err
}
