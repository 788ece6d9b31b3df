package inputs

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// A file of a table has a line that says so, its entries, and the SHA-256 of both.
const (
	firstLine = "devloop: what files hold, 1\n"
	entrySize = 16 + sha256.Size + 4
)

// What was not used for keptFor is not written again, nor more than keptMost of what this process has not used.
const (
	keptFor  = 14 * 24 * 60 * 60 // seconds
	keptMost = 1 << 18
)

// Load adds what Save has written to the file, if there is one. A file that is damaged, or of another kind, is as good as none.
func (t *Table) Load(path string) error {
	all, err := readTable(path)
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, e := range all {
		t.put(e)
	}
	return err
}

// Save writes the table to the file, for Load, together with what others have written there meanwhile; its directory is made.
// Without news nothing is written.
func (t *Table) Save(path string) error {
	t.mu.Lock()
	news := t.fresh
	t.mu.Unlock()
	if news == 0 {
		return nil
	}
	before, err := readTable(path) // two that save at once may each miss what the other adds: it is read again then
	if err != nil {
		return err
	}
	t.mu.Lock()
	all := make([]entry, 0, t.count+len(before))
	for i := range t.slots {
		if t.slots[i].used != 0 {
			all = append(all, t.slots[i])
		}
	}
	mine := len(all)
	for _, e := range before {
		if at := t.slot(e.is); at == nil || at.used == 0 {
			all = append(all, e)
		}
	}
	t.mu.Unlock()
	now := seconds(t.clock())
	all = slices.DeleteFunc(all, func(e entry) bool { return e.used+keptFor < now })
	slices.SortFunc(all, func(a, b entry) int { return cmp.Compare(b.used, a.used) })
	if err := writeTable(path, all[:min(len(all), max(keptMost, mine))]); err != nil {
		return err
	}
	t.mu.Lock()
	t.fresh -= news
	t.mu.Unlock()
	return nil
}

// readTable reads the entries of a file; none if it is no such file.
func readTable(path string) ([]entry, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
		return nil, err
	}
	entries, is := bytes.CutPrefix(data, []byte(firstLine))
	n := len(entries) - sha256.Size
	if !is || n < 0 || n%entrySize != 0 || sha256.Sum256(data[:len(data)-sha256.Size]) != [sha256.Size]byte(entries[n:]) {
		return nil, nil
	}
	all := make([]entry, n/entrySize)
	for i := range all {
		b := entries[i*entrySize:]
		all[i] = entry{identity(b), [sha256.Size]byte(b[16:]), max(1, binary.LittleEndian.Uint32(b[16+sha256.Size:]))}
	}
	return all, nil
}

func writeTable(path string, all []entry) (err error) {
	data := append(make([]byte, 0, len(firstLine)+len(all)*entrySize+sha256.Size), firstLine...)
	for i := range all {
		data = append(append(data, all[i].is[:]...), all[i].sum[:]...)
		data = binary.LittleEndian.AppendUint32(data, all[i].used)
	}
	sum := sha256.Sum256(data)
	data = append(data, sum[:]...)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	removeOld(path)
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".new-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	if _, err := f.Write(data); err != nil {
		f.Close()
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// removeOld removes what was being written when a process was killed.
func removeOld(path string) {
	left, _ := filepath.Glob(path + ".new-*") // the pattern is none that is wrong
	for _, file := range left {
		if info, err := os.Stat(file); err == nil && time.Since(info.ModTime()) > time.Hour {
			os.Remove(file)
		}
	}
}
