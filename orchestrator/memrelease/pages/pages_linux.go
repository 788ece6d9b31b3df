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
	smaps, err := os.Open("/proc/self/smaps")
	if err != nil {
		return
	}
	defer smaps.Close()
	release(smaps, self, func(r span) {
		_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, r.from, r.to-r.from, syscall.MADV_DONTNEED)
	})
}

// span is a range of addresses.
type span struct{ from, to uintptr }

// release lets go of the mappings in a /proc/PID/smaps (proc(5)) that hold
// nothing but what stands in the file. It keeps a line at a time: memory that is
// only needed to give memory back would be kept for ever.
func release(smaps interface{ Read([]byte) (int, error) }, file string, let func(span)) {
	var buf [1 << 10]byte
	var at span
	kept, long := 0, false // long: the line did not fit, and is passed over
	for {
		n, err := smaps.Read(buf[kept:])
		rest := buf[:kept+n]
		for {
			line, after, whole := cut(rest, '\n')
			if !whole {
				break
			}
			if !long {
				at = next(at, line, file, let)
			}
			long, rest = false, after
		}
		if n <= 0 || err != nil {
			return
		}
		if kept = copy(buf[:], rest); kept == len(buf) {
			kept, long = 0, true
		}
	}
}

// next takes in a line: at is the mapping that it may say something of. It
// returns the mapping whose figures come next, if that is of the file.
func next(at span, line []byte, file string, let func(span)) span {
	first, rest, _ := cut(line, ' ')
	if string(first) == "Anonymous:" {
		// Pages of one's own: copies that were written to.
		if at.from < at.to && len(rest) > 5 && string(rest[len(rest)-5:]) == " 0 kB" {
			let(at)
		}
		return span{}
	}
	mapping, ok := parseSpan(first)
	if !ok {
		return at // one of the figures of the mapping before
	}
	mode, rest, _ := cut(rest, ' ')
	if n := len(rest) - len(file); n > 0 && string(rest[n:]) == file && rest[n-1] == ' ' && (string(mode) == "r-xp" || string(mode) == "r--p") {
		return mapping
	}
	return span{}
}

// parseSpan reads "FROM-TO", in hexadecimal.
func parseSpan(text []byte) (span, bool) {
	first, second, _ := cut(text, '-')
	from, err := strconv.ParseUint(string(first), 16, 64)
	to, errTo := strconv.ParseUint(string(second), 16, 64)
	return span{uintptr(from), uintptr(to)}, err == nil && errTo == nil
}

// cut is bytes.Cut without the package bytes, see the package's text.
func cut(s []byte, sep byte) (before, after []byte, found bool) {
	for i := range s {
		if s[i] == sep {
			return s[:i], s[i+1:], true
		}
	}
	return s, nil, false
}
