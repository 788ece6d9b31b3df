package thrift

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"syscall"
)

// releaseProgram lets go of the pages of the program's own file that starting
// has touched, which is nearly all of them: the kernel maps what lies around
// each page that is used. They stay in the page cache, and what is needed
// again comes back from there (madvise(2), MADV_DONTNEED: "repopulating the
// memory contents from the up-to-date contents of the underlying mapped
// file"). Whatever cannot be had again from the file is left alone: what is
// writable, and what was written before it became read-only (relocations).
// An error leaves pages where they are, which does no harm.
func releaseProgram() {
	self, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return
	}
	smaps, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		return
	}
	for _, r := range released(string(smaps), self) {
		_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, r.from, r.to-r.from, syscall.MADV_DONTNEED)
	}
}

// span is a range of addresses.
type span struct{ from, to uintptr }

// released lists the mappings in a /proc/PID/smaps (proc(5)) that hold nothing
// but what stands in the file.
func released(smaps, file string) (all []span) {
	var at span
	for lines := bufio.NewScanner(strings.NewReader(smaps)); lines.Scan(); {
		line := lines.Text()
		if size, ok := strings.CutPrefix(line, "Anonymous:"); ok {
			// Pages of one's own: copies that were written to.
			if at.from < at.to && strings.TrimSpace(size) == "0 kB" {
				all = append(all, at)
			}
			at = span{}
			continue
		}
		var next span
		var mode string
		if n, _ := fmt.Sscanf(line, "%x-%x %s", &next.from, &next.to, &mode); n != 3 {
			continue // one of the figures of the mapping before
		}
		at = span{}
		if i := strings.IndexByte(line, '/'); i >= 0 && line[i:] == file && (mode == "r-xp" || mode == "r--p") {
			at = next
		}
	}
	return all
}
