//go:build unix

package main

import "syscall"

// ownSession takes a command out of the terminal, so that a Ctrl-C there, or its end, does not reach it.
func ownSession() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }
