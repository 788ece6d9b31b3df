// Package listenfd binds listening sockets, holds them, and hands them to one generation of a child after another by
// systemd's socket protocol; it never accepts a connection on them, and never starts or signals a process.
//
// # What is held
//
// A socket is made with the raw system calls, because the standard library's listeners do two things that a holder must
// not do. They put the descriptor into non-blocking mode, and getting an [os.File] from one of them and starting a child
// with it ([os/exec.Cmd.ExtraFiles] calls File.Fd) takes it out again. The mode belongs to the open file description,
// which all holders share: starting the next generation would change the mode under the running one, and an event loop
// that expects EAGAIN would block in accept. Here the descriptor is blocking from birth, the [os.File] knows it so, and
// nothing in this package but [Socket.Reset] touches the mode.
//
// SO_REUSEADDR is set on stream sockets, so that a restart of the holder does not have to wait for connections in
// TIME_WAIT. SO_REUSEPORT never is: with it, a server that ignores the socket it was given and binds the port itself
// would succeed, and a part of the connections would wait for ever in the queue that nobody reads.
//
// The queue is as long as the system allows. Connections wait in it while no generation lives; when it is full, Linux
// drops the SYN, and the client tries again only after a second.
//
// # The protocol
//
// The descriptors start at 3 and follow each other without a gap; LISTEN_FDS is their number, LISTEN_FDNAMES their
// names, LISTEN_PID the pid they are meant for (sd_listen_fds(3)). LISTEN_FDS_FIRST_FD is the extension that systemfd
// and the listenfd crate share. Package shim gets LISTEN_PID right.
//
// # Systems
//
// Linux and macOS are first class; the other Unix systems have all but what needs /proc or TCP_INFO, which is
// [ErrUnsupported] there. Windows cannot pass a listening socket by inheritance alone: [Open] is ErrUnsupported.
package listenfd
