package console

import (
	"fmt"
	"strings"
	"time"
)

// Count writes a number with its noun, which is regular: "1 save", "2 directories".
func Count[N int | uint64](n N, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	stem, y := strings.CutSuffix(noun, "y")
	switch {
	case y:
		return fmt.Sprintf("%d %sies", n, stem)
	case strings.HasSuffix(noun, "s"), strings.HasSuffix(noun, "sh"):
		return fmt.Sprintf("%d %ses", n, noun)
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// Age writes how long something has been, rounded as people do: "7s", "2m05s", "3h00m", "1d02h".
func Age(d time.Duration) string {
	switch d = max(0, d); {
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	case d < 24*time.Hour:
		return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%dd%02dh", int(d.Hours())/24, int(d.Hours())%24)
}

// Place writes a place in a file as tools and editors do: FILE:LINE:COLUMN. Lines and columns count from 1; a column of 0
// is not known, and is left out.
func Place(file string, line, column int) string {
	if column > 0 {
		return fmt.Sprintf("%s:%d:%d", file, line, column)
	}
	return fmt.Sprintf("%s:%d", file, line)
}
