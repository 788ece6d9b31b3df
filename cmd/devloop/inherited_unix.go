//go:build unix

package main

import (
	"os"
	"strconv"
	"syscall"
)

// sealInherited keeps descriptors that whoever started devloop left open (a
// shell's own, an editor's) from reaching the commands that devloop starts:
// their first socket is descriptor 3, and there is nothing beside the sockets.
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
