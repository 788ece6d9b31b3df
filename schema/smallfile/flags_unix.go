//go:build unix

package smallfile

import "syscall"

// openFlags keep an open from waiting for a writer, or for a terminal's line,
// and from making a terminal ours. A file of /proc that waits for news, such as
// kmsg, fails instead of that.
const openFlags = syscall.O_NONBLOCK | syscall.O_NOCTTY
