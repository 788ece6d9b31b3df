// Package sdnotify is the receiving side of sd_notify(3): a socket on which a process, or any descendant of it, says that
// it is ready, reloading or stopping. It never acts on what it hears, and never makes a sender wait.
//
// One socket belongs to one start of one process. That is how a message is
// attributed: no process ids are compared, so what a wrapper's child says counts
// (systemd's NotifyAccess=all), and what a predecessor says late reaches nobody.
package sdnotify

import "errors"

// ErrUnsupported is returned by New on systems that have no unix datagram
// sockets, such as Windows. It matches errors.ErrUnsupported.
var ErrUnsupported error = unsupported{}

type unsupported struct{}

func (unsupported) Error() string        { return "sd_notify: this system has no unix datagram sockets" }
func (unsupported) Is(target error) bool { return target == errors.ErrUnsupported }
