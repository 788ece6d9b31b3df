package remotecache

import (
	"bytes"
	"context"
	"io"

	"devloop/orchestrator/reapi"
)

const (
	small     = 1 << 20 // a blob of at most so many bytes goes in a batch
	mostItems = 1000    // of a batch
)

func (c *cache) Blobs(ctx context.Context, ds []reapi.Digest, put func(reapi.Digest, io.Reader) error) error {
	return c.read.do(ctx, func() error {
		return c.each(ctx, ds, func(ctx context.Context, group []reapi.Digest) error {
			if len(group) == 1 {
				return c.fetch(ctx, group[0], put)
			}
			all, err := c.readBatch(ctx, group)
			if err != nil {
				return err
			}
			for _, d := range group {
				content, ok := all[d]
				if !ok { // it was too much for a batch
					err = c.fetch(ctx, d, put)
				} else {
					err = hand(d, io.NopCloser(bytes.NewReader(content)), put)
				}
				if err != nil {
					return err
				}
			}
			return nil
		})
	})
}

func (c *cache) PutBlobs(ctx context.Context, ds []reapi.Digest, open func(reapi.Digest) (io.ReadCloser, error)) error {
	send := func(ctx context.Context, d reapi.Digest) error {
		r, err := open(d)
		if err != nil {
			return &callersError{err}
		}
		defer func() { _ = r.Close() }() // it was read only
		return c.send(ctx, d, r)
	}
	return c.write.do(ctx, func() error {
		return c.each(ctx, ds, func(ctx context.Context, group []reapi.Digest) error {
			if len(group) == 1 {
				return send(ctx, group[0])
			}
			all := make(map[reapi.Digest][]byte, len(group))
			for _, d := range group {
				content, err := readAll(d, open)
				if err != nil {
					return &callersError{err}
				}
				all[d] = content
			}
			return c.putBatch(ctx, all)
		})
	})
}

// readAll reads a small blob and checks it.
func readAll(d reapi.Digest, open func(reapi.Digest) (io.ReadCloser, error)) ([]byte, error) {
	r, err := open(d)
	if err != nil {
		return nil, err
	}
	content := make([]byte, d.Size)
	_, err = io.ReadFull(newVerified(d, r), content)
	_ = r.Close() // it was read only
	return content, err
}

// each calls do for groups of digests, in several goroutines: for the small ones together as far as they fit in a batch,
// for every other alone.
func (c *cache) each(ctx context.Context, ds []reapi.Digest, do func(context.Context, []reapi.Digest) error) error {
	var limit int64
	if len(ds) > 1 {
		var err error
		if limit, err = c.batch(ctx); err != nil {
			return err
		}
	}
	return parallel(ctx, grouped(ds, limit), do)
}

// grouped splits digests, without those that occur again, into groups whose contents are at most limit bytes, and groups of one.
func grouped(ds []reapi.Digest, limit int64) (groups [][]reapi.Digest) {
	var (
		seen  = make(map[reapi.Digest]bool, len(ds))
		group []reapi.Digest
		sum   int64
	)
	for _, d := range ds {
		switch {
		case seen[d]:
		case d.Size == 0 || d.Size > min(limit, small):
			groups = append(groups, []reapi.Digest{d})
		default:
			if sum+d.Size > limit || len(group) == mostItems {
				groups, group, sum = append(groups, group), nil, 0
			}
			group, sum = append(group, d), sum+d.Size
		}
		seen[d] = true
	}
	if len(group) > 0 {
		groups = append(groups, group)
	}
	return groups
}
