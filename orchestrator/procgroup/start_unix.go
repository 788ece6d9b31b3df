//go:build unix

package procgroup

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// defaultPath is searched when the environment has no PATH.
const defaultPath = "/usr/local/bin:/usr/bin:/bin"

// shell runs text files that do not say what runs them.
const shell = "/bin/sh"

// image is a command made ready for exec: everything looked up, nothing open.
type image struct {
	path string // of the program, for this process
	exec string // the same as the child spells it, in its directory
	argv []string
	dir  string
	env  []string

	terminal bool // its standard input becomes its controlling terminal
	nice     int
	identity identity
}

// prepare looks the program up as a shell in dir would.
func prepare(spec Spec) (*image, error) {
	if len(spec.Argv) == 0 || spec.Argv[0] == "" {
		return nil, fmt.Errorf("start command: it is empty: %w", ErrNotFound)
	}
	name := spec.Argv[0]
	img := &image{argv: spec.Argv, env: spec.Env, dir: spec.Dir, terminal: spec.PTY != nil, nice: spec.Nice, identity: identity{mark: spec.Mark, keep: spec.KeepDaemons}}
	if img.env == nil {
		img.env = os.Environ()
	}
	img.env = withMark(img.env, spec.Mark)
	if img.dir != "" {
		abs, err := filepath.Abs(img.dir)
		if err != nil {
			return nil, fmt.Errorf("start %s: %w %s: %w", name, errDir, img.dir, err)
		}
		img.dir = abs
		st, err := os.Stat(abs)
		if err != nil {
			return nil, fmt.Errorf("start %s: %w %s: %w", name, errDir, abs, bare(err))
		}
		if !st.IsDir() {
			return nil, fmt.Errorf("start %s: %w %s: %w", name, errDir, abs, syscall.ENOTDIR)
		}
		img.env = append(img.env[:len(img.env):len(img.env)], "PWD="+abs)
	}
	img.env = lastOfEach(img.env)
	if err := img.lookup(name); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	return img, nil
}

// lastOfEach keeps the last value of every name: the C library's getenv would find the first, other runtimes
// the last.
func lastOfEach(env []string) []string {
	last := make(map[string]int, len(env))
	for i, kv := range env {
		name, _, _ := strings.Cut(kv, "=")
		last[name] = i
	}
	kept := make([]string, 0, len(last))
	for i, kv := range env {
		if name, _, ok := strings.Cut(kv, "="); ok && last[name] == i {
			kept = append(kept, kv)
		}
	}
	return kept
}

// lookup finds a program as execvp does: entries of PATH without such a file are skipped, and so are those
// where it may not be executed, which are remembered for the error.
func (img *image) lookup(name string) error {
	if strings.Contains(name, "/") {
		img.exec, img.path = name, img.from(name)
		if err := executable(img.path); err != nil {
			return startError(img.path, err)
		}
		return nil
	}
	list := defaultPath
	for _, kv := range img.env {
		if v, ok := strings.CutPrefix(kv, "PATH="); ok {
			list = v
		}
	}
	denied := ""
	for entry := range strings.SplitSeq(list, ":") {
		if entry == "" {
			entry = "." // POSIX: an empty entry is the current directory
		}
		img.exec = entry + "/" + name
		img.path = img.from(img.exec)
		err := executable(img.path)
		if err == nil {
			return nil
		}
		if errors.Is(err, fs.ErrPermission) && denied == "" {
			denied = img.path
		}
	}
	if denied != "" {
		return fmt.Errorf("%w: %s", ErrPermission, denied)
	}
	return fmt.Errorf("%w in PATH", ErrNotFound)
}

// from is the child's path as seen from this process.
func (img *image) from(path string) string {
	if filepath.IsAbs(path) || img.dir == "" {
		return path
	}
	return img.dir + "/" + path // not Join: "link/.." must stay what it is
}

func executable(path string) error {
	st, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !st.Mode().IsRegular() || st.Mode()&0o111 == 0 {
		return syscall.EACCES
	}
	// Access lists and read-only or noexec mounts know more than the mode.
	err = unix.Faccessat(unix.AT_FDCWD, path, unix.X_OK, unix.AT_EACCESS)
	if errors.Is(err, unix.EACCES) {
		return err
	}
	return nil
}

// startError turns the system's error for path into one of this package's.
func startError(path string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR):
		if st, serr := os.Stat(path); serr == nil && !st.IsDir() {
			return fmt.Errorf("%w: %s%s", errInterpreter, path, interpreter(path))
		}
		return fmt.Errorf("%w: no such file %s", ErrNotFound, path)
	case errors.Is(err, fs.ErrPermission):
		if st, serr := os.Stat(path); serr == nil && st.IsDir() {
			return fmt.Errorf("%w: %s is a directory", ErrPermission, path)
		}
		return fmt.Errorf("%w: %s", ErrPermission, path)
	case errors.Is(err, syscall.ENOEXEC):
		return fmt.Errorf("%w: %s", errFormat, path)
	case errors.Is(err, syscall.ETXTBSY):
		return fmt.Errorf("%w: %s", errBusy, path)
	case errors.Is(err, syscall.E2BIG):
		return fmt.Errorf("its arguments and environment are too long: %w", err)
	default:
		return fmt.Errorf("%s: %w", path, err)
	}
}

// interpreter is " (#! /usr/bin/node)" for a script.
func interpreter(path string) string {
	head := head(path)
	line, _, _ := bytes.Cut(head, []byte("\n"))
	if rest, ok := bytes.CutPrefix(line, []byte("#!")); ok {
		text := strings.TrimSpace(string(rest))
		if strings.HasSuffix(string(rest), "\r") {
			return fmt.Sprintf(" (its first line names %q: it ends in a carriage return)", text+"\r")
		}
		return fmt.Sprintf(" (its first line names %s)", text)
	}
	return ""
}

// isText tells a script without "#!" from a binary of another machine by a NUL byte in the first line, as
// shells do.
func isText(path string) bool {
	line, _, _ := bytes.Cut(head(path), []byte("\n"))
	return !bytes.Contains(line, []byte{0}) && !bytes.HasPrefix(line, []byte("#!"))
}

func head(path string) []byte {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	buf := make([]byte, 256)
	n, _ := f.Read(buf)
	return buf[:n]
}

// bare is an error without the operation and the path.
func bare(err error) error {
	if pe := (*fs.PathError)(nil); errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// fork starts the image as the leader of a new session. The files stay the caller's. If the program is open
// for writing somewhere, its error is ETXTBSY.
func (img *image) fork(stdin, output *os.File, files []*os.File) (*tree, error) {
	var (
		t   *tree
		err error
	)
	all := append([]*os.File{stdin, output, output}, files...)
	if passErr := withDescriptors(all, make([]uintptr, 0, len(all)), func(fds []uintptr) error {
		attr := syscall.ProcAttr{Dir: img.dir, Env: img.env, Files: fds, Sys: &syscall.SysProcAttr{Setctty: img.terminal}}
		t, err = forkTree(img.exec, img.argv, attr, img.identity)
		if errors.Is(err, syscall.ENOEXEC) && isText(img.path) {
			t, err = forkTree(shell, append([]string{shell, img.exec}, img.argv[1:]...), attr, img.identity)
		}
		return nil
	}); passErr != nil {
		return nil, fmt.Errorf("start %s: %w", img.argv[0], passErr)
	}
	switch {
	case err == nil:
		img.giveWay(t.pid)
		return t, nil
	case errors.Is(err, syscall.ETXTBSY):
		return nil, err
	default:
		return nil, fmt.Errorf("start %s: %w", img.argv[0], startError(img.path, err))
	}
}

// giveWay sets the priority of a group that has just been started. It fails only if the leader has ended.
func (img *image) giveWay(pid int) {
	if img.nice <= 0 {
		return
	}
	own, err := unix.Getpriority(unix.PRIO_PROCESS, 0)
	switch {
	case err != nil:
		own = 0
	case runtime.GOOS == "linux":
		own = 20 - own // the system call's own scale, getpriority(2)
	}
	_ = unix.Setpriority(unix.PRIO_PGRP, pid, min(own+img.nice, 19))
}
