package procgroup

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"syscall"
)

// Catches tells whether the leader has a handler for a signal, or ignores it, so that the signal does not end
// it at once (SigCgt and SigIgn of proc_pid_status(5)). It costs one read. The error is an [ErrUnsupported]
// where the system does not tell.
func (g *Group) Catches(sig os.Signal) (bool, error) {
	s, ok := sig.(syscall.Signal)
	pid := g.PID()
	if !ok || pid == 0 {
		return false, fmt.Errorf("read signals of %s: %w", g.name, errNotStarted)
	}
	status, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return false, fmt.Errorf("read signals of %s: %w", g.name, ErrUnsupported)
	}
	bit := uint64(1) << (uint(s) - 1)
	for line := range bytes.Lines(status) {
		name, value, _ := bytes.Cut(line, []byte(":"))
		if string(name) != "SigCgt" && string(name) != "SigIgn" {
			continue
		}
		set, err := strconv.ParseUint(string(bytes.TrimSpace(value)), 16, 64)
		if err == nil && set&bit != 0 {
			return true, nil
		}
	}
	return false, nil
}
