//go:build linux || darwin

package guardian

import (
	"runtime"
	"strconv"
	"syscall"
	"time"
	"unsafe"

	"devloop/orchestrator/proctable"
)

// terminal is the owner's, on the guardian's standard output, with its modes before and after the owner changed them,
// and what resets it.
type terminal struct{ before, during, reset []byte }

// writes is how long a terminal may take to be written at the end: one that is stopped takes nothing.
const writes = 100 * time.Millisecond

// putBack resets what an owner has drawn that has not done so itself, before a shell writes below it, and restores the
// modes. The guardian has a session of its own, so it may do that although it is not in the terminal's foreground. wrote
// is closed when it is written.
func (t terminal) putBack(owner proctable.Process) (wrote <-chan struct{}) {
	done := make(chan struct{})
	now, ok := readModes(1, len(t.during))
	own := string(now) == string(t.during)
	if len(t.before) == 0 || len(t.before) != len(t.during) || !ok || !own && !atPrompt(owner) {
		close(done) // somebody else has it
		return done
	}
	go func() {
		_, _ = syscall.Write(1, t.reset) // a terminal that has hung up shows nothing, and has no modes
		close(done)
	}()
	runtime.Gosched()
	if own && hasTerminal(owner) {
		var modes modes
		copy(modes[:], t.before)
		_ = ioctl(1, setModes, &modes)
	}
	return done
}

// atPrompt tells whether the shell that the owner was started from has the terminal already, with modes of its own. What the
// owner has drawn may still stand behind the prompt.
func atPrompt(owner proctable.Process) bool {
	shell, ok := proctable.Read(owner.Session)
	return ok && owner.Session != owner.PID && shell.Foreground == shell.Group
}

// hasTerminal tells whether the owner's group had the terminal to the end, or the shell that it was started from has it
// now. Another job of that shell, which may be a second devloop with the same modes, is left alone.
func hasTerminal(owner proctable.Process) bool {
	if owner.Session == owner.PID && owner.PID > 0 {
		return true // no other job can have it
	}
	shell, ok := proctable.Read(owner.Session)
	return ok && (shell.Foreground == owner.Group || shell.Foreground == shell.Group)
}

// modes has room for every system's struct termios: 36 bytes for Linux, 72 for macOS.
type modes [256]byte

func readModes(fd, size int) ([]byte, bool) {
	var modes modes
	if size > len(modes) || ioctl(fd, getModes, &modes) != nil {
		return nil, false
	}
	return modes[:size], true
}

func ioctl(fd int, request uintptr, modes *modes) error {
	//nolint:gosec // the system's call takes a pointer
	if _, _, e := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), request, uintptr(unsafe.Pointer(modes))); e != 0 {
		return e
	}
	return nil
}

// hex and unhex are those of encoding/hex, without its packages, see cut.
func hex(b []byte) string {
	text := ""
	for _, c := range b {
		text += strconv.FormatUint(uint64(c)|0x100, 16)[1:]
	}
	return text
}

func unhex(text string) (b []byte) {
	for ; len(text) >= 2; text = text[2:] {
		c, err := strconv.ParseUint(text[:2], 16, 8)
		if err != nil {
			return nil
		}
		b = append(b, byte(c))
	}
	return b
}
