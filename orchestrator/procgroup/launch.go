package procgroup

import (
	"fmt"
	"os"
)

// launch holds what a start needs until the command runs: the image and the child's side of its descriptors.
type launch struct {
	image  *image
	stdin  *os.File
	write  *os.File // the child's standard output and error
	files  []*os.File
	copied bool // files are duplicates of the caller's

	byNumber bool // see tuning

	reader *os.File  // the other end of write, or nil
	term   *Terminal // the same as a terminal, with Spec.PTY
	output func(Block)
	open   func([]byte) // Spec.Unfinished
}

// newLaunch looks everything up and opens the standard descriptors.
func newLaunch(spec Spec) (*launch, error) {
	img, err := prepare(spec)
	if err != nil {
		return nil, err
	}
	l := &launch{image: img, files: spec.Files, output: spec.Output, open: spec.Unfinished}
	if spec.PTY != nil {
		if err := l.openTerminal(*spec.PTY); err != nil {
			return nil, fmt.Errorf("start %s: %w", spec.Argv[0], err)
		}
		return l, nil
	}
	if l.stdin, err = os.Open(os.DevNull); err != nil {
		return nil, fmt.Errorf("start %s: %w", spec.Argv[0], err)
	}
	if spec.Output == nil {
		l.write, err = os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	} else {
		l.reader, l.write, err = outputPipe()
	}
	if err != nil {
		l.abandon()
		return nil, fmt.Errorf("start %s: %w", spec.Argv[0], err)
	}
	return l, nil
}

// openTerminal makes a terminal all three of the command's standard files.
func (l *launch) openTerminal(size PTYSize) error {
	term, slave, err := openTerminal(size)
	if err != nil {
		return err
	}
	l.term, l.reader, l.stdin, l.write = term, term.master, slave, slave
	return nil
}

// copyOutput passes on what the group writes until no process can write any more. over is closed when the
// group is gone.
func (l *launch) copyOutput(over <-chan struct{}) {
	if l.term == nil {
		deliver(l.reader, l.output, l.open)
		return
	}
	l.term.deliver(l.output, l.open)
	// A closing terminal hangs up on its session, which must not kill programs that only closed their
	// standard files.
	<-over
	l.term.end()
}

// fork tries to start the command. Its error is ETXTBSY if it may be tried again.
func (l *launch) fork() (*tree, error) {
	t, err := l.image.fork(l.stdin, l.write, l.files)
	if err != nil {
		return nil, err
	}
	if l.byNumber {
		t.forgetHandle()
	}
	return t, nil
}

// detach makes the launch independent of the caller's files.
func (l *launch) detach() error {
	copies, err := duplicate(l.files)
	if err != nil {
		return err
	}
	l.files, l.copied = copies, true
	return nil
}

// release closes the child's side, which the child now has.
func (l *launch) release() {
	for _, f := range []*os.File{l.stdin, l.write} {
		if f != nil {
			_ = f.Close() // nothing was written through it here
		}
	}
	if l.copied {
		closeAll(l.files)
	}
}

// abandon closes both sides: there will be no child.
func (l *launch) abandon() {
	l.release()
	if l.term != nil {
		l.term.end()
		return
	}
	if l.reader != nil {
		_ = l.reader.Close() // nothing was read from it
	}
}
