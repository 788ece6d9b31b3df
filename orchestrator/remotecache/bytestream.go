package remotecache

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"path"

	"devloop/orchestrator/reapi"
	"devloop/orchestrator/reapi/wire"
	"devloop/orchestrator/remotecache/grpcwire"
)

const (
	streams  = "/google.bytestream.ByteStream/"
	piece    = 256 << 10 // bytes of a message
	mostOnce = 3         // times that a stream which breaks goes on
)

// goesOn is whether a stream that has broken may go on in another one.
func goesOn(err error) bool {
	switch grpcwire.CodeOf(err) {
	case grpcwire.Unavailable, grpcwire.Internal, grpcwire.ResourceExhausted, grpcwire.Unknown:
		return !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded)
	}
	return false
}

// download reads a blob.
type download struct {
	ctx    context.Context
	cache  *grpcCache
	d      reapi.Digest
	stream *grpcwire.Stream
	rest   []byte // of the message that came last
	offset int64  // of what has come
	since  int64  // the offset at which this stream began
	breaks int
}

func (c *grpcCache) open(ctx context.Context, d reapi.Digest) (io.ReadCloser, error) {
	r := &download{ctx: ctx, cache: c, d: d}
	if err := r.begin(); err != nil {
		return nil, err
	}
	if err := r.next(); err != nil { // a blob that is missing is known at once
		_ = r.Close()
		return nil, err
	}
	return r, nil
}

// begin opens a stream from the offset on.
func (r *download) begin() error {
	stream, err := r.cache.conn.Open(r.ctx, streams+"Read", r.cache.config.Stall)
	if err != nil {
		return err
	}
	r.stream, r.since = stream, r.offset
	request := wire.AppendString(nil, 1, path.Join(r.cache.config.Instance, "blobs", r.d.String()))
	_ = stream.Send(wire.AppendInt(request, 2, r.offset)) // if it fails, Recv says why
	stream.CloseSend()
	return nil
}

// next receives a message that is not empty.
func (r *download) next() error {
	for len(r.rest) == 0 {
		message, err := r.stream.Recv()
		switch {
		case err == nil:
			if err = wire.Fields(message, func(num int, v wire.Value) error {
				if num == 10 {
					return wire.Message(v, &r.rest, func(data []byte) ([]byte, error) { return data, nil })
				}
				return nil
			}); err != nil {
				return fmt.Errorf("read a blob: %w", err)
			}
			r.offset += int64(len(r.rest))
		case goesOn(err) && r.offset > r.since && r.breaks < mostOnce && r.offset < r.d.Size:
			r.breaks++
			r.stream.Close()
			if err := r.begin(); err != nil {
				return err
			}
		case errors.Is(err, io.EOF):
			return err
		default:
			return judge(streams+"Read", err)
		}
	}
	return nil
}

func (r *download) Read(p []byte) (int, error) {
	if err := r.next(); err != nil {
		return 0, err
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

func (r *download) Close() error {
	r.stream.Close()
	return nil
}

func newMemory(d reapi.Digest, content []byte) io.Reader {
	r := bytes.NewReader(content)
	return &verifiedSeeker{newVerified(d, r), r}
}

func (c *grpcCache) putBlob(ctx context.Context, d reapi.Digest, r io.Reader) error {
	can, err := c.able(ctx)
	if err != nil {
		return err
	}
	if can.readOnly {
		return &refusal{errors.New("it does not let this user add results")}
	}
	return c.write(ctx, d, r)
}

// write streams a blob. What breaks goes on where the server says that it is.
func (c *grpcCache) write(ctx context.Context, d reapi.Digest, r io.Reader) error {
	resource := path.Join(c.config.Instance, "uploads", newUUID(), "blobs", d.String())
	var offset int64
	for breaks := 0; ; breaks++ {
		err := c.writeFrom(ctx, d, resource, offset, r)
		again, ok := r.(*verifiedSeeker)
		if err == nil || !ok || !goesOn(err) || breaks == mostOnce || again.failed != nil {
			return judge(streams+"Write", err)
		}
		reply, asked := c.conn.Call(ctx, streams+"QueryWriteStatus", wire.AppendString(nil, 1, resource))
		committed, complete, read := wire.DecodeInts(reply)
		switch {
		case asked == nil && read == nil && complete != 0:
			return nil
		case grpcwire.CodeOf(asked) == grpcwire.NotFound || grpcwire.CodeOf(asked) == grpcwire.Unimplemented:
			committed = 0
		case asked != nil || read != nil || committed < 0 || committed > d.Size || breaks > 0 && committed <= offset:
			return judge(streams+"Write", err)
		}
		if offset = committed; again.again(offset) != nil {
			return err
		}
	}
}

// writeFrom sends what is left of a blob from an offset on. An error is nil, a *grpcwire.Status, or the reader's.
func (c *grpcCache) writeFrom(ctx context.Context, d reapi.Digest, resource string, offset int64, r io.Reader) error {
	stream, err := c.conn.Open(ctx, streams+"Write", c.config.Stall)
	if err != nil {
		return err
	}
	defer stream.Close()
	room := make([]byte, min(piece, d.Size-offset))
	for first := true; first || offset < d.Size; first = false {
		n, err := io.ReadFull(r, room[:min(int64(len(room)), d.Size-offset)])
		if err != nil {
			return err // the reader's
		}
		var message []byte
		if first {
			message = wire.AppendString(nil, 1, resource)
		}
		message = wire.AppendInt(message, 2, offset)
		offset += int64(n)
		message = wire.AppendBool(message, 3, offset == d.Size)
		if stream.Send(wire.AppendBytes(message, 10, room[:n])) != nil {
			break // the server has it already, or says why not
		}
	}
	stream.CloseSend()
	reply, err := stream.Recv()
	if errors.Is(err, io.EOF) {
		return &grpcwire.Status{Code: grpcwire.Unavailable, Message: "an upload ended without an answer"}
	}
	if err != nil {
		return err
	}
	if committed, _, err := wire.DecodeInts(reply); err != nil || committed != d.Size {
		return &grpcwire.Status{Code: grpcwire.Unavailable, Message: fmt.Sprintf("%d of %d bytes were taken", committed, d.Size)}
	}
	return nil
}

// newUUID is a random UUID.
func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
