package guardian

// process is a line of the system's table.
type process struct {
	pid     int
	parent  int
	group   int
	session int
	front   int    // the group in the foreground of its session's terminal; negative if there is none
	start   uint64 // with the pid it names a process for good: ticks since the boot (Linux), microseconds (macOS)
	dead    bool   // it has ended, and its parent has not noticed yet
	stopped bool
	stuck   bool // in an uninterruptible wait
	kernel  bool // a thread of the kernel's
	begun   bool // its program has been given its arguments and environment; false for a moment during exec
}

// markOf is the mark in an environment as the system shows it, "" when there is none.
func markOf(environ []byte) string {
	for from := 0; from < len(environ); {
		end := from
		for end < len(environ) && environ[end] != 0 {
			end++
		}
		kv := environ[from:end]
		if len(kv) > len(Name) && kv[len(Name)] == '=' && string(kv[:len(Name)]) == Name {
			return string(kv[len(Name)+1:])
		}
		from = end + 1
	}
	return ""
}
