package runner

import "testing"

// TestMissed: a server that listens where it should, and only is not ready yet,
// is not told to listen there.
func TestMissed(t *testing.T) {
	for _, c := range []struct {
		port  int
		addrs []string
		want  bool
	}{
		{4000, nil, false}, // it has not begun to listen
		{4000, []string{"127.0.0.1:4000"}, false},
		{4000, []string{"127.0.0.1:9229", "[::1]:4000"}, false},
		{4000, []string{"0.0.0.0:4000"}, false},
		{4000, []string{"127.0.0.1:40001"}, true},
		{4000, []string{"127.0.0.1:9229", "[::]:3000"}, true},
		{0, []string{"127.0.0.1:3000"}, false}, // a fixed address
	} {
		if got := (givenSocket{port: c.port}).missed(c.addrs); got != c.want {
			t.Errorf("port %d, listening on %v: %t", c.port, c.addrs, got)
		}
	}
}
