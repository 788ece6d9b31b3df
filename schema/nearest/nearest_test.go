package nearest

import (
	"strings"
	"testing"
)

func TestOf(t *testing.T) {
	names := []string{"watch", "watchers", "stages", "settle", "db"}
	for in, want := range map[string]string{
		"wacth": "watch", "watcher": "watchers", "stage": "stages", "setle": "settle", "bd": "db", "DB": "db",
		"zebra": "", "x": "", "": "", strings.Repeat("w", 100): "",
	} {
		if got, _ := Of(in, names); got != want {
			t.Errorf("Of(%q) = %q, want %q", in, got, want)
		}
	}
	for _, tt := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"a", "", 1}, {"abc", "abc", 0}, {"abc", "acb", 1}, {"kitten", "sitting", 3}, {"ä", "a", 1}} {
		if got := distance(tt.a, tt.b); got != tt.want {
			t.Errorf("distance(%q, %q) = %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
}
