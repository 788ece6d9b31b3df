// Package procgroup starts one command as the leader of a process group of its
// own, hands on what the whole group writes, and knows when the group is gone.
// It never decides when a command starts, stops or starts again: deadlines,
// restarts and the words for them belong to the caller.
//
// # The group
//
// The leader gets a new session, and with it a new process group: one signal
// reaches everything it starts, the terminal's Ctrl-C reaches none of it, and a
// command that wants to ask a question on /dev/tty fails instead of being
// stopped for ever as a background job.
//
// A process can leave the group (setsid, a shell with job control). On Linux
// those that still descend from the group, or stay in its session, are found in
// /proc when the stop begins, and belong to the tree from then on. What went
// away before, by forking twice into a session of its own, is found in two
// ways. It carries the command's mark ([Spec.Mark]) in its environment, which it
// has inherited. And with a [Reaper] it is handed to this process, not to
// process 1, so that it is still known as a descendant when it has no mark any
// more: started with a cleared environment, or by a program that writes its
// title over it (nginx, PostgreSQL, Redis).
//
// It does not matter what else the machine runs: with a Reaper nobody is looked
// at but the leader, the orphans that this process was handed, and their
// descendants, which is everybody who can belong to the tree. The whole process
// table is read for a kill, and where there is no Reaper. Nobody enters a session
// later than by birth: of a session that is older than the leader nothing is read
// but the start of the session, and an environment only of who is younger than
// the leader and shows no other sign.
//
// Out of reach remain: who runs as another user; an orphan without a mark when
// several marked trees lived at its start, until all are ended by whom the
// Reaper tells ([ReaperOptions.Noticed]); and outside Linux everybody who left
// the group.
//
// # Stopping
//
// To stop a group: [Group.Stop] (or [Group.Hold], and then whatever ends this
// program: a signal to the leader alone, a command), wait for [Group.Done] until
// a deadline, then [Group.Kill]. A leader that ends by itself and leaves members
// behind needs nobody: they get SIGTERM, and SIGKILL after [Spec.Grace].
//
// # Numbers that are used again
//
// A process id, and so a group id, may be given to a stranger as soon as its
// last user is gone. So the leader's end is first looked at (waitid WNOWAIT,
// kqueue NOTE_EXIT) and a signal to what it left behind is sent while its zombie
// still holds the number; later ones stop at the first ESRCH. Where the kernel
// signals groups through a pidfd (Linux 6.9) that is used instead of the
// number, and there is no gap at all.
package procgroup
