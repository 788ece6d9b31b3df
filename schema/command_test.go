package schema

import (
	"slices"
	"testing"
)

func TestCommandFill(t *testing.T) {
	c, err := parse(`
vars: {V: v}
sockets: {web: 3000}
processes:
  server:
    sockets: web
    run: ["./s", "${DEVLOOP_FD_WEB}", "a${PORT:-${V}}b", "$${PORT}", "${V}$$${DEVLOOP_GENERATION:?none}", "${V}"]
`)
	if err != nil {
		t.Fatal(err)
	}
	run := c.Process("server").Run
	if want := []string{"./s", "${DEVLOOP_FD_WEB}", "a${PORT:-${V}}b", "${PORT}", "v$${DEVLOOP_GENERATION:?none}", "v"}; !slices.Equal(run.Argv, want) {
		t.Errorf("Argv = %q, want %q", run.Argv, want)
	}
	env := map[string]string{"DEVLOOP_FD_WEB": "3", "DEVLOOP_GENERATION": "7"}
	get := func(name string) (string, bool) { v, ok := env[name]; return v, ok }
	argv, err := run.Fill(get)
	if want := []string{"./s", "3", "avb", "${PORT}", "v$7", "v"}; err != nil || !slices.Equal(argv, want) {
		t.Errorf("Fill = %q, %v, want %q", argv, err, want)
	}
	env["PORT"] = "4000"
	if argv, _ := run.Fill(get); argv[2] != "a4000b" {
		t.Errorf("Fill = %q", argv)
	}
	delete(env, "DEVLOOP_GENERATION")
	if _, err := run.Fill(get); err == nil || err.Error() != "DEVLOOP_GENERATION is not set: none" {
		t.Errorf("Fill without a value: %v", err)
	}
	if run.Argv[1] != "${DEVLOOP_FD_WEB}" {
		t.Error("Fill wrote to Argv")
	}
	plain := Command{Argv: []string{"a", "${PORT}"}}
	if argv, err := plain.Fill(get); err != nil || !slices.Equal(argv, plain.Argv) {
		t.Errorf("Fill of a plain command = %q, %v", argv, err)
	}
}

func TestShort(t *testing.T) {
	for _, tt := range []struct {
		c    Command
		want string
	}{
		{Command{Text: "make"}, "make"},
		{Command{Text: "  set -e\n  make\n"}, "set -e …"},
		{Command{Argv: []string{"cargo", "test"}}, "cargo test"},
		{Command{Text: "0123456789012345678901234567890123456789"}, "0123456789012345678901234567890123456789"},
		{Command{Text: "ä123456789012345678901234567890123456789x"}, "ä12345678901234567890123456789012345678…"},
	} {
		if got := tt.c.short(); got != tt.want {
			t.Errorf("short of %+v = %q, want %q", tt.c, got, tt.want)
		}
	}
}

func TestLookups(t *testing.T) {
	c, err := parse("sockets: {web: 3000}\nprocesses: {server: {run: x, sockets: web}}\nwatchers: {check: {watch: src, stages: make}}\n")
	if err != nil {
		t.Fatal(err)
	}
	if c.Socket("web") != &c.Sockets[0] || c.Process("server") != &c.Processes[0] || watcherOf(c, "check") != &c.Watchers[0] {
		t.Error("a lookup does not find its node")
	}
	if c.Socket("x") != nil || c.Process("web") != nil || watcherOf(c, "server") != nil {
		t.Error("a lookup finds what is not there")
	}
}
