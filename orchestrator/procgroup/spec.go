package procgroup

import (
	"os"
	"time"
)

// Spec says what to start.
type Spec struct {
	// Argv is the program and its arguments. A program without a slash is
	// looked for in the PATH of Env, a relative one (and a relative entry of
	// PATH) from Dir. A text file without "#!" is run by /bin/sh, as execvp
	// and every shell do.
	Argv []string

	// Dir is the working directory; empty means this process's own.
	Dir string

	// Env is the whole environment, NAME=value each; of a name that stands
	// twice the last one counts. Nil means this process's own. With Dir set,
	// PWD is set to it.
	Env []string

	// Files become the command's descriptors 3, 4 and so on. The caller owns
	// them and may close them when Start has returned. Their O_NONBLOCK flag,
	// which all holders of an open file share, is never touched: [os.File.Fd]
	// would clear it under a server that uses the same socket.
	Files []*os.File

	// Output is called with everything that the group writes to its standard
	// output and error, which are one pipe, so that their order is kept. It is
	// called by one goroutine, never again once Done is closed. While it
	// blocks, the pipe fills and then the command blocks in its write; a group
	// whose Output never returns never gets to Done. Nil discards everything.
	Output func(Block)

	// Unfinished is called with a last line whose end has not come yet, such as a
	// prompt or a bar that grows, when nothing more has come for [Pause], and
	// again after each such pause. The text has no newline, and is valid during
	// the call only. The line comes to Output as well, whole, when it has ended.
	// It is never called beside Output, nor once Done is closed. Nil means nobody.
	Unfinished func(text []byte)

	// Forking is called before the command is forked, with the system's number
	// (the inode) of the pipe of Output; not where there is none. Whoever ends
	// the tree after a sudden end of this process knows the leader by what it
	// writes to, while nobody can have told its pid. Nil means nobody.
	Forking func(pipe uint64)

	// PTY makes a new terminal of that size the command's standard input,
	// output and error, and its controlling terminal; without it, its input is
	// empty. Nil means none. See [Group.Terminal]. It is an [ErrUnsupported] on
	// systems other than Linux, macOS and FreeBSD.
	PTY *PTYSize

	// Grace is how long members that outlive a leader which ended by itself
	// have from SIGTERM to SIGKILL; with zero they are killed at once.
	Grace time.Duration

	// Nice is how far the command, and what it starts, gives way to others that
	// want the CPU: it is added to this process's own nice value (nice(1)), which
	// ends at 19. It is set just after the start. Windows knows two steps: 0, and
	// below normal. Nobody may ask for less than 0.
	Nice int

	// Mark is put into the command's environment as [proctree.MarkName], whatever Env
	// says. On Linux whoever carries it belongs to the tree, wherever it went;
	// so does who carries a mark that continues this one after a slash. It must
	// not be another running command's, and should not be one that was. Empty
	// means that the tree is known by its group, its session and descent alone.
	Mark string

	// KeepDaemons leaves those alone, when the leader ends by itself, who had
	// left its group and its session: build tools start servers of their own
	// for the next build. A stop or a kill ends them too. Without a Mark it
	// changes nothing.
	KeepDaemons bool
}
