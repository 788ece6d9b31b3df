//go:build unix

package sdnotify

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// longestPath is how many bytes the path of a socket may have: sun_path holds
// 104 on macOS and the BSDs and 108 on Linux, with a zero at the end.
const longestPath = 103

// maxControl is room for the credentials and for as many descriptors as one
// message can carry: SCM_MAX_FD is 253 on Linux, the BSDs take about 500. With
// less room some systems would leave descriptors open that nobody knows of.
const maxControl = 4096

// Socket is one start's notification socket. It is made by New and Open and
// removed by Close; its methods may be called from different goroutines.
type Socket struct {
	conn    *net.UnixConn
	dir     string // its own, and private
	path    string
	parents bool // the directory above may have to be made

	closing sync.Once
	err     error // of closing
}

// New chooses where the socket is to be: in a new directory below dir; "" is the
// system's directory for temporary files. Should the path become too long for a
// socket there, it is below /tmp. The disk is not asked before Open.
func New(dir string) (*Socket, error) {
	s := &Socket{parents: dir == ""}
	if s.parents {
		dir = os.TempDir()
	}
	dir, err := filepath.Abs(dir) // the process may run in another directory
	if err != nil {
		return nil, fmt.Errorf("make notification socket: %w", err)
	}
	name := "notify-" + rand.Text()[:16]
	for _, s.dir = range []string{filepath.Join(dir, name), filepath.Join("/tmp", name)} {
		if s.path = filepath.Join(s.dir, "socket"); len(s.path) <= longestPath {
			break
		}
	}
	return s, nil
}

// Open makes the directory, which only this user can enter, and calls made, which
// may be nil; then it makes the socket. The caller closes it, and calls Receive at once: until then the kernel holds only
// a few messages (net.unix.max_dgram_qlen, often 10) before senders wait.
func (s *Socket) Open(made func(dir string)) error {
	if err := s.open(made); err != nil {
		return fmt.Errorf("make notification socket: %w", err)
	}
	return nil
}

func (s *Socket) open(made func(dir string)) (err error) {
	if s.parents { // it may have been cleaned away
		if err := os.MkdirAll(filepath.Dir(s.dir), 0o700); err != nil {
			return err
		}
	}
	if err := os.Mkdir(s.dir, 0o700); err != nil { // nobody could have prepared it
		return err
	}
	defer func() {
		if err != nil {
			os.RemoveAll(s.dir)
		}
	}()
	if made != nil {
		made(s.dir)
	}
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: s.path, Net: "unixgram"})
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			conn.Close() //nolint:errcheck // the first error is told
		}
	}()
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var option error
	if err := raw.Control(func(fd uintptr) { option = wantCredentials(int(fd)) }); err != nil {
		return err
	}
	if option != nil {
		return fmt.Errorf("ask for the senders' credentials: %w", option)
	}
	s.conn = conn
	return nil
}

// Path is the value of NOTIFY_SOCKET: absolute, and good until Close.
func (s *Socket) Path() string { return s.path }

// Receive reads messages and hands them to handle, one after the other and in
// their order, until the socket is closed or ctx is done, which closes it; it
// returns nil then. handle is not called after Receive has returned; it may take its time,
// as messages are read beside it. Receive is called once.
//
// Descriptors that come with a message are closed: at once, or, for BARRIER=1,
// when all messages before it have been handled, which is what
// sd_notify_barrier(3) waits for.
func (s *Socket) Receive(ctx context.Context, handle func(Message)) error {
	ctx, cancel := context.WithCancel(ctx)
	queue := newQueue()
	handled := make(chan struct{})
	go func() {
		defer close(handled)
		deliver(ctx, queue, handle)
	}()
	// Closing is what ends a read under way; nobody is to send here any more.
	stop := context.AfterFunc(ctx, func() { s.Close() }) //nolint:errcheck // Close returns it again
	defer func() {
		stop()
		cancel()
		<-handled
		for _, it := range queue.take() {
			if it.release != nil {
				it.release()
			}
		}
	}()
	return s.read(ctx, queue)
}

// deliver hands on what the queue holds until ctx is done.
func deliver(ctx context.Context, queue *queue, handle func(Message)) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-queue.poke:
		}
		for _, it := range queue.take() {
			switch {
			case it.release != nil:
				it.release()
			case ctx.Err() == nil:
				handle(it.message)
			}
		}
	}
}

// read puts every datagram into the queue.
func (s *Socket) read(ctx context.Context, queue *queue) error {
	text := make([]byte, maxMessage+2) // a zero at the end, and one more, so that what is too long is seen to be
	control := make([]byte, maxControl)
	for {
		n, controls, _, _, err := s.conn.ReadMsgUnix(text, control)
		if err != nil {
			if ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
				return nil
			}
			return fmt.Errorf("read %s: %w", s.path, err)
		}
		parts, _ := unix.ParseSocketControlMessage(control[:controls]) // what the kernel has written
		files := descriptors(parts)
		if strings.TrimRight(string(text[:n]), "\n\x00") == barrier && len(files) == 1 {
			queue.put(item{release: func() { unix.Close(files[0]) }})
			continue
		}
		for _, fd := range files {
			unix.Close(fd)
		}
		if m := parse(string(text[:n])); m != (Message{}) && trusted(parts) {
			queue.put(item{message: m})
		}
	}
}

// descriptors are those that came with a message, which are the caller's to close.
func descriptors(parts []unix.SocketControlMessage) (files []int) {
	for i := range parts {
		if fds, err := unix.ParseUnixRights(&parts[i]); err == nil {
			files = append(files, fds...)
		}
	}
	return files
}

// Close removes the socket and its directory, and ends Receive. Only the first
// call does something; the others return its error.
func (s *Socket) Close() error {
	s.closing.Do(func() {
		err := s.conn.Close()
		if e := os.RemoveAll(s.dir); e != nil && !errors.Is(e, syscall.ENOENT) {
			err = errors.Join(err, e)
		}
		if err != nil {
			s.err = fmt.Errorf("remove notification socket: %w", err)
		}
	})
	return s.err
}
