//go:build unix

package main

import (
	"os"
	"strconv"
	"syscall"
)

// sealInherited keeps descriptors that devloop has inherited (a shell's own, an editor's) from the commands
// that it starts: their first socket is descriptor 3, and they get nothing else.
func sealInherited() {
	entries, err := os.ReadDir("/dev/fd")
	if err != nil {
		return // no way to know them here
	}
	for _, entry := range entries {
		if fd, err := strconv.Atoi(entry.Name()); err == nil && fd > 2 {
			syscall.CloseOnExec(fd)
		}
	}
}
