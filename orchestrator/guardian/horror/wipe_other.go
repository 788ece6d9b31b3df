//go:build unix && !linux

package main

// wipe does nothing: the system keeps the environment that it shows where the program cannot write.
func wipe() error { return nil }
