package harness

import (
	"testing"
	"time"
)

func TestQuantile(t *testing.T) {
	ten := []int{10, 1, 9, 2, 8, 3, 7, 4, 6, 5}
	for _, c := range []struct {
		all  []int
		q    float64
		want int
	}{
		{ten, 0, 1}, {ten, 0.05, 1}, {ten, 0.1, 1}, {ten, 0.11, 2}, {ten, 0.5, 5}, {ten, 0.9, 9}, {ten, 0.91, 10}, {ten, 1, 10},
		{[]int{7}, 0, 7}, {[]int{7}, 0.5, 7}, {[]int{7}, 1, 7},
		{[]int{3, 1, 2}, 0.5, 2}, {[]int{1, 2, 3, 4}, 0.5, 2},
	} {
		if got := Quantile(c.all, c.q); got != c.want {
			t.Errorf("quantile %v of %v: got %d, want %d", c.q, c.all, got, c.want)
		}
	}
	if ten[0] != 10 {
		t.Error("quantile sorted what it was only shown")
	}
	if got := Median([]int{}); got != 0 {
		t.Errorf("median of nothing: got %d", got)
	}
}

func TestFigures(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{Millis(1234 * time.Microsecond), "1.23"},
		{Millis(-2 * time.Millisecond), "-2.00"},
		{Millis(12340 * time.Microsecond), "12.3"},
		{Millis(1002400 * time.Microsecond), "1002"},
		{Ratio(3*time.Second, 2*time.Second), "1.5"},
		{Ratio(51, 1), "51"},
		{Ratio(51, 0), None},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}
