//go:build unix && !linux

package procgroup

import "os"

// widen does nothing: pipes grow by themselves here (the BSDs), or cannot.
func widen(*os.File) {}
