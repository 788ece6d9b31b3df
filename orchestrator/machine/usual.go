package machine

import (
	"slices"
	"time"
)

const (
	usualOf    = 9 // passes that count
	usualLeast = 3 // passes before there is a median
)

// durations are how long the last passes of a stage took, or the last starts of a
// process until it was ready.
type durations []time.Duration

func (d *durations) add(took time.Duration) {
	if len(*d) == usualOf {
		*d = slices.Delete(*d, 0, 1)
	}
	*d = append(*d, took)
}

// usual is their median; 0 while there are too few.
func (d durations) usual() time.Duration {
	if len(d) < usualLeast {
		return 0
	}
	sorted := slices.Sorted(slices.Values(d))
	return sorted[len(sorted)/2]
}
