package cas

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"devloop/orchestrator/reapi"
)

var errTooLarge = errors.New("larger than what the store may hold (" + sizeVariable + ")")

// Put stores what r has, to its end.
func (s *Store) Put(r io.Reader) (reapi.Digest, error) {
	return ask(&s.disk, func(c *call) (reapi.Digest, error) {
		t, err := s.create()
		if err != nil {
			return reapi.Digest{}, err
		}
		d, err := c.copy(t, c.from(r), s.mostBlob())
		return s.keepBlob(t, d, err)
	})
}

// PutFile stores the content of a regular file. A file that changes meanwhile is an error.
func (s *Store) PutFile(path string) (reapi.Digest, error) {
	return ask(&s.disk, func(c *call) (reapi.Digest, error) { return s.putFile(c, path) })
}

func (s *Store) putFile(c *call, path string) (reapi.Digest, error) {
	from, err := openEntry(path)
	if err != nil {
		return reapi.Digest{}, err
	}
	defer from.Close()
	before, err := from.Stat()
	switch {
	case err != nil:
		return reapi.Digest{}, err
	case !before.Mode().IsRegular():
		return reapi.Digest{}, errors.New(path + " is no file")
	case before.Size() > s.mostBlob():
		return reapi.Digest{}, fmt.Errorf("%s: %w", path, errTooLarge)
	}
	t, err := s.create()
	if err != nil {
		return reapi.Digest{}, err
	}
	t, d, err := c.copyFile(t, from, s.mostBlob())
	if err == nil {
		var after fs.FileInfo
		if after, err = from.Stat(); err == nil && (after.Size() != d.Size || !same(before, after)) {
			err = errors.New(path + " changed while it was read")
		}
	}
	return s.keepBlob(t, d, err)
}

// keepBlob makes t the blob with digest d, unless writing it went wrong.
func (s *Store) keepBlob(t temporary, d reapi.Digest, err error) (reapi.Digest, error) {
	if err != nil {
		t.discard()
		return reapi.Digest{}, err
	}
	if err := s.keep(t, s.entry(blobs, d.Hash), d.Size); err != nil {
		return reapi.Digest{}, err
	}
	return d, nil
}

// copyFile makes a copy of from in a temporary, and says what it is a copy of: at most so many bytes. The temporary may be
// another one then.
func (c *call) copyFile(to temporary, from *os.File, most int64) (temporary, reapi.Digest, error) {
	to, cloned := clone(to, from)
	if cloned {
		d, err := c.copy(io.Discard, to, most)
		return to, d, err
	}
	d, err := c.copy(to, from, most)
	return to, d, err
}

// copy copies, and says what it has copied.
func (c *call) copy(w io.Writer, r io.Reader, most int64) (reapi.Digest, error) {
	var d reapi.Digest
	h := sha256.New()
	buf := buffers.Get().(*buffer)
	defer buffers.Put(buf)
	for ; ; c.step() {
		n, err := r.Read(buf[:])
		if d.Size += int64(n); d.Size > most {
			return d, errTooLarge
		}
		h.Write(buf[:n])
		if _, err := w.Write(buf[:n]); err != nil {
			return d, err
		}
		if err == io.EOF {
			h.Sum(d.Hash[:0])
			return d, nil
		}
		if err != nil {
			return d, err
		}
	}
}

// openBlob opens a blob, of which only the size was looked at.
func (s *Store) openBlob(d reapi.Digest) (*os.File, error) {
	path := s.entry(blobs, d.Hash)
	f, info, err := s.open(path)
	if err != nil {
		return nil, err
	}
	if info.Size() != d.Size {
		_ = f.Close()
		_ = os.Remove(path)
		return nil, errMissing
	}
	return f, nil
}

// Open opens a blob. A damaged one is found by its end at the latest: reading fails, and it is removed.
func (s *Store) Open(d reapi.Digest) (io.ReadCloser, error) {
	f, err := ask(&s.disk, func(*call) (*os.File, error) { return s.openBlob(d) })
	if err != nil {
		return nil, err
	}
	return &reader{disk: &s.disk, file: f, left: d.Size, digest: d, hash: sha256.New(), buf: buffers.Get().(*buffer)}, nil
}

// A reader checks what it reads.
type reader struct {
	disk   *disk
	file   *os.File
	left   int64 // what is to be read yet
	digest reapi.Digest
	hash   hash.Hash
	buf    *buffer
	have   []byte // of the buffer: read, and not asked for yet
	err    error  // after that
}

func (r *reader) Read(p []byte) (int, error) {
	if len(r.have) == 0 && r.err == nil {
		r.fill()
	}
	if len(r.have) == 0 {
		return 0, r.err
	}
	n := copy(p, r.have)
	r.have = r.have[n:]
	return n, nil
}

// fill reads more. The last part is had only when all is known to be right.
func (r *reader) fill() {
	n, err := ask(r.disk, func(*call) (int, error) {
		return io.ReadFull(r.file, r.buf[:min(r.left, int64(len(r.buf)))])
	})
	if err == nil {
		r.hash.Write(r.buf[:n])
		if r.left -= int64(n); r.left == 0 {
			r.err = io.EOF
		}
	}
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), r.err != nil && [sha256.Size]byte(r.hash.Sum(nil)) != r.digest.Hash:
		_ = os.Remove(r.file.Name())
		r.err = fmt.Errorf("%s: %w: it is damaged", r.file.Name(), errMissing)
	case err != nil:
		r.err = err
	default:
		r.have = r.buf[:n]
	}
}

// Close closes the file. Where the disk has hung, somebody may still write to the buffer, and it is not used again.
func (r *reader) Close() error {
	if r.buf != nil && !errors.Is(r.err, errHung) {
		buffers.Put(r.buf)
	}
	r.buf, r.have, r.err = nil, nil, fs.ErrClosed
	return r.file.Close()
}

// Restore makes path a file with a blob's content and with the permissions of mode. It is there as a whole or, with an error,
// as it was before. Directories that are missing are made. What path was before is replaced, also if it is a symbolic link;
// a directory is not.
func (s *Store) Restore(d reapi.Digest, path string, mode fs.FileMode) error {
	return s.disk.do(func(c *call) error { return s.restore(c, d, path, mode) })
}

func (s *Store) restore(c *call, d reapi.Digest, path string, mode fs.FileMode) error {
	from, err := s.openBlob(d)
	if err != nil {
		return err
	}
	defer from.Close()
	t, err := beside(path)
	if err != nil {
		return err
	}
	t, copied, err := c.copyFile(t, from, d.Size)
	if err == nil && copied != d {
		_ = os.Remove(from.Name())
		err = errMissing
	}
	if err == nil {
		err = t.Chmod(mode.Perm())
	}
	if err == nil {
		err = c.finish()
	}
	if err == nil {
		err = moveOpen(t.File, path)
	}
	if err != nil {
		t.discard()
	}
	return err
}

// beside makes a temporary in the directory of path. It has a name that the next one for path has too, so that a killed
// process leaves at most one, and that not for ever.
func beside(path string) (temporary, error) {
	dir, base := filepath.Split(path)
	hash := sha256.Sum256([]byte(base))
	name := filepath.Join(dir, ".devloop-"+hex.EncodeToString(hash[:8])+"~")
	f, err := openTemporary(name)
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(filepath.Clean(dir), 0o777); err != nil {
			return temporary{}, err
		}
		f, err = openTemporary(name)
	}
	if err == nil {
		if alone(f) && named(f) {
			if err := f.Truncate(0); err != nil {
				temporary{f}.discard()
				return temporary{}, err
			}
			return temporary{f}, nil
		}
		_ = f.Close()
	}
	f, err = os.CreateTemp(dir, ".devloop-*~") // another process is at it
	if err != nil {
		return temporary{}, err
	}
	return temporary{f}, nil
}
