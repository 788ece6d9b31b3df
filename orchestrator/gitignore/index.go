package gitignore

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash/maphash"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// tracked knows the paths in a repository's index, and the directories above them: what git tracks it does not ignore,
// whatever the rules say. It holds 8 bytes a path, a digest of 64 bits with a seed that nobody can predict.
type tracked struct {
	mu      sync.Mutex // guards what follows
	read    bool
	digests []uint64 // sorted
}

var indexSeed = maphash.MakeSeed()

// has says whether the index of the repository holds a path, or something below it. It is read when that is asked for
// the first time; one that cannot be read holds nothing.
func (r *repository) has(path string) bool {
	if r.common == "" || len(path) <= len(r.top) {
		return false
	}
	name := filepath.ToSlash(strings.TrimPrefix(path[len(r.top):], string(filepath.Separator)))
	t := &r.tracked
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.read {
		t.digests, _ = r.readIndex(nil)
		t.read = true
	}
	_, found := slices.BinarySearch(t.digests, maphash.String(indexSeed, name))
	return found
}

// reread reads the index again, and says whether it holds a path that it did not hold before and that pick picks.
func (r *repository) reread(pick func(path string) bool) (news bool) {
	t := &r.tracked
	t.mu.Lock()
	read, before := t.read, t.digests
	t.mu.Unlock()
	if !read {
		return false // nobody has asked yet: nothing was left out for its sake
	}
	digests, err := r.readIndex(func(name []byte, digest uint64) {
		if _, known := slices.BinarySearch(before, digest); !known && !news {
			news = pick(filepath.Join(r.top, filepath.FromSlash(string(name))))
		}
	})
	if err != nil {
		return false // it is being written: there will be another event
	}
	t.mu.Lock()
	t.digests = digests
	t.mu.Unlock()
	return news
}

// indexFile is where the index of the work tree is; "" without a repository.
func (r *repository) indexFile() string {
	if r.gitDir == "" {
		return ""
	}
	return filepath.Join(r.gitDir, "index")
}

// readIndex returns the digests of what the index holds, sorted. Each path is told, too, if anybody wants to hear it.
func (r *repository) readIndex(tell func(name []byte, digest uint64)) ([]uint64, error) {
	var digests []uint64
	var last []byte // the directory that was taken in last
	take := func(name []byte) {
		digest := maphash.Bytes(indexSeed, name)
		digests = append(digests, digest)
		if tell != nil {
			tell(name, digest)
		}
		// The index is sorted: directories come together.
		for dir := parent(name); len(dir) > 0 && (!bytes.HasPrefix(last, dir) || len(last) != len(dir) && last[len(dir)] != '/'); dir = parent(dir) {
			digests = append(digests, maphash.Bytes(indexSeed, dir))
		}
		last = append(last[:0], parent(name)...)
	}
	shared, err := r.readIndexFile(r.indexFile(), take)
	if err == nil && shared != "" { // what it has replaced since is in both
		last = last[:0]
		_, err = r.readIndexFile(filepath.Join(r.gitDir, "sharedindex."+shared), take)
	}
	if err != nil {
		return nil, err
	}
	slices.Sort(digests)
	return slices.Clip(slices.Compact(digests)), nil
}

// parent is the directory of a slash path; empty at the top.
func parent(name []byte) []byte { return name[:max(0, bytes.LastIndexByte(name, '/'))] }

// largestIndex is more than the largest repositories have: ten million files.
const largestIndex = 1 << 30

func (r *repository) readIndexFile(file string, take func(name []byte)) (shared string, err error) {
	info, err := os.Stat(file)
	switch {
	case err != nil:
		return "", err
	case !info.Mode().IsRegular() || info.Size() > largestIndex:
		return "", errIndex
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	return parseIndex(data, r.hashSize, take)
}

var errIndex = errors.New("not an index of git's that can be read")

// parseIndex calls take for the path of each entry of an index, in its order (gitformat-index(5), versions 2 to 4); the
// path is valid during the call. hash is the length of an object's name. shared names the index that this one is a
// change of, "" if it is whole.
func parseIndex(data []byte, hash int, take func(name []byte)) (shared string, err error) {
	if len(data) < 12+hash || string(data[:4]) != "DIRC" {
		return "", errIndex
	}
	version, count := binary.BigEndian.Uint32(data[4:]), binary.BigEndian.Uint32(data[8:])
	if version < 2 || version > 4 {
		return "", errIndex
	}
	rest := data[12 : len(data)-hash] // a checksum ends it
	fixed := 40 + hash + 2            // times, numbers, sizes; the object; flags
	var name []byte
	for range count {
		if len(rest) < fixed+1 {
			return "", errIndex
		}
		head := fixed
		if flags := binary.BigEndian.Uint16(rest[fixed-2:]); version >= 3 && flags&0x4000 != 0 {
			head += 2 // more flags
		}
		if len(rest) < head {
			return "", errIndex
		}
		text := rest[head:]
		if version == 4 {
			drop, n := offset(text)
			if n == 0 || drop > len(name) {
				return "", errIndex
			}
			text = text[n:]
			end := bytes.IndexByte(text, 0)
			if end < 0 {
				return "", errIndex
			}
			name = append(name[:len(name)-drop], text[:end]...)
			rest = text[end+1:]
		} else {
			end := bytes.IndexByte(text, 0)
			size := (head + end + 8) &^ 7 // one NUL at least, and as many as fill eight bytes
			if end < 0 || size > len(rest) {
				return "", errIndex
			}
			name = text[:end]
			rest = rest[size:]
		}
		if len(name) > 0 { // a split index leaves out the names of entries that it replaces
			take(bytes.TrimSuffix(name, []byte("/"))) // a sparse one holds whole directories
		}
	}
	for len(rest) >= 8 { // extensions
		size := int(binary.BigEndian.Uint32(rest[4:]))
		if size > len(rest)-8 {
			return "", errIndex
		}
		if string(rest[:4]) == "link" && size >= hash && !allZero(rest[8:8+hash]) {
			shared = hex.EncodeToString(rest[8 : 8+hash])
		}
		rest = rest[8+size:]
	}
	return shared, nil
}

func allZero(b []byte) bool { return len(bytes.Trim(b, "\x00")) == 0 }

// offset reads a number as packs have them, 7 bits a byte, the first ones first; n is how many bytes it takes, 0 if it
// is cut off or larger than any path.
func offset(b []byte) (value, n int) {
	for n < len(b) && n < 4 {
		c := b[n]
		n++
		value = value<<7 | int(c&0x7f)
		if c < 0x80 {
			return value, n
		}
		value++
	}
	return 0, 0
}
