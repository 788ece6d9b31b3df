//go:build unix

package harness

import (
	"os/exec"
	"syscall"
)

// OwnGroup makes the command the leader of a process group, so that ending the
// group reaches nobody else.
func OwnGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// EndGroup asks the group that pid leads to end. Its error is left out: it only
// says that the group is gone already.
func EndGroup(pid int) { _ = syscall.Kill(-pid, syscall.SIGTERM) }

// KillGroup kills the group that pid leads, if it is still there.
func KillGroup(pid int) { _ = syscall.Kill(-pid, syscall.SIGKILL) }
