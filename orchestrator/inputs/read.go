package inputs

import (
	"context"
	"crypto/sha256"
	"errors"
	"hash"
	"io/fs"
	"sync"
	"syscall"

	"devloop/orchestrator/plainfile"
	"devloop/orchestrator/reapi"
)

// tries is how often a file is read that changes while it is read.
const tries = 3

// read reads a file, whatever is known of it.
func (t *Table) read(ctx context.Context, path string) (f File, ok bool, err error) {
	for range tries {
		f, at, err := t.ask(path)
		if err != nil || f.Link != "" || at.Kind != plainfile.Regular {
			return f, f.Link != "", err
		}
		began := t.clock()
		sum, same, err := hashFile(ctx, path, at)
		if err != nil {
			return f, false, gone(path, err)
		}
		if same {
			t.Note(at, began, sum)
			t.mu.Lock()
			f.Digest, f.age = reapi.Digest{Hash: sum, Size: at.Size}, t.ageOf(at, began)
			t.mu.Unlock()
			if f.age >= fresh {
				f.until = t.nextStep(at)
			}
			return f, true, nil
		}
	}
	return File{}, false, errors.New(path + " changes all the time")
}

// hashFile reads a file of which the system has said this; false if it says something else after that.
func hashFile(ctx context.Context, path string, at plainfile.Stat) (sum [sha256.Size]byte, same bool, err error) {
	file, err := plainfile.Open(path)
	if err != nil {
		return sum, false, err
	}
	defer file.Close()
	r := readers.Get().(*reader)
	defer readers.Put(r)
	r.hash.Reset()
	size := int64(0)
	for n := 1; n > 0 && (size < at.Size || size == 0); size += int64(n) { // it may grow without end
		if n, err = file.Read(r.buf[:]); err != nil {
			return sum, false, err
		}
		r.hash.Write(r.buf[:n])
		if ctx.Err() != nil {
			return sum, false, context.Cause(ctx)
		}
	}
	r.hash.Sum(sum[:0])
	end, err := file.Stat()
	return sum, end == at && size == at.Size, err
}

type reader struct {
	hash hash.Hash
	buf  [64 << 10]byte
}

var readers = sync.Pool{New: func() any { return &reader{hash: sha256.New()} }}

func leadsNowhere(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ELOOP) || notADirectory(err)
}

func notADirectory(err error) bool { return errors.Is(err, syscall.ENOTDIR) }
