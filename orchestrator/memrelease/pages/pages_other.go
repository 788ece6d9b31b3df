//go:build !linux

package pages

// Release does nothing here: what the system keeps of a program's file
// is its own affair.
func Release() {}
