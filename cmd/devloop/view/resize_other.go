//go:build !unix

package view

import "os"

// resizes reports nothing: this system has no such signal.
func resizes(chan<- os.Signal) {}
