// Package nearest finds the word that somebody most likely meant who wrote
// another one.
package nearest

import (
	"strings"
	"unicode/utf8"
)

// Of returns the candidate that text was most likely meant to be, and false if
// none is near. Upper and lower case are the same.
func Of(text string, candidates []string) (string, bool) {
	n := utf8.RuneCountInString(text)
	best, least := "", max(1, min(3, (n+1)/3))+1
	for _, c := range candidates {
		if m := utf8.RuneCountInString(c); m-n >= least || n-m >= least {
			continue // as many letters are missing at least
		}
		if d := distance(strings.ToLower(text), strings.ToLower(c)); d < least {
			best, least = c, d
		}
	}
	return best, best != ""
}

// Hint is a hint that names the nearest candidate, or "".
func Hint(text string, candidates []string) string {
	if name, ok := Of(text, candidates); ok {
		return "did you mean `" + name + "`?"
	}
	return ""
}

// distance is the number of letters to insert, remove, replace or swap with
// their neighbour that turns a into b.
func distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return len(a) + len(b) // no name is that long, and the cost is the product
	}
	s, t := []rune(a), []rune(b)
	above, row, next := make([]int, len(t)+1), make([]int, len(t)+1), make([]int, len(t)+1)
	for j := range row {
		row[j] = j
	}
	for i := range s {
		next[0] = i + 1
		for j := range t {
			d := row[j]
			if s[i] != t[j] {
				d++
			}
			d = min(d, row[j+1]+1, next[j]+1)
			if i > 0 && j > 0 && s[i] == t[j-1] && s[i-1] == t[j] {
				d = min(d, above[j-1]+1)
			}
			next[j+1] = d
		}
		above, row, next = row, next, above
	}
	return row[len(t)]
}
