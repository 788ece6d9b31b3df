package reapitest

import (
	"context"
	"fmt"
	"regexp"
	"strconv"

	repb "github.com/bazelbuild/remote-apis/build/bazel/remote/execution/v2"
	"google.golang.org/genproto/googleapis/bytestream"
	rpcstatus "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

type contentStorage struct {
	repb.UnimplementedContentAddressableStorageServer
	s *Server
}

func (c *contentStorage) FindMissingBlobs(_ context.Context, r *repb.FindMissingBlobsRequest) (*repb.FindMissingBlobsResponse, error) {
	answer := &repb.FindMissingBlobsResponse{}
	for _, d := range r.GetBlobDigests() {
		if err := checkDigest(d); err != nil {
			return nil, err
		}
		if !c.s.has(d) {
			answer.MissingBlobDigests = append(answer.MissingBlobDigests, d)
		}
	}
	return answer, nil
}

func (c *contentStorage) BatchUpdateBlobs(_ context.Context, r *repb.BatchUpdateBlobsRequest) (*repb.BatchUpdateBlobsResponse, error) {
	var sum int64
	for _, one := range r.GetRequests() {
		sum += int64(len(one.GetData()))
	}
	if sum > c.s.options.Batch {
		return nil, status.Errorf(codes.InvalidArgument, "a batch of %d bytes, and %d are allowed", sum, c.s.options.Batch)
	}
	answer := &repb.BatchUpdateBlobsResponse{}
	for _, one := range r.GetRequests() {
		code := c.s.keep(one.GetDigest(), one.GetData())
		answer.Responses = append(answer.Responses, &repb.BatchUpdateBlobsResponse_Response{
			Digest: one.GetDigest(), Status: &rpcstatus.Status{Code: int32(code)},
		})
	}
	return answer, nil
}

func (c *contentStorage) BatchReadBlobs(_ context.Context, r *repb.BatchReadBlobsRequest) (*repb.BatchReadBlobsResponse, error) {
	var sum int64
	for _, d := range r.GetDigests() {
		if err := checkDigest(d); err != nil {
			return nil, err
		}
		sum += d.GetSizeBytes()
	}
	if sum > c.s.options.Batch {
		return nil, status.Errorf(codes.InvalidArgument, "a batch of %d bytes, and %d are allowed", sum, c.s.options.Batch)
	}
	answer := &repb.BatchReadBlobsResponse{}
	for _, d := range r.GetDigests() {
		one := &repb.BatchReadBlobsResponse_Response{Digest: d, Status: &rpcstatus.Status{}}
		switch fault := c.s.content("BatchReadBlobs"); {
		case !c.s.has(d):
			one.Status.Code = int32(codes.NotFound)
		default:
			content, _ := c.s.Blob(d.GetHash())
			one.Data = fault.spoil(content)
		}
		answer.Responses = append(answer.Responses, one)
	}
	return answer, nil
}

// keep adds a blob, if it is what its digest says.
func (s *Server) keep(d *repb.Digest, content []byte) codes.Code {
	if checkDigest(d) != nil {
		return codes.InvalidArgument
	}
	if is := digestOf(content); is.GetHash() != d.GetHash() || is.GetSizeBytes() != d.GetSizeBytes() {
		return codes.InvalidArgument
	}
	s.Put(content)
	return codes.OK
}

type byteStream struct {
	bytestream.UnimplementedByteStreamServer
	s *Server
}

var (
	readName  = regexp.MustCompile(`^(?:.+/)?blobs/([0-9a-f]{64})/([0-9]+)$`)
	writeName = regexp.MustCompile(`^(?:.+/)?uploads/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/blobs/([0-9a-f]{64})/([0-9]+)(?:/.*)?$`)
)

// named is the digest in the name of a resource.
func named(resource string, form *regexp.Regexp) (*repb.Digest, error) {
	m := form.FindStringSubmatch(resource)
	if m == nil {
		return nil, status.Errorf(codes.InvalidArgument, "%q names no blob", resource)
	}
	size, err := strconv.ParseInt(m[2], 10, 64)
	if err != nil {
		return nil, status.Errorf(codes.InvalidArgument, "%q: %v", resource, err)
	}
	return &repb.Digest{Hash: m[1], SizeBytes: size}, nil
}

func (b *byteStream) Read(r *bytestream.ReadRequest, stream bytestream.ByteStream_ReadServer) error {
	if printed, err := b.s.Engine.read(stream.Context(), r.GetResourceName(), r.GetReadOffset(), func(piece []byte) error {
		return stream.Send(&bytestream.ReadResponse{Data: piece})
	}); printed {
		return err
	}
	d, err := named(r.GetResourceName(), readName)
	if err != nil {
		return err
	}
	if !b.s.has(d) {
		return status.Error(codes.NotFound, "no such blob")
	}
	content, _ := b.s.Blob(d.GetHash())
	switch {
	case r.GetReadOffset() < 0 || r.GetReadOffset() > int64(len(content)):
		return status.Error(codes.OutOfRange, "the offset is outside of the blob")
	case r.GetReadLimit() < 0:
		return status.Error(codes.InvalidArgument, "the limit is negative")
	}
	fault := b.s.content("Read")
	content = fault.spoil(content)
	content = content[min(r.GetReadOffset(), int64(len(content))):]
	if limit := r.GetReadLimit(); limit > 0 {
		content = content[:min(limit, int64(len(content)))]
	}
	const piece = 64 << 10
	for sent := 0; len(content) > 0; {
		n := min(piece, len(content))
		if fault != nil && fault.Break > 0 {
			n = min(n, fault.Break-sent)
		}
		if err := stream.Send(&bytestream.ReadResponse{Data: content[:n]}); err != nil {
			return err
		}
		content, sent = content[n:], sent+n
		if fault != nil && fault.Break > 0 && sent >= fault.Break {
			return fault.broken(stream.Context())
		}
	}
	return nil
}

func (b *byteStream) Write(stream bytestream.ByteStream_WriteServer) error {
	var (
		resource string
		d        *repb.Digest
		fault    = b.s.content("Write")
		sent     int
	)
	for {
		r, err := stream.Recv()
		if err != nil {
			return err // also io.EOF: an upload that does not say that it is finished goes on later
		}
		if d == nil {
			resource = r.GetResourceName()
			if d, err = named(resource, writeName); err != nil {
				return err
			}
			if b.s.has(d) {
				return stream.SendAndClose(&bytestream.WriteResponse{CommittedSize: d.GetSizeBytes()})
			}
		} else if r.GetResourceName() != "" && r.GetResourceName() != resource {
			return status.Error(codes.InvalidArgument, "another resource in the same stream")
		}
		b.s.mu.Lock()
		have := b.s.uploads[resource]
		if r.GetWriteOffset() == int64(len(have)) {
			have = append(have, r.GetData()...)
			b.s.uploads[resource] = have
		} else {
			err = status.Errorf(codes.InvalidArgument, "offset %d, and %d bytes are there", r.GetWriteOffset(), len(have))
		}
		b.s.mu.Unlock()
		if err != nil {
			return err
		}
		if int64(len(have)) > d.GetSizeBytes() {
			return status.Error(codes.InvalidArgument, "more bytes than the digest says")
		}
		if sent += len(r.GetData()); fault != nil && fault.Break > 0 && sent >= fault.Break {
			return fault.broken(stream.Context())
		}
		if r.GetFinishWrite() {
			b.s.mu.Lock()
			delete(b.s.uploads, resource)
			b.s.mu.Unlock()
			if code := b.s.keep(d, have); code != codes.OK {
				return status.Error(code, "the blob is not what its digest says")
			}
			return stream.SendAndClose(&bytestream.WriteResponse{CommittedSize: d.GetSizeBytes()})
		}
	}
}

func (b *byteStream) QueryWriteStatus(_ context.Context, r *bytestream.QueryWriteStatusRequest) (*bytestream.QueryWriteStatusResponse, error) {
	d, err := named(r.GetResourceName(), writeName)
	if err != nil {
		return nil, err
	}
	if b.s.has(d) {
		return &bytestream.QueryWriteStatusResponse{CommittedSize: d.GetSizeBytes(), Complete: true}, nil
	}
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	have, ok := b.s.uploads[r.GetResourceName()]
	if !ok {
		return nil, status.Error(codes.NotFound, fmt.Sprintf("no upload %s", r.GetResourceName()))
	}
	return &bytestream.QueryWriteStatusResponse{CommittedSize: int64(len(have))}, nil
}
