package main

import "testing"

// TestLink: a place in a file leads to the editor whose terminal this is.
func TestLink(t *testing.T) {
	for _, c := range []struct {
		env  map[string]string
		want string
	}{
		{nil, "file://host/p/a%20b.go"},
		{map[string]string{"TERM_PROGRAM": "vscode"}, "vscode://file/p/a%20b.go:12:3"},
		{map[string]string{"TERM_PROGRAM": "vscode", "CURSOR_TRACE_ID": "x"}, "cursor://file/p/a%20b.go:12:3"},
		{map[string]string{"TERM_PROGRAM": "zed"}, "zed://file/p/a%20b.go:12:3"},
		{map[string]string{"TERMINAL_EMULATOR": "JetBrains-JediTerm"}, "idea://open?file=%2Fp%2Fa+b.go&line=12&column=3"},
	} {
		if got := link(func(name string) string { return c.env[name] }, "host", "/p/a b.go", 12, 3); got != c.want {
			t.Errorf("%v: %s, not %s", c.env, got, c.want)
		}
	}
	if got := link(func(string) string { return "zed" }, "host", "/p/a.go", 12, 0); got != "zed://file/p/a.go:12" {
		t.Error(got)
	}
}
