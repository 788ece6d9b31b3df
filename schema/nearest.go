package schema

import (
	"strings"
	"unicode/utf8"
)

// nearest returns the candidate that text was most likely meant to be.
func nearest(text string, candidates []string) (string, bool) {
	best, least := "", max(1, min(3, (utf8.RuneCountInString(text)+1)/3))+1
	n := utf8.RuneCountInString(text)
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

// didYouMean is a hint that names the nearest candidate, or "".
func didYouMean(text string, candidates []string) string {
	if name, ok := nearest(text, candidates); ok {
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
	rows := make([][]int, len(s)+1)
	for i := range rows {
		rows[i] = make([]int, len(t)+1)
		rows[i][0] = i
	}
	for j := range t {
		rows[0][j+1] = j + 1
	}
	for i := 1; i <= len(s); i++ {
		for j := 1; j <= len(t); j++ {
			d := rows[i-1][j-1]
			if s[i-1] != t[j-1] {
				d++
			}
			d = min(d, rows[i-1][j]+1, rows[i][j-1]+1)
			if i > 1 && j > 1 && s[i-1] == t[j-2] && s[i-2] == t[j-1] {
				d = min(d, rows[i-2][j-2]+1)
			}
			rows[i][j] = d
		}
	}
	return rows[len(s)][len(t)]
}
