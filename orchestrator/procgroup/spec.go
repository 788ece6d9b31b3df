package procgroup

import (
	"os"
	"time"
)

// Spec says what to start.
type Spec struct {
	// Argv is the program and its arguments. A program without a slash is searched in the PATH of Env, a
	// relative one (and a relative entry of PATH) from Dir. A text file without "#!" is run by /bin/sh, as
	// execvp and every shell do.
	Argv []string

	// Dir is the working directory; empty means this process's own.
	Dir string

	// Env is the whole environment, NAME=value each; the last value of a name counts. Nil means this
	// process's own. With Dir set, PWD is set to it.
	Env []string

	// Files become the command's descriptors 3, 4 and so on. The caller owns them and may close them when
	// Start has returned. Their O_NONBLOCK flag, which all holders of an open file share, is never changed:
	// [os.File.Fd] would clear it under a server that uses the same socket.
	Files []*os.File

	// Output is called with everything that the group writes to its standard output and error, which are one
	// pipe, so that the order is kept. It is called by one goroutine, and never after Done is closed. While
	// it blocks, the pipe fills and then the command blocks in its write; if it never returns, the group is
	// never Done. Nil discards everything.
	Output func(Block)

	// Unfinished is called with a last line that has not ended yet, such as a prompt or a progress bar, when
	// nothing more has come for [Pause], and again after each such pause. The text has no newline, and is
	// valid only during the call. The whole line still comes to Output when it has ended. It is never called
	// at the same time as Output, nor after Done is closed. It may be nil.
	Unfinished func(text []byte)

	// Forking is called before the command is forked, with the inode number of Output's pipe, if the system
	// has one. If this process ends suddenly before it knows the pid, the leader can be found by the pipe
	// that it writes to. It may be nil.
	Forking func(pipe uint64)

	// PTY makes a new terminal of that size the command's standard input, output and error, and its
	// controlling terminal; without it, its input is empty. Nil means none. See [Group.Terminal]. It is an
	// [ErrUnsupported] on systems other than Linux, macOS and FreeBSD.
	PTY *PTYSize

	// Grace is the time from SIGTERM to SIGKILL for members that outlive a leader that ended by itself; with
	// zero they are killed at once.
	Grace time.Duration

	// Nice lowers the CPU priority of the command and of what it starts: it is added to this process's own
	// nice value (nice(1)), up to 19, just after the start. Windows knows two steps: 0, and below normal. It
	// may not be negative.
	Nice int

	// Mark is put into the command's environment as [proctree.MarkName], whatever Env says. On Linux every
	// process that carries it belongs to the tree; so does one with a mark that continues this one after a
	// slash. No other running command may have it, and preferably none ever had. Empty means that the tree is
	// known only by its group, its session and descent.
	Mark string

	// KeepDaemons spares, when the leader ends by itself, processes that have left its group and its session:
	// build tools start servers for the next build. A stop or a kill ends them too. Without a Mark it changes
	// nothing.
	KeepDaemons bool
}
