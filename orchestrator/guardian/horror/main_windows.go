// Command horror is for systems that have sessions and signals.
package main

import "os"

func main() { os.Exit(2) }
