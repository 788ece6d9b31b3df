package cas

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Usage is what a store holds.
type Usage struct {
	Dir                   string
	Bytes, Limit          int64
	Blobs, Results, Notes int
	Oldest                time.Time // when the entry that goes next was used
}

// Usage counts what the store holds. It looks at every entry.
func (s *Store) Usage() (Usage, error) {
	u := Usage{Dir: s.dir, Limit: s.limit}
	all, err := ask(&s.disk, s.all)
	for _, e := range all {
		u.Bytes += e.size
		switch e.kind {
		case blobs:
			u.Blobs++
		case results:
			u.Results++
		case notes:
			u.Notes++
		}
	}
	if len(all) > 0 {
		u.Oldest = all[0].used
	}
	return u, err
}

// Clear removes everything.
func (s *Store) Clear() error {
	return s.disk.do(func(c *call) error { return s.shrink(c, true) })
}

// Trim removes what was not used for the longest time, if the store holds more than it may. Then it looks at every entry;
// else it reads one small file.
func (s *Store) Trim() error {
	return s.disk.do(func(c *call) error {
		if size, err := s.estimate(); err != nil || size <= s.limit {
			return err
		}
		return s.shrink(c, false)
	})
}

// shrink removes entries until the store is a tenth smaller than it may be, or empty. If another process does so, it is left
// to that one.
func (s *Store) shrink(c *call, empty bool) error {
	f, err := s.openLock("trim")
	if err != nil {
		return err
	}
	defer f.Close()
	if !lock(f) && !empty {
		return nil
	}
	s.sweep()
	before, err := s.estimate()
	if err != nil {
		return err
	}
	all, err := s.all(c)
	var size int64
	for _, e := range all {
		size += e.size
	}
	most := s.limit
	switch {
	case empty:
		most = -1
	case size > most:
		most = s.mostBlob()
	}
	for _, e := range all {
		c.step()
		if size <= most {
			break
		}
		if info, err := os.Lstat(e.path); !empty && err == nil && !info.ModTime().Equal(e.modified) {
			continue // it was used just now
		}
		if removed := os.Remove(e.path); removed != nil && !errors.Is(removed, fs.ErrNotExist) {
			err = removed
			continue
		}
		size -= e.size
	}
	return errors.Join(err, s.count(func(now int64) int64 { return size + max(0, now-before) }))
}

// An item is an entry, as it was found.
type item struct {
	kind, path     string
	size           int64 // on the disk
	modified, used time.Time
}

// all are the entries, the longest unused first.
func (s *Store) all(c *call) ([]item, error) {
	var all []item
	var failed error
	now := s.now()
	for _, kind := range []string{blobs, results, notes} {
		dirs, err := os.ReadDir(filepath.Join(s.dir, kind))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			failed = err
		}
		for _, dir := range dirs {
			if !dir.IsDir() {
				continue
			}
			path := filepath.Join(s.dir, kind, dir.Name())
			entries, err := os.ReadDir(path)
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				failed = err
			}
			for _, entry := range entries {
				c.step()
				if info, err := entry.Info(); err == nil {
					all = append(all, item{kind, filepath.Join(path, entry.Name()), onDisk(info.Size()), info.ModTime(), used(info.ModTime(), now)})
				}
			}
		}
	}
	slices.SortFunc(all, func(a, b item) int {
		if c := a.used.Compare(b.used); c != 0 {
			return c
		}
		return a.modified.Compare(b.modified)
	})
	return all, failed
}

// used is when an entry was used. A time in the future is of a clock that has been set back since: then nobody knows, and the
// entry is neither the first nor the last to go.
func used(modified, now time.Time) time.Time {
	if modified.Sub(now) > recently {
		return now.Add(-24 * time.Hour)
	}
	return modified
}

// onDisk is how much of a disk a file of so many bytes takes.
func onDisk(size int64) int64 { return (size + 4095) &^ 4095 }

// The estimate of the store's size is a file with a decimal number. It may be too large: each entry is added before it is
// there, and one that replaces another is added too. It is made right when it exceeds the limit.

const estimateDigits = 19

// estimate reads the estimate. If there is none, it is as large as can be.
func (s *Store) estimate() (int64, error) {
	text, err := os.ReadFile(filepath.Join(s.dir, "size"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, err
	}
	return parseEstimate(text), nil
}

func parseEstimate(text []byte) int64 {
	n, err := strconv.ParseInt(strings.TrimSuffix(string(text), "\n"), 10, 64)
	if err != nil || n < 0 || len(text) != estimateDigits+1 {
		return math.MaxInt64
	}
	return n
}

// grow adds a file of so many bytes to the estimate.
func (s *Store) grow(size int64) error {
	return s.count(func(now int64) int64 {
		if now > math.MaxInt64-onDisk(size) {
			return math.MaxInt64
		}
		return now + onDisk(size)
	})
}

// count changes the estimate.
func (s *Store) count(change func(int64) int64) error {
	f, err := s.openLock("size")
	if err != nil {
		return err
	}
	defer f.Close()
	for tries := 0; !lock(f); tries++ {
		if tries == 50 { // whoever has it locked is stopped, or its disk is: the number is not known then
			return os.Remove(f.Name())
		}
		<-time.After(time.Millisecond)
	}
	var text [estimateDigits + 2]byte
	n, _ := f.ReadAt(text[:], 0)
	_, err = f.WriteAt(fmt.Appendf(nil, "%0*d\n", estimateDigits, change(parseEstimate(text[:n]))), 0)
	return err
}

// openLock opens a file that processes lock. Locked or not, it stays where it is.
func (s *Store) openLock(name string) (*os.File, error) {
	path := filepath.Join(s.dir, name)
	f, err := openTemporary(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(s.dir, 0o700); err != nil {
			return nil, err
		}
		return openTemporary(path)
	}
	return f, err
}
