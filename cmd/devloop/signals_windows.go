package main

import "os"

// endSignals end the loop in order.
var endSignals = []os.Signal{os.Interrupt}

// outlivePipes does nothing: this system has no signal for a pipe that nobody
// reads.
func outlivePipes() (undo func()) { return func() {} }
