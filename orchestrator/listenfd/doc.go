// Package listenfd binds listening sockets, holds them, and passes them to one generation of a child after
// another by systemd's socket protocol; it never accepts a connection on them, and never starts or signals a
// process.
//
// # What is held
//
// A socket is made with raw system calls, because the standard library's listeners do two things that a
// holder must not do. They put the descriptor into non-blocking mode, and getting an [os.File] from one of
// them and starting a child with it ([os/exec.Cmd.ExtraFiles] calls File.Fd) takes it out again. The mode
// belongs to the open file description, which all holders share: starting the next generation would change
// the mode under the running one, and an event loop that expects EAGAIN would block in accept. Here the
// descriptor is blocking from the start, the [os.File] knows that, and only [Socket.Reset] touches the mode.
//
// SO_REUSEADDR is set on stream sockets, so that a restart of the holder does not have to wait for
// connections in TIME_WAIT. SO_REUSEPORT never is: with it, a server that ignores its socket and binds the
// port itself would succeed, and some connections would wait for ever in a queue that nothing reads.
//
// The queue is as long as the system allows. Connections wait in it while no generation lives; when it is
// full, Linux drops the SYN, and the client tries again only after a second.
//
// # The protocol
//
// The descriptors start at 3 without a gap; LISTEN_FDS is their number, LISTEN_FDNAMES their names,
// LISTEN_PID the pid they are meant for (sd_listen_fds(3)). LISTEN_FDS_FIRST_FD is an extension of systemfd
// and the listenfd crate. Package shim sets LISTEN_PID.
//
// # Systems
//
// Linux and macOS have everything; the other Unix systems have all but what needs /proc or TCP_INFO, which is
// [ErrUnsupported] there. Windows cannot pass a listening socket by inheritance alone: [Open] is
// ErrUnsupported.
package listenfd
