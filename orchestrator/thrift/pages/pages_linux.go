package pages

import (
	"os"
	"strconv"
	"syscall"
)

// Release lets go of the pages of the program's own file that have been
// touched, which is nearly all of them: the kernel maps what lies around each
// page that is used. They stay in the page cache, and what is needed again comes
// back from there (madvise(2), MADV_DONTNEED: "repopulating the memory contents
// from the up-to-date contents of the underlying mapped file"). Whatever cannot
// be had again from the file is left alone: what is writable, and what was
// written before it became read-only (relocations). An error leaves pages where
// they are, which does no harm.
func Release() {
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
	for smaps != "" {
		var line string
		line, smaps = cut(smaps, '\n')
		first, rest := cut(line, ' ')
		if first == "Anonymous:" {
			// Pages of one's own: copies that were written to.
			if at.from < at.to && len(rest) > 5 && rest[len(rest)-5:] == " 0 kB" {
				all = append(all, at)
			}
			at = span{}
			continue
		}
		next, ok := parseSpan(first)
		if !ok {
			continue // one of the figures of the mapping before
		}
		at = span{}
		mode, rest := cut(rest, ' ')
		if n := len(rest) - len(file); n > 0 && rest[n:] == file && rest[n-1] == ' ' && (mode == "r-xp" || mode == "r--p") {
			at = next
		}
	}
	return all
}

// parseSpan reads "FROM-TO", in hexadecimal.
func parseSpan(text string) (span, bool) {
	first, second := cut(text, '-')
	from, err := strconv.ParseUint(first, 16, 64)
	to, errTo := strconv.ParseUint(second, 16, 64)
	return span{uintptr(from), uintptr(to)}, err == nil && errTo == nil
}

// cut is strings.Cut without the package strings, see the package's text.
func cut(s string, sep byte) (before, after string) {
	for i := range len(s) {
		if s[i] == sep {
			return s[:i], s[i+1:]
		}
	}
	return s, ""
}
