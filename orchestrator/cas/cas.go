// Package cas is a store on this machine's disk: contents by their digests (blobs), results of actions by their keys, and
// small notes by names. It is bounded: what was not used for the longest time goes first. Several processes may use one
// store, and each may be killed at any time: an entry is whole, or it is missing. Nothing here is worth an error that stops
// work: who cannot read does without, and who cannot write has nothing kept.
package cas

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"devloop/orchestrator/reapi"
)

// errMissing is returned for what is not in the store, or was damaged there.
var errMissing = errors.New("not in the store")

// A Store is a directory. Its methods may be called by several goroutines. It holds nothing open between calls.
type Store struct {
	dir   string
	limit int64
	now   func() time.Time
	disk  disk
	swept sync.Once
}

// Open opens the store in dir, which it makes if it is missing; only this user may have the right to write there. The store
// keeps at most limit bytes.
func Open(dir string, limit int64) (*Store, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	s := &Store{dir: dir, limit: limit, now: time.Now}
	err = s.disk.do(func(*call) error {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
		info, err := os.Stat(dir)
		if err != nil {
			return err
		}
		return private(info)
	})
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", dir, err)
	}
	return s, nil
}

// The kinds of entries, each a directory below the store's with 256 others in it.
const (
	blobs   = "blobs"
	results = "results"
	notes   = "notes"
)

// temporaries is the directory of what is being written.
const temporaries = "tmp"

// entry is the file of an entry.
func (s *Store) entry(kind string, hash [sha256.Size]byte) string {
	name := hex.EncodeToString(hash[:])
	return filepath.Join(s.dir, kind, name[:2], name)
}

// open opens an entry and marks it as used.
func (s *Store) open(path string) (*os.File, fs.FileInfo, error) {
	f, err := openEntry(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, errMissing
	}
	var info fs.FileInfo
	if err == nil {
		info, err = f.Stat()
	}
	if err != nil || !info.Mode().IsRegular() {
		_ = f.Close()
		if named, lerr := os.Lstat(path); lerr == nil && !named.Mode().IsRegular() {
			err = errors.Join(errMissing, os.Remove(path)) // a symbolic link, or whatever else is no entry
		}
		return nil, nil, cmp.Or(err, errMissing)
	}
	s.use(path, info)
	return f, info, nil
}

// recently is how much of a use may be forgotten: marking every one would cost more.
const recently = time.Minute

// use marks an entry as used. That it cannot be marked, in a store that is read-only, does not matter.
func (s *Store) use(path string, info fs.FileInfo) {
	if now := s.now(); now.Sub(info.ModTime()).Abs() > recently {
		_ = os.Chtimes(path, time.Time{}, now)
	}
}

// Has is whether a blob is there. It counts as used.
func (s *Store) Has(d reapi.Digest) bool {
	return s.disk.do(func(*call) error {
		path := s.entry(blobs, d.Hash)
		info, err := os.Lstat(path)
		if err != nil || !info.Mode().IsRegular() || info.Size() != d.Size {
			return errMissing
		}
		s.use(path, info)
		return nil
	}) == nil
}

// A temporary is a file that is being written. It is locked as long as somebody writes it, so that those of killed processes
// are known.
type temporary struct{ *os.File }

// create makes a temporary in the store. The first one of a process removes those of killed ones.
func (s *Store) create() (temporary, error) {
	s.swept.Do(s.sweep)
	dir := filepath.Join(s.dir, temporaries)
	for {
		f, err := os.CreateTemp(dir, "*") // of mode 0600
		if errors.Is(err, fs.ErrNotExist) {
			if err := os.MkdirAll(dir, 0o700); err != nil {
				return temporary{}, err
			}
			continue
		}
		if err != nil {
			return temporary{}, err
		}
		if lock(f) && named(f) {
			return temporary{f}, nil
		}
		_ = f.Close() // another process took it for one of a killed process
	}
}

// sweep removes the temporaries of processes that were killed.
func (s *Store) sweep() {
	dir := filepath.Join(s.dir, temporaries)
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if f, err := openEntry(path); err == nil {
			if abandoned(f) {
				_ = os.Remove(path)
			}
			_ = f.Close()
		}
	}
}

// named is whether f still has the name by which it was opened.
func named(f *os.File) bool {
	opened, err := f.Stat()
	if err != nil {
		return false
	}
	named, err := os.Lstat(f.Name())
	return err == nil && os.SameFile(opened, named)
}

// discard removes a temporary that was not moved to its place.
func (t temporary) discard() {
	_ = os.Remove(t.Name())
	_ = t.Close()
}

// mostBlob is how large a blob may be: as much as a trimmed store may hold.
func (s *Store) mostBlob() int64 { return s.limit - s.limit/10 }

// keep makes a temporary the entry at path. The temporary is closed in any case.
func (s *Store) keep(t temporary, path string, size int64) error {
	err := s.grow(size)
	if err == nil {
		err = moveOpen(t.File, path)
	}
	if errors.Is(err, fs.ErrNotExist) {
		if err = os.MkdirAll(filepath.Dir(path), 0o700); err == nil {
			err = moveOpen(t.File, path)
		}
	}
	if err != nil {
		t.discard()
	}
	return err
}

// A buffer is for copying: large enough that the system is asked seldom.
type buffer [256 << 10]byte

var buffers = sync.Pool{New: func() any { return new(buffer) }}

// Dir is where the store is.
func (s *Store) Dir() string { return s.dir }
