package runner

import (
	"slices"
	"testing"
)

func TestPortsInUse(t *testing.T) {
	for _, c := range []struct {
		output string
		ports  []int
		said   bool
	}{
		{"listening on :3000\n", nil, false},
		{"thread 'main' panicked at src/main.rs:12:50:\ncalled `Result::unwrap()` on an `Err` value: Os { code: 98, kind: AddrInUse, message: \"Address already in use\" }\n", nil, true},
		{"Error: listen EADDRINUSE: address already in use :::3000\n    at Server.setupListenHandle\n", []int{3000}, true},
		{"2026/11/30 10:00:00 listen tcp 127.0.0.1:9090: bind: address already in use\n", []int{9090}, true},
		{"OSError: [Errno 98] Address already in use\n", nil, true},
		{"Web server failed to start. Port 8080 was already in use.\n", []int{8080}, true},
		{"[2026] [ERROR] Connection in use: ('127.0.0.1', 8000)\n", nil, true},
	} {
		if ports, said := portsInUse([]byte(c.output)); said != c.said || !slices.Equal(ports, c.ports) {
			t.Errorf("%q: got %v, %v", c.output, ports, said)
		}
	}
}
