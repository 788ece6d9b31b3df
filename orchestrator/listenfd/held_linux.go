package listenfd

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// HeldBy says which of the processes have the socket open. Ended processes are not an error; an error means
// that some belong to another user, and holding may lack them. Linux only.
func (s *Socket) HeldBy(pids []int) (holding []int, err error) {
	var st unix.Stat_t
	err = s.control(func(fd int) error { return os.NewSyscallError("fstat", unix.Fstat(fd, &st)) })
	if err != nil {
		return nil, fmt.Errorf("find holders of %s: %w", s.addr, err)
	}
	var errs error
	for _, pid := range pids {
		switch inodes, err := socketInodes(pid); {
		case err == nil:
			if inodes[st.Ino] {
				holding = append(holding, pid)
			}
		case !errors.Is(err, fs.ErrNotExist):
			errs = errors.Join(errs, err)
		}
	}
	if errs != nil {
		errs = fmt.Errorf("find holders of %s: %w", s.addr, errs)
	}
	return holding, errs
}

// ListenersOf says what the processes listen on, or have bound for UDP, besides what this process holds
// itself, sorted by address: where a child listens that did not take its socket. Ended processes are not an
// error; with an error the list may lack some. Linux only.
func ListenersOf(pids []int) ([]Listener, error) {
	ours, err := socketInodes(os.Getpid())
	if err != nil {
		return nil, fmt.Errorf("find listeners: %w", err)
	}
	owner := make(map[uint64]int)
	var errs error
	for _, pid := range pids {
		inodes, err := socketInodes(pid)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = errors.Join(errs, err)
		}
		for inode := range inodes {
			if _, known := owner[inode]; !known && !ours[inode] {
				owner[inode] = pid
			}
		}
	}
	var found []Listener
	if len(owner) > 0 {
		for _, network := range []Network{TCP, UDP} {
			want := uint64(stateListen)
			if network == UDP {
				want = stateUnconnected
			}
			for _, file := range inetFiles(network) {
				err := readInet(file, func(e inetEntry) bool {
					if pid, ok := owner[e.inode]; ok && e.state == want {
						found = append(found, Listener{PID: pid, Network: network, Addr: e.local.String()})
					}
					return true
				})
				if err != nil && !errors.Is(err, fs.ErrNotExist) {
					errs = errors.Join(errs, err)
				}
			}
		}
		err := readUnix(func(e unixEntry) bool {
			if pid, ok := owner[e.inode]; ok && e.accepts {
				found = append(found, Listener{PID: pid, Network: Unix, Addr: e.path})
			}
			return true
		})
		errs = errors.Join(errs, err)
	}
	slices.SortFunc(found, func(a, b Listener) int {
		if c := strings.Compare(string(a.Network), string(b.Network)); c != 0 {
			return c
		}
		return strings.Compare(a.Addr, b.Addr)
	})
	if errs != nil {
		errs = fmt.Errorf("find listeners: %w", errs)
	}
	return found, errs
}
