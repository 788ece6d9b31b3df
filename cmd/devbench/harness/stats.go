package harness

import (
	"fmt"
	"slices"
	"time"
)

// figure is what can be measured.
type figure interface {
	int | int64 | float64 | time.Duration
}

// Quantile is the smallest value that at least the share q of all values do not
// exceed (the nearest rank); 0 for no values.
func Quantile[T figure](all []T, q float64) T {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	rank := int(q*float64(len(sorted)) + 1 - 1e-9) // rounded up
	return sorted[min(max(rank, 1), len(sorted))-1]
}

// Median is the quantile 0.5; 0 for no values.
func Median[T figure](all []T) T { return Quantile(all, 0.5) }

// Greatest is the largest value; 0 for no values.
func Greatest[T figure](all []T) T { return Quantile(all, 1) }

// None stands in a table for what there is no figure for.
const None = "–"

// Millis writes a duration in milliseconds, with as many digits as mean something.
func Millis(d time.Duration) string {
	ms := float64(d) / float64(time.Millisecond)
	switch {
	case ms > -10 && ms < 10:
		return fmt.Sprintf("%.2f", ms)
	case ms > -100 && ms < 100:
		return fmt.Sprintf("%.1f", ms)
	}
	return fmt.Sprintf("%.0f", ms)
}

// Ratio writes how many times b goes into a.
func Ratio[T figure](a, b T) string {
	if b <= 0 {
		return None
	}
	r := float64(a) / float64(b)
	if r < 10 {
		return fmt.Sprintf("%.1f", r)
	}
	return fmt.Sprintf("%.0f", r)
}
