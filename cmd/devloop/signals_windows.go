package main

import "os"

// endSignals end the loop in order.
var endSignals = []os.Signal{os.Interrupt}

// heeded are those of the signals that devloop acts on: all, here.
func heeded(all []os.Signal) []os.Signal { return all }

// fromKeys tells whether a signal came from the console, which sends it to the
// command as well. Nothing else sends one here.
func fromKeys(os.Signal) bool { return true }

// outlive does nothing: this system has no signal for a pipe that nobody reads,
// and none for a terminal that has hung up.
func outlive() (undo func()) { return func() {} }
