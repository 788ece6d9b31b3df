package listenfd

import (
	"slices"
	"testing"
)

func TestEnv(t *testing.T) {
	got := Env([]string{"web", "dns.local-1"})
	want := []string{"LISTEN_FDS=2", "LISTEN_FDNAMES=web:dns.local-1", "LISTEN_FDS_FIRST_FD=3",
		"DEVLOOP_FD_WEB=3", "DEVLOOP_FD_DNS_LOCAL_1=4"}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if got := Env(nil); got != nil {
		t.Errorf("without sockets: %q, want nothing", got)
	}
}

func TestStripEnv(t *testing.T) {
	env := []string{"PATH=/bin", "LISTEN_FDS=1", "LISTEN_PID=7", "LISTEN_PIDFDID=9", "LISTEN_FDNAMES=a", "LISTEN_FDS_FIRST_FD=3",
		"NOTIFY_SOCKET=/n", "WATCHDOG_PID=1", "WATCHDOG_USEC=5", "DEVLOOP_FD_WEB=3",
		"LISTEN_ADDR=:80", "LISTEN=x", "odd", "DEVLOOP=1"}
	before := slices.Clone(env)
	got := StripEnv(env)
	if want := []string{"PATH=/bin", "LISTEN_ADDR=:80", "LISTEN=x", "odd", "DEVLOOP=1"}; !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if !slices.Equal(env, before) {
		t.Errorf("the argument became %q", env)
	}
}
