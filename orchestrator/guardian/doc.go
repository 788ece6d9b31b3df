// Package guardian sees to it that nothing a loop has started outlives the loop, whatever becomes of the loop itself: it
// marks every command, has a second tiny process wait for the loop's end, and finds at the next start what even that one
// could not end. It never decides what runs, and it never touches a process that does not carry the loop's mark, was not
// recorded by the loop, and does not descend from one of these.
//
// # The mark
//
// Every command of a loop has the variable [Name] in its environment, with the loop's mark and the command's number:
// "c0ffee01d2e3f405/7". Whoever it starts inherits it, and keeps it when it forks twice, begins a session of its own, or is
// handed to process 1. A loop that is started by a command of another loop appends to the mark that it finds
// ("c0ffee01d2e3f405/7/0badcafe00112233/1"), and orchestrator/proctree compares whole elements from the left: so the outer loop reaches
// everything of the inner one, and never the other way round. The system shows the environment that a process was started
// with: /proc/PID/environ on Linux, the sysctl kern.procargs2 on macOS (not for Apple's own protected programs).
//
// A mark is inherited; it cannot be come by otherwise. That is why it needs no record, and why there is no moment between
// the start of a command and its being known. What loses it: a program started with a cleared environment (env -i), and one
// that writes its title over its environment (nginx, PostgreSQL, Redis). So the loop also records its leaders
// ([Guardian.Add]): their group, their session and their descendants belong to it whatever they carry.
//
// To keep a server beyond the end of the loop (a compiler's cache, say), start it before the loop, or without the variable:
// "env -u DEVLOOP_MARK sccache --start-server".
//
// # The guardian
//
// [Start] starts this program once more. The second process does not get as far as main: this package's init function
// takes it over (as in listenfd/shim, and for the same reason this package imports next to nothing). It has a session of
// its own, "/" as its directory, no descriptor but the reading end of a pipe (and the terminal whose modes the owner has
// changed, if there is one), ignores the signals of a terminal, and reads.
// The loop alone has the writing end, which is closed by the kernel however the loop ends: kill -9, a panic, out of memory.
// End of file without a word before means: SIGTERM to everybody, SIGKILL after the grace, until nobody is left.
//
// The writing end is also open, for less than a millisecond, in a child between fork and exec. So when the guardian reads
// end of file, a command that was being started at that moment has its program and its mark; that it may not be complete
// for another moment is why the guardian looks more than once.
//
// Between the exec of a command and the moment in which its pid is told lies a part of a millisecond, and much more on a
// machine with much to do: enough for a program to start itself anew without the mark. So the pipe of its output is told
// before the fork ([Guardian.Expect]), and until its pid is known the command is whoever writes there.
//
// Before anything else it puts the terminal's modes back, as [Terminal] says: the shell does that for a command that was
// killed, but make or a script in between does not, nor does a shell after a panic.
//
// A guardian that is killed is started again. When both are killed, what the crash record tells ([Options].CrashRecord) lets the next
// loop's [Sweep] do the same work, once it has made sure that the owner is dead: pid and start time, in the same boot of the
// system and the same pid namespace.
//
// # Whom a signal reaches
//
// A pid is never enough. Every signal goes to a pid and a start time that were read together with the reason, through a
// pidfd on Linux, so that a stranger who got the number since is not met. This process and its ancestors are never
// signalled, whatever they carry.
//
// # What was not chosen
//
// A control group would be escape-proof (cgroup.kill), but only where one is delegated to the user, which a terminal's is
// not. PR_SET_PDEATHSIG follows the thread that forked, not the process, and is not inherited. A pid namespace would do
// it all, and change what every command sees.
//
// # What stays out of reach
//
// Who has lost the mark, left the group and the session, and has no living parent any more that belongs to the loop, unless
// the loop has seen it and called Add, as orchestrator/procgroup's reaper lets it: thirty seconds after it has come to that, at
// the latest. Who runs as another user. Everything on
// systems other than Linux and macOS: there [Start] and [Sweep] are [ErrUnsupported].
package guardian
