//go:build unix

package watching

import (
	"os/exec"
	"syscall"
)

// ownGroup makes the command the leader of a process group, so that ending the
// group reaches nobody else.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// endGroup and killGroup signal the group that pid leads. Their error is left
// out: it only says that the group is gone already.
func endGroup(pid int)  { _ = syscall.Kill(-pid, syscall.SIGTERM) }
func killGroup(pid int) { _ = syscall.Kill(-pid, syscall.SIGKILL) }
