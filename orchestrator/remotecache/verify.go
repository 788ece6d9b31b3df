package remotecache

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"

	"devloop/orchestrator/reapi"
)

var errOther = errors.New("the content is not what its digest says")

// verified reads a blob and fails where it is another than its digest says: with its last byte at the latest.
type verified struct {
	d      reapi.Digest
	r      io.Reader
	sum    hash.Hash
	n      int64
	failed error // of the reader, or about what it has read
}

func newVerified(d reapi.Digest, r io.Reader) *verified {
	return &verified{d: d, r: r, sum: sha256.New()}
}

func (v *verified) Read(p []byte) (int, error) {
	if v.failed != nil {
		return 0, v.failed
	}
	n, err := v.r.Read(p)
	v.sum.Write(p[:n])
	v.n += int64(n)
	switch {
	case v.n > v.d.Size, v.n == v.d.Size && n > 0 && [sha256.Size]byte(v.sum.Sum(nil)) != v.d.Hash:
		v.failed = errOther
	case err == nil:
		return n, nil
	case !errors.Is(err, io.EOF):
		v.failed = err
	case v.n < v.d.Size:
		v.failed = fmt.Errorf("%w: it ends after %d of %d bytes", errOther, v.n, v.d.Size)
	default:
		return n, io.EOF
	}
	return 0, v.failed // without the last bytes nobody takes it for whole
}

// verifiedSeeker can go back to its start, and from there to where an upload goes on.
type verifiedSeeker struct {
	*verified
	seeker io.Seeker
}

// again reads the blob from an offset. What is before it is read for its sum.
func (v *verifiedSeeker) again(offset int64) error {
	if v.failed != nil {
		return v.failed
	}
	if _, err := v.seeker.Seek(-v.n, io.SeekCurrent); err != nil {
		v.failed = err
		return err
	}
	v.n = 0
	v.sum.Reset()
	_, err := io.CopyN(io.Discard, v, offset)
	return err
}
