package main

import "syscall"

// ownSession takes a command out of the console. It is not used yet: without a control socket no loop can
// be found in the background.
func ownSession() *syscall.SysProcAttr {
	const detachedProcess = 0x00000008 // DETACHED_PROCESS of CreateProcess
	return &syscall.SysProcAttr{CreationFlags: detachedProcess}
}
