package runner

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"
)

// scratch is a directory for files that commands read. It is made with the first file, and again if it was
// cleaned away. It is safe for concurrent use; write and close may have to wait for a disk.
type scratch struct {
	dir  string
	made func(dir string) // called when it has been made; may be nil

	mu   sync.Mutex // guards used, and the files
	used bool       // it was made
}

// newScratch chooses an unpredictable name, and makes nothing yet.
func newScratch(made func(dir string)) *scratch {
	return &scratch{dir: filepath.Join(os.TempDir(), "devloop-"+rand.Text()), made: made}
}

// path is the list of a node's run or generation.
func (s *scratch) path(num int, node string) string {
	return filepath.Join(s.dir, node+"-"+strconv.Itoa(num)+".changed")
}

// write writes a list, unless an earlier stage of the run has. For a process that reads its files again it is
// written again.
func (s *scratch) write(list changedList, paths []string, again bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	path := s.path(list.num, list.node)
	if _, err := os.Stat(path); err == nil && !again {
		return nil
	}
	if err := s.make(); err != nil {
		return fmt.Errorf("make a directory for changed paths: %w", err)
	}
	past := s.path(list.past, list.node)
	for _, file := range []string{past, withNUL(past)} { // it may have been cleaned away
		_ = os.Remove(file)
	}
	// The one with NUL first: once the other exists, both do.
	for _, file := range []struct{ name, text string }{{withNUL(path), ended(paths, "\x00")}, {path, ended(ofALine(paths), "\n")}} {
		if err := os.WriteFile(file.name, []byte(file.text), 0o600); err != nil {
			return fmt.Errorf("write changed paths: %w", err)
		}
	}
	return nil
}

// make makes the directory, unless it exists. One that others may write in is not used.
func (s *scratch) make() error {
	err := os.Mkdir(s.dir, 0o700)
	if errors.Is(err, fs.ErrNotExist) { // all of the temporary files have been cleaned away
		if err = os.MkdirAll(filepath.Dir(s.dir), 0o700); err == nil {
			err = os.Mkdir(s.dir, 0o700)
		}
	}
	if errors.Is(err, fs.ErrExist) {
		info, err := os.Lstat(s.dir)
		if err == nil && !private(info) {
			err = fmt.Errorf("%s is not the directory that devloop has made", s.dir)
		}
		return err
	}
	if err == nil && s.made != nil {
		s.made(s.dir)
	}
	s.used = s.used || err == nil
	return err
}

// close removes the directory with its content, if it was made.
func (s *scratch) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if info, err := os.Lstat(s.dir); err != nil || !s.used || !private(info) {
		return nil
	}
	return os.RemoveAll(s.dir)
}
