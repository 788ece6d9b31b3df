package reuse

import (
	"bytes"
	"context"
	"crypto/sha256"
	"hash"
	"io"
	"os"
	"path/filepath"
	"time"

	"devloop/orchestrator/reapi"
)

// Work is what an engine needs to run the stage: its action, and the blobs that this is made of, the action's own among
// them, each once. It is zero if the inputs could not be read. Whoever opens a file that holds something else by now
// reads an error at its end.
func (a *Attempt) Work() (key reapi.Digest, blobs []reapi.Digest, open func(reapi.Digest) (io.ReadCloser, error)) {
	if a == nil || a.action == nil {
		return reapi.Digest{}, nil, nil
	}
	messages := map[reapi.Digest][]byte{a.key: a.action.encoded, a.action.action.Command: a.action.encodedCommand}
	for digest, data := range a.action.directories {
		messages[digest] = data
	}
	files := map[reapi.Digest]string{}
	for i := range a.snapshot.Files {
		if f := &a.snapshot.Files[i]; f.Link == "" {
			files[f.Digest] = filepath.Join(a.stage.Root, filepath.FromSlash(f.Path))
		}
	}
	for digest := range messages {
		blobs = append(blobs, digest)
		delete(files, digest)
	}
	for digest := range files {
		blobs = append(blobs, digest)
	}
	return a.key, blobs, func(d reapi.Digest) (io.ReadCloser, error) {
		if data, ok := messages[d]; ok {
			return io.NopCloser(bytes.NewReader(data)), nil
		}
		path, ok := files[d]
		if !ok {
			return nil, errNotWhole
		}
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		return &checked{f: f, want: d, sum: sha256.New()}, nil
	}
}

// checked reads a file, and fails where it is not what its digest says.
type checked struct {
	f    *os.File
	want reapi.Digest
	sum  hash.Hash
	size int64
}

func (c *checked) Read(p []byte) (int, error) {
	n, err := c.f.Read(p)
	c.sum.Write(p[:n])
	c.size += int64(n)
	if err == io.EOF && (c.size != c.want.Size || !bytes.Equal(c.sum.Sum(nil), c.want.Hash[:])) {
		err = errChanged
	}
	return n, err
}

func (c *checked) Close() error { return c.f.Close() }

// Ran takes what an engine has made of Work, with exit code 0, from a cache: into the store, to its places, and kept under
// the key: what the engine has seen is what was asked for, whatever the inputs are by now. cachedAt is the host of an engine
// that has answered with an earlier pass, which then stands for the stage.
func (a *Attempt) Ran(ctx context.Context, result *reapi.ActionResult, printed *Printed, from Remote, cachedAt string) (Outcome, error) {
	if a.store == nil && len(a.stage.Config.Outputs) == 0 {
		return Outcome{}, nil // it has passed all the same
	}
	if a.store == nil {
		return Outcome{}, errNoStore
	}
	if err := a.fetch(ctx, from, result); err != nil {
		return Outcome{}, err
	}
	if result.Metadata.ExecutionCompleted.IsZero() {
		result.Metadata.ExecutionStart, result.Metadata.ExecutionCompleted = a.began, time.Now()
	}
	if err := a.take(ctx, result); err != nil {
		return Outcome{}, err
	}
	kept := *result
	if text := printed.tail(); len(text) > 0 { // in the order in which it came, both streams
		if digest, err := a.store.Put(bytes.NewReader(text)); err == nil {
			kept.Stdout, kept.StdoutDigest, kept.Stderr, kept.StderrDigest = nil, digest, nil, reapi.Digest{}
		}
	}
	if a.keep && a.store.PutResult(a.key, kept.Encode()) == nil {
		a.remember(result.Metadata.ExecutionCompleted, false, 0)
		a.r.uploads.trim(a.store)
	}
	if cachedAt != "" {
		a.hit = a.hitOf(result, cachedAt)
		return a.Outcome(), nil
	}
	if !a.keep {
		return Outcome{Product: a.product}, nil
	}
	return a.counted(true, a.product), nil
}
