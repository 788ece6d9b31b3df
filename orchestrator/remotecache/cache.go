// Package remotecache speaks with a team's cache of results: HTTP as Bazel does, or the Remote Execution API v2 over gRPC. A
// cache that is slow, away or lying costs a short wait and nothing else: what it sends is checked, waits have an end, and
// after some failures it is not asked for a while. Contents are streamed and never in memory as a whole.
package remotecache

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"time"

	"devloop/orchestrator/reapi"
)

// A Cache is a remote cache. Its methods may be called by several goroutines. A failure of the cache is counted, one of the
// caller's reader, writer or context is not.
type Cache interface {
	// Result returns the result that is kept for an action. errMissing: there is none.
	Result(ctx context.Context, key reapi.Digest) (*reapi.ActionResult, error)
	// Blob writes a blob to w. If it is another than its digest says there is an error, but w may have it already.
	Blob(ctx context.Context, d reapi.Digest, w io.Writer) error
	// Blobs calls put with a reader of every blob, in any order and from several goroutines at once; each once. The reader
	// fails at its end at the latest if the blob is another than its digest says. The first failure ends all.
	Blobs(ctx context.Context, ds []reapi.Digest, put func(reapi.Digest, io.Reader) error) error
	// Missing returns those blobs that the cache does not have.
	Missing(ctx context.Context, ds []reapi.Digest) ([]reapi.Digest, error)
	// PutBlob adds a blob. If r is an io.Seeker, an upload that breaks goes on where it was, where the cache allows that.
	PutBlob(ctx context.Context, d reapi.Digest, r io.Reader) error
	// PutBlobs adds what open opens, from several goroutines at once.
	PutBlobs(ctx context.Context, ds []reapi.Digest, open func(reapi.Digest) (io.ReadCloser, error)) error
	// PutResult adds a result, whose blobs the cache must have.
	PutResult(ctx context.Context, key reapi.Digest, result *reapi.ActionResult) error
	// Close closes the connections.
	Close() error
}

// backend is one way to speak with a cache. What it reads is not checked yet.
type backend interface {
	result(ctx context.Context, key reapi.Digest) ([]byte, error)
	open(ctx context.Context, d reapi.Digest) (io.ReadCloser, error)
	missing(ctx context.Context, ds []reapi.Digest) ([]reapi.Digest, error)
	putBlob(ctx context.Context, d reapi.Digest, r io.Reader) error
	putResult(ctx context.Context, key reapi.Digest, result []byte) error
	// batch is how many bytes of small blobs go at once; 0: each goes alone.
	batch(ctx context.Context) (int64, error)
	readBatch(ctx context.Context, ds []reapi.Digest) (map[reapi.Digest][]byte, error)
	putBatch(ctx context.Context, all map[reapi.Digest][]byte) error
	close()
}

type cache struct {
	backend
	read, write *breaker // who may not write can still read
}

// Open returns the cache of a configuration. It connects when it is first asked; an error is one of the configuration.
func Open(c Config) (Cache, error) {
	if c.Answer <= 0 {
		c.Answer = 2 * time.Second
	}
	if c.Stall <= 0 {
		c.Stall = 3 * time.Second
	}
	u, err := url.Parse(c.Address)
	if err != nil || u.Host == "" {
		return nil, errors.New("the cache's address cannot be read") // url.Error repeats it, with its password
	}
	var b backend
	switch u.Scheme {
	case "http", "https":
		b = newHTTP(c, u)
	case "grpc", "grpcs":
		if b, err = newGRPC(c); err != nil {
			return nil, err
		}
	default:
		return nil, fmt.Errorf("scheme %q of the cache's address is none of http, https, grpc, grpcs", u.Scheme)
	}
	notice := func(what string) func(error) {
		return func(err error) {
			if c.Notice != nil {
				c.Notice(fmt.Sprintf("remote cache %s: %v; %s for a minute", u.Host, err, what))
			}
		}
	}
	return &cache{backend: b, read: &breaker{notice: notice("it is left out")}, write: &breaker{notice: notice("nothing is added to it")}}, nil
}

func (c *cache) Close() error {
	c.close()
	return nil
}

func (c *cache) Result(ctx context.Context, key reapi.Digest) (result *reapi.ActionResult, err error) {
	err = c.read.do(ctx, func() error {
		data, err := c.result(ctx, key)
		if err != nil {
			return err
		}
		if result, err = reapi.DecodeActionResult(data); err != nil {
			return fmt.Errorf("read its answer: %w", err)
		}
		return nil
	})
	return result, err
}

func (c *cache) Blob(ctx context.Context, d reapi.Digest, w io.Writer) error {
	return c.read.do(ctx, func() error {
		return c.fetch(ctx, d, func(_ reapi.Digest, r io.Reader) error {
			_, err := io.Copy(w, r)
			return err
		})
	})
}

// fetch has put read one blob.
func (c *cache) fetch(ctx context.Context, d reapi.Digest, put func(reapi.Digest, io.Reader) error) error {
	if d.Size == 0 {
		return hand(d, io.NopCloser(eof{}), put)
	}
	r, err := c.open(ctx, d)
	if err != nil {
		return err
	}
	return hand(d, r, put)
}

// hand has put read r to its end, and closes it. An error is the reader's if it has one.
func hand(d reapi.Digest, r io.ReadCloser, put func(reapi.Digest, io.Reader) error) error {
	checked := newVerified(d, r)
	err := put(d, checked)
	_ = r.Close() // nothing was written to it
	if checked.failed != nil {
		return checked.failed
	}
	if err != nil {
		return &callersError{err}
	}
	return nil
}

func (c *cache) Missing(ctx context.Context, ds []reapi.Digest) (missing []reapi.Digest, err error) {
	ds = slices.DeleteFunc(slices.Clone(ds), func(d reapi.Digest) bool { return d.Size == 0 }) // every cache has the empty blob
	err = c.write.do(ctx, func() (err error) {
		missing, err = c.missing(ctx, ds)
		return err
	})
	return missing, err
}

func (c *cache) PutBlob(ctx context.Context, d reapi.Digest, r io.Reader) error {
	return c.write.do(ctx, func() error { return c.send(ctx, d, r) })
}

// send adds a blob. What r has is checked on the way: a cache must not be blamed for a file that has changed.
func (c *cache) send(ctx context.Context, d reapi.Digest, r io.Reader) error {
	if d.Size == 0 {
		return nil
	}
	checked := newVerified(d, r)
	var from io.Reader = checked
	if seeker, ok := r.(io.Seeker); ok {
		from = &verifiedSeeker{checked, seeker}
	}
	err := c.putBlob(ctx, d, from)
	if checked.failed != nil {
		return &callersError{checked.failed}
	}
	return err
}

func (c *cache) PutResult(ctx context.Context, key reapi.Digest, result *reapi.ActionResult) error {
	return c.write.do(ctx, func() error { return c.putResult(ctx, key, result.Encode()) })
}

type eof struct{}

func (eof) Read([]byte) (int, error) { return 0, io.EOF }
