package reapitest

import (
	"bytes"
	"context"
	"strings"
	"testing"

	repb "github.com/bazelbuild/remote-apis/build/bazel/remote/execution/v2"
	"google.golang.org/genproto/googleapis/bytestream"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
)

const upload = "main/uploads/6f1ed002-ab5c-4b1c-8f5a-0c6f4ab5c001/blobs/"

type client struct {
	*testing.T
	context.Context
	repb.ActionCacheClient
	repb.ContentAddressableStorageClient
	bytes        bytestream.ByteStreamClient
	capabilities repb.CapabilitiesClient
}

func connect(t *testing.T, s *Server) client {
	t.Helper()
	conn, err := grpc.NewClient(strings.TrimPrefix(s.Address, "grpc://"), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return client{t, t.Context(), repb.NewActionCacheClient(conn), repb.NewContentAddressableStorageClient(conn), bytestream.NewByteStreamClient(conn), repb.NewCapabilitiesClient(conn)}
}

func (c client) wants(what string, code codes.Code, err error) {
	c.Helper()
	if status.Code(err) != code {
		c.Errorf("%s: %v, not %v", what, err, code)
	}
}

func (c client) read(name string, offset, limit int64) ([]byte, error) {
	stream, err := c.bytes.Read(c.Context, &bytestream.ReadRequest{ResourceName: name, ReadOffset: offset, ReadLimit: limit})
	if err != nil {
		return nil, err
	}
	var all []byte
	for {
		r, err := stream.Recv()
		if err != nil {
			if err.Error() == "EOF" {
				err = nil
			}
			return all, err
		}
		all = append(all, r.GetData()...)
	}
}

func (c client) write(all ...*bytestream.WriteRequest) (*bytestream.WriteResponse, error) {
	stream, err := c.bytes.Write(c.Context)
	if err != nil {
		return nil, err
	}
	for _, r := range all {
		if stream.Send(r) != nil {
			break // CloseAndRecv says why
		}
	}
	return stream.CloseAndRecv()
}

// TestRules: the server does what remote_execution.proto and bytestream.proto say.
func TestRules(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{Batch: 1000})
	c := connect(t, s)
	content := bytes.Repeat([]byte("content "), 50)
	d, absent, empty := digestOf(content), digestOf([]byte("absent")), digestOf(nil)
	wrong := &repb.Digest{Hash: d.GetHash(), SizeBytes: 7}

	able, err := c.capabilities.GetCapabilities(c.Context, &repb.GetCapabilitiesRequest{})
	if err != nil || able.GetCacheCapabilities().GetMaxBatchTotalSizeBytes() != 1000 || able.GetHighApiVersion().GetMajor() != 2 {
		t.Errorf("capabilities: %v, %v", able, err)
	}

	// Batches: each blob has its own status, and the sum is limited.
	updated, err := c.BatchUpdateBlobs(c.Context, &repb.BatchUpdateBlobsRequest{Requests: []*repb.BatchUpdateBlobsRequest_Request{{Digest: d, Data: content}, {Digest: absent, Data: []byte("another")}, {Digest: wrong, Data: content}}})
	if err != nil || len(updated.GetResponses()) != 3 {
		t.Fatalf("%v, %v", updated, err)
	}
	for i, code := range []codes.Code{codes.OK, codes.InvalidArgument, codes.InvalidArgument} {
		if got := updated.GetResponses()[i].GetStatus().GetCode(); got != int32(code) {
			t.Errorf("blob %d has status %d", i, got)
		}
	}
	_, err = c.BatchUpdateBlobs(c.Context, &repb.BatchUpdateBlobsRequest{Requests: []*repb.BatchUpdateBlobsRequest_Request{{Digest: d, Data: make([]byte, 1001)}}})
	c.wants("a batch that is too large", codes.InvalidArgument, err)
	_, err = c.BatchReadBlobs(c.Context, &repb.BatchReadBlobsRequest{Digests: []*repb.Digest{d, d, d}})
	c.wants("a batch to read that is too large", codes.InvalidArgument, err)
	read, err := c.BatchReadBlobs(c.Context, &repb.BatchReadBlobsRequest{Digests: []*repb.Digest{d, absent}})
	if err != nil || !bytes.Equal(read.GetResponses()[0].GetData(), content) || read.GetResponses()[1].GetStatus().GetCode() != int32(codes.NotFound) {
		t.Errorf("reading a batch: %v, %v", read, err)
	}

	// What is missing; the empty blob never is.
	missing, err := c.FindMissingBlobs(c.Context, &repb.FindMissingBlobsRequest{BlobDigests: []*repb.Digest{d, absent, empty}})
	if err != nil || len(missing.GetMissingBlobDigests()) != 1 || missing.GetMissingBlobDigests()[0].GetHash() != absent.GetHash() {
		t.Errorf("missing: %v, %v", missing, err)
	}
	_, err = c.FindMissingBlobs(c.Context, &repb.FindMissingBlobsRequest{BlobDigests: []*repb.Digest{{Hash: "abc"}}})
	c.wants("a digest that is none", codes.InvalidArgument, err)

	// Streams to read: offsets and limits.
	name := "main/blobs/" + d.GetHash() + "/400"
	for _, part := range []struct{ offset, limit, from, to int64 }{{0, 0, 0, 400}, {10, 0, 10, 400}, {10, 5, 10, 15}, {400, 0, 400, 400}, {0, 1000, 0, 400}} {
		if got, err := c.read(name, part.offset, part.limit); err != nil || !bytes.Equal(got, content[part.from:part.to]) {
			t.Errorf("%+v: %q, %v", part, got, err)
		}
	}
	_, err = c.read(name, 401, 0)
	c.wants("an offset behind the end", codes.OutOfRange, err)
	_, err = c.read(name, -1, 0)
	c.wants("an offset below zero", codes.OutOfRange, err)
	_, err = c.read(name, 0, -1)
	c.wants("a limit below zero", codes.InvalidArgument, err)
	_, err = c.read("blobs/"+absent.GetHash()+"/6", 0, 0)
	c.wants("a blob that is not there", codes.NotFound, err)
	_, err = c.read("blobs/x/6", 0, 0)
	c.wants("a name that is none", codes.InvalidArgument, err)

	c.uploads()
	c.results(s, d, absent)
}

// uploads are streams to write: in parts, from where the last one ended, and finished by who says so.
func (c client) uploads() {
	content := []byte("written in parts")
	d := digestOf(content)
	name := upload + d.GetHash() + "/16"
	asked := &bytestream.QueryWriteStatusRequest{ResourceName: name}
	_, err := c.bytes.QueryWriteStatus(c.Context, asked)
	c.wants("an upload that has not begun", codes.NotFound, err)
	_, err = c.write(&bytestream.WriteRequest{ResourceName: name, Data: content[:5]})
	if err == nil {
		c.Error("an upload that is not finished was taken")
	}
	if at, err := c.bytes.QueryWriteStatus(c.Context, asked); err != nil || at.GetCommittedSize() != 5 || at.GetComplete() {
		c.Errorf("a part: %v, %v", at, err)
	}
	_, err = c.write(&bytestream.WriteRequest{ResourceName: name, WriteOffset: 7, Data: content[7:], FinishWrite: true})
	c.wants("a gap", codes.InvalidArgument, err)
	done, err := c.write(&bytestream.WriteRequest{ResourceName: name, WriteOffset: 5, Data: content[5:9]}, &bytestream.WriteRequest{WriteOffset: 9, Data: content[9:], FinishWrite: true})
	if err != nil || done.GetCommittedSize() != 16 {
		c.Errorf("the rest: %v, %v", done, err)
	}
	if at, err := c.bytes.QueryWriteStatus(c.Context, asked); err != nil || at.GetCommittedSize() != 16 || !at.GetComplete() {
		c.Errorf("all: %v, %v", at, err)
	}
	if again, err := c.write(&bytestream.WriteRequest{ResourceName: name, Data: content[:1]}); err != nil || again.GetCommittedSize() != 16 {
		c.Errorf("what is there already: %v, %v", again, err)
	}
	other := upload + digestOf([]byte("other")).GetHash() + "/5"
	_, err = c.write(&bytestream.WriteRequest{ResourceName: other, Data: []byte("wrong"), FinishWrite: true})
	c.wants("another content", codes.InvalidArgument, err)
	_, err = c.write(&bytestream.WriteRequest{ResourceName: other, Data: []byte("too long"), FinishWrite: true})
	c.wants("more bytes", codes.InvalidArgument, err)
	_, err = c.write(&bytestream.WriteRequest{ResourceName: "uploads/1/blobs/" + d.GetHash() + "/16", FinishWrite: true})
	c.wants("an upload without a UUID", codes.InvalidArgument, err)
}

// results are kept with their blobs alone.
func (c client) results(s *Server, d, absent *repb.Digest) {
	key := digestOf([]byte("key"))
	result := func(d *repb.Digest) *repb.ActionResult {
		return &repb.ActionResult{OutputFiles: []*repb.OutputFile{{Path: "out", Digest: d}}}
	}
	_, err := c.GetActionResult(c.Context, &repb.GetActionResultRequest{ActionDigest: key})
	c.wants("no result", codes.NotFound, err)
	_, err = c.UpdateActionResult(c.Context, &repb.UpdateActionResultRequest{ActionDigest: key, ActionResult: result(absent)})
	c.wants("a result without its blob", codes.FailedPrecondition, err)
	_, err = c.UpdateActionResult(c.Context, &repb.UpdateActionResultRequest{ActionDigest: key, ActionResult: result(d)})
	c.wants("a result", codes.OK, err)
	got, err := c.GetActionResult(c.Context, &repb.GetActionResultRequest{ActionDigest: key})
	if err != nil || got.GetOutputFiles()[0].GetDigest().GetHash() != d.GetHash() {
		c.Errorf("the result: %v, %v", got, err)
	}
	_, err = c.GetActionResult(c.Context, &repb.GetActionResultRequest{InstanceName: "other", ActionDigest: key})
	c.wants("the result of another instance", codes.NotFound, err)
	s.Forget(d.GetHash())
	_, err = c.GetActionResult(c.Context, &repb.GetActionResultRequest{ActionDigest: key})
	c.wants("a result whose blob went", codes.NotFound, err)
	s.Fault(Fault{Method: "GetActionResult", Times: 1, Code: codes.ResourceExhausted})
	_, err = c.GetActionResult(c.Context, &repb.GetActionResultRequest{ActionDigest: key})
	c.wants("a fault", codes.ResourceExhausted, err)
	_, err = c.GetActionResult(c.Context, &repb.GetActionResultRequest{ActionDigest: key})
	c.wants("after it", codes.NotFound, err)
}
