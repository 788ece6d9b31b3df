package cas

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"os"

	"devloop/orchestrator/reapi"
)

// mostRecord is how large a result or a note may be, in bytes.
const mostRecord = 32 << 20

// Result is what PutResult was given for key; an error if it is not there or damaged. It counts as used.
func (s *Store) Result(key reapi.Digest) ([]byte, error) { return s.record(results, key.Hash) }

// PutResult keeps the result of an action, whose blobs have been stored before.
func (s *Store) PutResult(key reapi.Digest, result []byte) error {
	return s.putRecord(results, key.Hash, result)
}

// Note is what PutNote was given for name; an error if it is not there or damaged. It counts as used.
func (s *Store) Note(name string) ([]byte, error) {
	return s.record(notes, sha256.Sum256([]byte(name)))
}

// PutNote keeps a note, in place of the one that has the name already.
func (s *Store) PutNote(name string, note []byte) error {
	return s.putRecord(notes, sha256.Sum256([]byte(name)), note)
}

// checksum is what a record begins with. It depends on what the record is for, too.
func checksum(hash [sha256.Size]byte, data []byte) []byte {
	h := sha256.New()
	h.Write(hash[:])
	h.Write(data)
	return h.Sum(nil)
}

func (s *Store) record(kind string, hash [sha256.Size]byte) ([]byte, error) {
	return ask(&s.disk, func(*call) ([]byte, error) { return s.readRecord(kind, hash) })
}

func (s *Store) readRecord(kind string, hash [sha256.Size]byte) ([]byte, error) {
	path := s.entry(kind, hash)
	f, _, err := s.open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, mostRecord+sha256.Size+1))
	if err != nil {
		return nil, err
	}
	if len(data) < sha256.Size || !bytes.Equal(data[:sha256.Size], checksum(hash, data[sha256.Size:])) {
		_ = os.Remove(path)
		return nil, errMissing
	}
	return data[sha256.Size:], nil
}

func (s *Store) putRecord(kind string, hash [sha256.Size]byte, data []byte) error {
	if len(data) > mostRecord {
		return errors.New("the record is too large")
	}
	data = append(checksum(hash, data), data...)
	return s.disk.do(func(*call) error {
		t, err := s.create()
		if err != nil {
			return err
		}
		if _, err := t.Write(data); err != nil {
			t.discard()
			return err
		}
		return s.keep(t, s.entry(kind, hash), int64(len(data)))
	})
}
