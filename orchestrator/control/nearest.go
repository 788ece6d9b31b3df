package control

import (
	"fmt"
	"strings"
)

// Known is the hint for a name that is none of those that are known: the
// nearest of them, or the list.
func Known(name string, known []string) string {
	best, least := "", 1+max(1, min(3, (len(name)+1)/3))
	for _, k := range known {
		if d := distance(name, k, least); d < least {
			best, least = k, d
		}
	}
	switch {
	case best != "":
		return fmt.Sprintf("did you mean %s?", best)
	case len(known) == 0:
		return "it has none"
	}
	const most = 20
	if len(known) > most {
		return fmt.Sprintf("it has %s and %d more: see `devloop status`", strings.Join(known[:most], ", "), len(known)-most)
	}
	return "it has " + strings.Join(known, ", ")
}

// distance is the number of bytes to insert, remove, replace or swap with their
// neighbour that turns a into b, or limit if it is no less.
func distance(a, b string, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	a, b = strings.ToLower(a), strings.ToLower(b)
	above, row, next := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		next[0] = i + 1
		for j := range len(b) {
			d := row[j]
			if a[i] != b[j] {
				d++
			}
			d = min(d, row[j+1]+1, next[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				d = min(d, above[j-1]+1)
			}
			next[j+1] = d
		}
		above, row, next = row, next, above
	}
	return min(limit, row[len(b)])
}
