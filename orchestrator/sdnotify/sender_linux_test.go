package sdnotify

import (
	"os"
	"os/exec"
	"testing"

	"golang.org/x/sys/unix"
)

func TestSenders(t *testing.T) {
	if trusted(nil) {
		t.Error("nobody may speak")
	}
	r := receive(t, 1)
	if os.Geteuid() != 0 {
		t.Skip("only root can send as somebody else")
	}
	conn := r.dial(t)
	cred := unix.UnixCredentials(&unix.Ucred{Pid: int32(os.Getpid()), Uid: 65534, Gid: 65534})
	sendmsg(t, conn, "READY=1", cred)
	say(t, conn, "STOPPING=1")
	if m := <-r.messages; m != (Message{Stopping: true}) {
		t.Errorf("a stranger was heard: %+v", m)
	}
}

// systemd's own sender: it says what it has to say, then waits at a barrier.
func TestSystemdNotify(t *testing.T) {
	program, err := exec.LookPath("systemd-notify")
	if err != nil {
		t.Skip(err)
	}
	r := receive(t, 2)
	cmd := exec.Command(program, "--ready", "--status=up and running")
	cmd.Env = append(os.Environ(), variable+"="+r.Path())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if m := <-r.messages; !m.Ready || m.Status != "up and running" {
		t.Errorf("got %+v", m)
	}
}
