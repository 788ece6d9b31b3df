// Package guardian makes sure that nothing a loop has started outlives the loop, however the loop ends: it marks every
// command, has a second tiny process wait for the loop's end, and finds at the next start what even that one could not
// end. It never decides what runs, and it never touches a process that does not carry the loop's mark, was not recorded
// by the loop, and does not descend from one of these.
//
// # The mark
//
// Every command of a loop has the variable [Name] in its environment, with the loop's mark and the command's number:
// "c0ffee01d2e3f405/7". What it starts inherits it, and keeps it through double forks, new sessions, and adoption by
// process 1. A loop that is started by a command of another loop appends to the mark that it finds
// ("c0ffee01d2e3f405/7/0badcafe00112233/1"), and orchestrator/proctree compares whole elements from the left: so the
// outer loop reaches everything of the inner one, and never the other way round. The environment that a process was
// started with can be read: /proc/PID/environ on Linux, the sysctl kern.procargs2 on macOS (not for Apple's own
// protected programs).
//
// As a mark is inherited, it needs no record, and there is no moment between the start of a command and its being
// known. It is lost by a program that is started with a cleared environment (env -i), and by one that writes its title
// over its environment (nginx, PostgreSQL, Redis). So the loop also records its leaders ([Guardian.Add]): their group,
// their session and their descendants belong to it with or without the mark.
//
// To keep a server beyond the end of the loop (a compiler's cache, say), start it before the loop, or without the
// variable: "env -u DEVLOOP_MARK sccache --start-server".
//
// # The guardian
//
// [Start] starts this program once more. The second process does not reach main: this package's init function takes it
// over (as in listenfd/shim, and for the same reason this package imports next to nothing). It has a session of its
// own, "/" as its directory, no descriptor but the reading end of a pipe (and the terminal whose modes the owner has
// changed, if there is one), ignores the signals of a terminal, and reads. Only the loop has the writing end, which the
// kernel closes however the loop ends: kill -9, a panic, out of memory. End of file without a word before means:
// SIGTERM to all of them, SIGKILL after the grace, until none is left.
//
// The writing end is also open, for less than a millisecond, in a child between fork and exec. So when the guardian
// reads end of file, a command that was being started has its program and its mark; it may not be complete for another
// moment, so the guardian looks more than once.
//
// Between the exec of a command and the report of its pid there is part of a millisecond, and much more on a busy
// machine: enough for a program to start itself again without the mark. So the pipe of its output is reported before
// the fork ([Guardian.Expect]), and until its pid is known every process that writes there belongs to the command.
//
// First of all it restores the terminal's modes, see [Terminal]: the shell does that for a command that was killed, but
// make or a script in between does not, nor does a shell after a panic.
//
// A guardian that is killed is started again. If both are killed, the crash record ([Options].CrashRecord) lets the
// next loop's [Sweep] do the same work, once it has made sure that the owner is dead: pid and start time, in the same
// boot of the system and the same pid namespace.
//
// # Which processes get a signal
//
// A pid is never enough. Every signal goes to a pid and a start time that were read together with the reason, through a
// pidfd on Linux, so that an unrelated process with the same number is not hit. This process and its ancestors are
// never signalled.
//
// # What is not found
//
// A process that has lost the mark, left the group and the session, and has no living parent that belongs to the loop,
// unless the loop has seen it and called Add, as orchestrator/procgroup's reaper lets it do within thirty seconds. A
// process of another user. And on systems other than Linux and macOS there is no guardian: [Start] and [Sweep] are
// [ErrUnsupported].
package guardian
