package main

import (
	"fmt"
	"slices"
	"time"
)

// quantile is the smallest value that at least the share q of all values do
// not exceed (the nearest rank); the second result is false for no values.
func quantile[T int | int64 | float64 | time.Duration](all []T, q float64) (T, bool) {
	if len(all) == 0 {
		return 0, false
	}
	sorted := slices.Sorted(slices.Values(all))
	rank := int(q*float64(len(sorted)) + 1 - 1e-9) // rounded up
	return sorted[min(max(rank, 1), len(sorted))-1], true
}

func median[T int | int64 | float64 | time.Duration](all []T) (T, bool) { return quantile(all, 0.5) }

// none stands in a table for what there is no figure for.
const none = "–"

// millis writes a duration in milliseconds, with as many digits as mean something.
func millis(d time.Duration) string {
	ms := float64(d) / float64(time.Millisecond)
	if ms > -100 && ms < 100 {
		return fmt.Sprintf("%.1f", ms)
	}
	return fmt.Sprintf("%.0f", ms)
}

// ratio writes how many times b goes into a.
func ratio[T int | int64 | float64 | time.Duration](a, b T) string {
	if b <= 0 {
		return none
	}
	r := float64(a) / float64(b)
	if r < 10 {
		return fmt.Sprintf("%.1f", r)
	}
	return fmt.Sprintf("%.0f", r)
}
