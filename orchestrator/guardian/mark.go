package guardian

import (
	"os"
	"strconv"
	"time"

	"devloop/orchestrator/proctree"
)

// Name is the environment variable that carries a mark.
const Name = proctree.MarkName

// longest is how many bytes a mark may have: some twenty loops inside each other.
const longest = 512

// NewMark makes the mark of a loop that runs in the environment environ (NAME=value each): its own random element,
// after the mark of the command of an outer loop, if there is one.
func NewMark(environ []string) string {
	own := random()
	if outer := inherited(environ); outer != "" && len(outer)+len(own)+1 <= longest {
		return outer + "/" + own
	}
	return own
}

// inherited is the mark in an environment, "" if there is none or it is not valid.
func inherited(environ []string) string {
	mark := ""
	for _, kv := range environ {
		if len(kv) > len(Name) && kv[:len(Name)] == Name && kv[len(Name)] == '=' {
			mark = kv[len(Name)+1:]
		}
	}
	if !valid(mark) {
		return ""
	}
	return mark
}

// CommandMark is the mark of the loop's command of that number. A number is used once in the life of a loop.
func CommandMark(loop string, number int) string { return loop + "/" + strconv.Itoa(number) }

// valid tells whether a mark can have been made here. Nothing is ever ended by another mark: a short one could occur
// by chance.
func valid(mark string) bool {
	const shortest = 16 // the random element
	if len(mark) < shortest || len(mark) > longest {
		return false
	}
	for i, c := range []byte(mark) {
		switch {
		case c >= '0' && c <= '9', c >= 'a' && c <= 'f':
		case c == '/' && i > 0 && i < len(mark)-1 && mark[i-1] != '/':
		default:
			return false
		}
	}
	first := 0
	for first < len(mark) && mark[first] != '/' {
		first++
	}
	return first >= shortest
}

// random is sixteen hexadecimal digits. crypto/rand would move this package back in the order of initialisation.
func random() string {
	var b [8]byte
	f, err := os.Open("/dev/urandom")
	if err == nil {
		_, err = f.Read(b[:])
		_ = f.Close() // only read from
	}
	if err != nil { // a system without it: it is enough to differ from other loops
		n := uint64(time.Now().UnixNano())*0x9e3779b97f4a7c15 ^ uint64(os.Getpid())
		for i := range b {
			b[i] = byte(n >> (8 * i))
		}
	}
	const digits = "0123456789abcdef"
	text := make([]byte, 0, 2*len(b))
	for _, c := range b {
		text = append(text, digits[c>>4], digits[c&15])
	}
	return string(text)
}
