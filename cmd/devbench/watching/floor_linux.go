package watching

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// floor is the least that a watcher can do: DIR PROGRAM ARG…. It watches every
// directory below DIR, starts the program once, and again for each .txt file
// that was closed after writing or renamed into place. It knows no burst, no
// new directory, no ignore rule and no overflow, and compares no content:
// what stands above it is what a tool adds.
func floor(args []string) error {
	if len(args) < 2 {
		return errors.New("usage: __floor DIR PROGRAM ARG…")
	}
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC)
	if err != nil {
		return fmt.Errorf("make inotify instance: %w", err)
	}
	err = filepath.WalkDir(args[0], func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		if _, err := unix.InotifyAddWatch(fd, path, unix.IN_CLOSE_WRITE|unix.IN_MOVED_TO|unix.IN_ONLYDIR); err != nil {
			return fmt.Errorf("watch %s: %w", path, err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	program, err := exec.LookPath(args[1])
	if err != nil {
		return err
	}
	attr := &syscall.ProcAttr{Env: os.Environ(), Files: []uintptr{0, 1, 2}}
	start := func() error {
		pid, err := syscall.ForkExec(program, args[1:], attr)
		if err != nil {
			return fmt.Errorf("start %s: %w", program, err)
		}
		for {
			if _, err := syscall.Wait4(pid, nil, 0, nil); !errors.Is(err, syscall.EINTR) {
				return nil
			}
		}
	}
	if err := start(); err != nil {
		return err
	}
	buf := make([]byte, 64<<10)
	for {
		n, err := unix.Read(fd, buf)
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		if err != nil {
			return fmt.Errorf("read inotify: %w", err)
		}
		for _, name := range eventNames(buf[:n]) {
			if strings.HasSuffix(name, ".txt") {
				if err := start(); err != nil {
					return err
				}
			}
		}
	}
}

// eventNames is the names in a buffer of struct inotify_event: four 32-bit
// words, the last of them the length of the name that follows, which is padded
// with zero bytes (inotify(7)).
func eventNames(buf []byte) []string {
	var names []string
	for len(buf) >= unix.SizeofInotifyEvent {
		size := unix.SizeofInotifyEvent + int(binary.NativeEndian.Uint32(buf[12:]))
		if size > len(buf) {
			break
		}
		name, _, _ := bytes.Cut(buf[unix.SizeofInotifyEvent:size], []byte{0})
		names = append(names, string(name))
		buf = buf[size:]
	}
	return names
}
