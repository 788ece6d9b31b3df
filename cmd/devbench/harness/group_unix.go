//go:build unix

package harness

import (
	"os/exec"
	"syscall"
)

// ownGroup makes the command the leader of a process group, so that ending the
// group reaches nobody else.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// endGroup asks the group that pid leads to end. Its error is left out: it only
// says that the group is gone already.
func endGroup(pid int) { _ = syscall.Kill(-pid, syscall.SIGTERM) }

// killGroup kills the group that pid leads, if it is still there.
func killGroup(pid int) { _ = syscall.Kill(-pid, syscall.SIGKILL) }
