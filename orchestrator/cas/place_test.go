package cas

import "testing"

func TestParseSize(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{"10GiB": 10 << 30, "500 MiB": 500 << 20, "1KiB": 1024, "2TiB": 2 << 40,
		"": 0, "10": 0, "GiB": 0, "-1GiB": 0, "0GiB": 0, "1.5GiB": 0, "10GB": 0, "9999999999TiB": 0} {
		got, ok := parseSize(text)
		if ok != (want > 0) || ok && got != want {
			t.Errorf("%q: %d %v", text, got, ok)
		}
	}
}
