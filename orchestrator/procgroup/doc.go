// Package procgroup starts one command as the leader of a process group of its own, passes on what the whole
// group writes, and knows when the group is gone. It never decides when a command starts, stops or restarts:
// that is the caller's.
//
// # The group
//
// The leader gets a new session, and with it a new process group: one signal reaches everything it starts,
// the terminal's Ctrl-C reaches none of it, and a command that wants to ask a question on /dev/tty fails
// instead of being stopped for ever as a background job.
//
// A process can leave the group (setsid, a shell with job control). On Linux, processes that still descend
// from the group, or stay in its session, are found in /proc when the stop begins, and belong to the tree
// from then on. Those that left earlier, by forking twice into a session of their own, are found in two ways.
// They carry the command's mark ([Spec.Mark]) in the environment that they inherited. And with a [Reaper]
// they become children of this process instead of process 1, so they are known as descendants even without a
// mark: when they were started with a cleared environment, or write their title over it (nginx, PostgreSQL,
// Redis).
//
// The cost does not depend on what else the machine runs: with a Reaper, only the leader, the orphans of this
// process and their descendants are looked at. The whole process table is read for a kill, and where there is
// no Reaper. A process enters a session only by birth: of a session that is older than the leader only the
// start is read, and an environment is read only of processes younger than the leader that show no other
// sign.
//
// Not found are: processes of another user; an orphan without a mark that several marked trees may have
// started ([ReaperOptions.Noticed] reports it, so that it can be ended with all of them); and outside Linux
// every process that left the group.
//
// # Stopping
//
// To stop a group: [Group.Stop] (or [Group.Hold], and then whatever ends this program: a signal to the leader
// alone, a command), wait for [Group.Done] until a deadline, then [Group.Kill]. When a leader ends by itself
// and leaves members behind, they get SIGTERM, and SIGKILL after [Spec.Grace], without any call.
//
// # Reused numbers
//
// A process id, and so a group id, may be given to an unrelated process as soon as its last user is gone. So
// the leader's end is first observed without reaping it (waitid WNOWAIT, kqueue NOTE_EXIT), and the signal to
// its remaining members is sent while its zombie still holds the number; later signals stop at the first
// ESRCH. Where the kernel signals groups through a pidfd (Linux 6.9), that is used instead of the number, and
// there is no gap at all.
package procgroup
