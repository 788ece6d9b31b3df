package main

import "syscall"

// ownSession takes a command out of the console. Nothing gets that far: without
// a control socket, which Windows does not have yet, no loop can be found in
// the background.
func ownSession() *syscall.SysProcAttr {
	const detachedProcess = 0x00000008 // DETACHED_PROCESS of CreateProcess
	return &syscall.SysProcAttr{CreationFlags: detachedProcess}
}
