package console

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"sync"
)

// spoolMemory is how many bytes a spool keeps before it moves to a file.
const spoolMemory = 128 << 10

// Spool keeps the output of a stage until it is known whether anybody needs to
// see it: in memory while it is small, then in a temporary file. It is safe
// for concurrent use. Whoever made it calls Close.
type Spool struct {
	Dir string // where the file is made; "" or one that is gone: where the system has temporary files

	mu   sync.Mutex // guards all below
	mem  []byte
	file *os.File
	size int64
	rows int
	err  error // the file could not be written: what came later is lost
}

// Write keeps a block. It never fails: what cannot be kept is told by replay.
func (s *Spool) Write(block []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.size += int64(len(block))
	s.rows += bytes.Count(block, []byte{'\n'})
	if s.file == nil && len(s.mem)+len(block) <= spoolMemory {
		s.mem = append(s.mem, block...)
		return len(block), nil
	}
	if s.file == nil && s.err == nil {
		s.file, s.err = os.CreateTemp(s.Dir, "output-*")
		if s.err != nil {
			s.file, s.err = os.CreateTemp("", "devloop-output-*")
		}
		if s.err == nil {
			os.Remove(s.file.Name()) // open files live on; Windows removes it at Close
			_, s.err = s.file.Write(s.mem)
			s.mem = nil
		}
	}
	if s.err == nil {
		_, s.err = s.file.Write(block)
	}
	return len(block), nil
}

// Size is how many bytes were written.
func (s *Spool) Size() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.size
}

// lines is how many lines were written.
func (s *Spool) lines() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rows
}

// replay hands everything that was kept before the call to emit, in blocks of
// whole lines. Several may replay at a time; Close waits for none of them.
func (s *Spool) replay(emit func(block []byte)) error {
	s.mu.Lock()
	mem, size, lost := s.mem, s.size, s.err
	var kept io.Reader
	if s.file != nil {
		kept = io.NewSectionReader(s.file, 0, size)
	}
	s.mu.Unlock()
	if kept == nil {
		if len(mem) > 0 {
			emit(mem)
		}
		return lost
	}
	buf := make([]byte, 256<<10) // more than the longest line that a command hands over
	held := 0
	for {
		n, err := kept.Read(buf[held:])
		held += n
		if err != nil || held == len(buf) {
			whole := lastLine(buf[:held])
			if err != nil || whole == 0 {
				whole = held // the end, or a line longer than the buffer
			}
			if whole > 0 {
				emit(buf[:whole])
			}
			held = copy(buf, buf[whole:held])
		}
		switch err {
		case nil:
		case io.EOF:
			return lost
		default:
			return fmt.Errorf("read kept output: %w", err)
		}
	}
}

// lastLine is the length of the whole lines in b.
func lastLine(b []byte) int {
	for i := len(b); i > 0; i-- {
		if b[i-1] == '\n' {
			return i
		}
	}
	return 0
}

// Close drops what was kept.
func (s *Spool) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mem = nil
	if s.file == nil {
		return nil
	}
	name, err := s.file.Name(), s.file.Close()
	os.Remove(name) // where an open file could not be removed
	s.file = nil
	return err
}
