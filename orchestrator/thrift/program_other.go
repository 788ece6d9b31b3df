//go:build !linux

package thrift

// releaseProgram does nothing here: what the system keeps of a program's file
// is its own affair.
func releaseProgram() {}
