package main

import "os"

// endSignals end the loop in order.
var endSignals = []os.Signal{os.Interrupt}
