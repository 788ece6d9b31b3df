package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"syscall"

	"golang.org/x/term"
)

// outlet is standard output. It remembers why it could not be written, so that no verb ends as if all had
// been printed.
type outlet struct {
	io.Writer
	terminal bool // at the start: one that has hung up is none any more

	mu  sync.Mutex // guards what follows: a console writes from a goroutine of its own
	err error      // the first one
}

func newOutlet(w io.Writer) *outlet {
	return &outlet{Writer: w, terminal: isTerminal(w)}
}

func (o *outlet) Write(p []byte) (int, error) {
	n, err := o.Writer.Write(p)
	if err != nil {
		o.mu.Lock()
		if o.err == nil {
			o.err = err
		}
		o.mu.Unlock()
	}
	return n, err
}

// failure is why not everything was written; nil also if the reader has simply gone.
func (o *outlet) failure() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.err == nil, errors.Is(o.err, syscall.EPIPE), errors.Is(o.err, syscall.ECONNRESET), errors.Is(o.err, io.ErrClosedPipe),
		o.terminal && errors.Is(o.err, syscall.EIO):
		return nil
	}
	return fmt.Errorf("write to standard output: %w", cause(o.err))
}

// cause is an error without the name of the file, which for a standard stream the user has not chosen.
func cause(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// fileOf is the file of a stream, nil if it has none.
func fileOf(w io.Writer) *os.File {
	if o, ok := w.(*outlet); ok {
		w = o.Writer
	}
	f, _ := w.(*os.File)
	return f
}

func isTerminal(w io.Writer) bool {
	f := fileOf(w)
	return f != nil && term.IsTerminal(int(f.Fd()))
}

// openLog opens the file of --log-file. Writing to a FIFO waits for its reader, and a loop must not wait.
func openLog(path string) (*os.File, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() && path != os.DevNull {
		return nil, usageError{fmt.Errorf("--log-file %s: not a regular file", path), "devloop"}
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open log file: %w", err)
	}
	return f, nil
}

// reportedLog is a log file that reports once that it cannot be written.
type reportedLog struct {
	*os.File
	once   sync.Once
	report func(error)
}

func (l *reportedLog) Write(p []byte) (int, error) {
	n, err := l.File.Write(p)
	if err != nil {
		l.once.Do(func() { l.report(fmt.Errorf("write log file: %w; the log ends here", err)) })
	}
	return n, err
}
