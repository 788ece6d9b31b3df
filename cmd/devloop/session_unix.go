//go:build unix

package main

import "syscall"

// ownSession takes a command out of the terminal: a Ctrl-C there, or its end,
// is no longer meant for it.
func ownSession() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }
