package schema

import (
	"errors"
	"strings"
	"testing"

	"devloop/orchestrator/test/testenv"
)

func TestParseListen(t *testing.T) {
	for _, tt := range []struct {
		text          string
		want          Listen
		network, addr string
	}{
		{"3000", Listen{Type: TCP, Host: "127.0.0.1", Port: 3000}, "tcp", "127.0.0.1:3000"},
		{"0", Listen{Type: TCP, Host: "127.0.0.1"}, "tcp", "127.0.0.1:0"},
		{"65535", Listen{Type: TCP, Host: "127.0.0.1", Port: 65535}, "tcp", "127.0.0.1:65535"},
		{"http::3000", Listen{Type: HTTP, Host: "127.0.0.1", Port: 3000}, "tcp", "127.0.0.1:3000"},
		{"https::localhost:3000", Listen{Type: HTTPS, Host: "localhost", Port: 3000}, "tcp", "localhost:3000"},
		{"LOCALHOST:3000", Listen{Type: TCP, Host: "localhost", Port: 3000}, "tcp", "localhost:3000"},
		{"tcp::0.0.0.0:80", Listen{Type: TCP, Host: "0.0.0.0", Port: 80}, "tcp", "0.0.0.0:80"},
		{"udp::5353", Listen{Type: UDP, Host: "127.0.0.1", Port: 5353}, "udp", "127.0.0.1:5353"},
		{"[::1]:3000", Listen{Type: TCP, Host: "::1", Port: 3000}, "tcp", "[::1]:3000"},
		{"[0:0::1]:3000", Listen{Type: TCP, Host: "::1", Port: 3000}, "tcp", "[::1]:3000"},
		{"http::[::]:3000", Listen{Type: HTTP, Host: "::", Port: 3000}, "tcp", "[::]:3000"},
		{"[fe80::1%eth0]:3000", Listen{Type: TCP, Host: "fe80::1%eth0", Port: 3000}, "tcp", "[fe80::1%eth0]:3000"},
		{"unix::run/x.sock", Listen{Type: Unix, Path: "run/x.sock"}, "unix", "run/x.sock"},
		{"unix::/run/a::b", Listen{Type: Unix, Path: "/run/a::b"}, "unix", "/run/a::b"},
	} {
		got, err := ParseListen(tt.text)
		tt.want.Text = tt.text
		if err != nil || got != tt.want {
			t.Errorf("ParseListen(%q) = %+v, %v", tt.text, got, err)
		}
		if got.Network() != tt.network || got.Addr() != tt.addr {
			t.Errorf("ParseListen(%q) is %s of %s", tt.text, got.Addr(), got.Network())
		}
		if web := tt.want.Type == HTTP || tt.want.Type == HTTPS; got.Web() != web {
			t.Errorf("ParseListen(%q): Web() = %v", tt.text, got.Web())
		}
	}
}

func TestParseListenErrors(t *testing.T) {
	for _, text := range []string{
		"", " 3000", "x", "http::", "http:3000", "::3000", "::", ":", "[", "[]", "[]:1", "[::1", "[::1]:", "[::1]:x", "1:2:3",
		"localhost:-1", "localhost: 80", "http::unix::x", "unix::", "tcp::/x", "300000", "99999999999999999999", "١٢",
	} {
		_, err := ParseListen(text)
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("ParseListen(%q) = %v, want an *Error", text, err)
			continue
		}
		if e.Msg == "" || e.Offset < 0 || e.Offset > len(text) || e.Error() != e.Msg {
			t.Errorf("ParseListen(%q): %+v", text, e)
		}
	}
}

// TestUnixPathLength holds the limit of the system that runs the test, which is
// not the same everywhere.
func TestUnixPathLength(t *testing.T) {
	spec := func(length int) string {
		const dir = "/project/"
		return "sockets: {web: \"unix::" + strings.Repeat("s", length-len(dir)) + "\"}\nprocesses: {s: {run: x, sockets: web}}\n"
	}
	if _, err := parse(spec(maxUnixPath())); err != nil {
		t.Error(err)
	}
	c, err := parse(spec(maxUnixPath() + 1))
	if m := only(t, c, err); m.Pos.Col != 16 || !strings.HasPrefix(m.Msg, "the path of a unix socket has at most ") {
		t.Errorf("got %v", m)
	}
}

func FuzzParseListen(f *testing.F) {
	testenv.Seeds(f, "testdata/fuzz/FuzzParseListen.txtar")
	for _, s := range []string{"http::3000", "[::1]:3000", "unix::a", "localhost:1", "tcp::", "1:2"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		l, err := ParseListen(text)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Msg == "" || e.Offset < 0 || e.Offset > len(text) {
				t.Errorf("ParseListen(%q): %#v", text, err)
			}
			return
		}
		// What was read can be written and read again.
		again, err := ParseListen(string(l.Type) + "::" + l.Addr())
		again.Text = l.Text
		if err != nil || again != l {
			t.Errorf("ParseListen(%q) = %+v, and again %+v, %v", text, l, again, err)
		}
	})
}
