package main

import (
	"fmt"
	"slices"
	"time"
)

// quantile is the smallest value that at least the share q of all values do
// not exceed (the nearest rank); 0 for no values.
func quantile[T float64 | time.Duration](all []T, q float64) T {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	rank := int(q*float64(len(sorted)) + 1 - 1e-9) // rounded up
	return sorted[min(max(rank, 1), len(sorted))-1]
}

func median[T float64 | time.Duration](all []T) T   { return quantile(all, 0.5) }
func greatest[T float64 | time.Duration](all []T) T { return quantile(all, 1) }

// none stands in a table for what there is no figure for.
const none = "–"

// millis writes a duration in milliseconds, with as many digits as mean something.
func millis(d time.Duration) string {
	ms := float64(d) / float64(time.Millisecond)
	switch {
	case ms > -10 && ms < 10:
		return fmt.Sprintf("%.2f", ms)
	case ms > -100 && ms < 100:
		return fmt.Sprintf("%.1f", ms)
	}
	return fmt.Sprintf("%.0f", ms)
}

// within writes whether a bar is kept.
func within(ok bool) string {
	if ok {
		return "yes"
	}
	return "**no**"
}
