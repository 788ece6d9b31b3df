package remoteexec

import (
	"testing"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	repb "github.com/bazelbuild/remote-apis/build/bazel/remote/execution/v2"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	rpcstatus "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"devloop/orchestrator/reapi"
)

func encoded(t *testing.T, m proto.Message) []byte {
	t.Helper()
	data, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func packed(t *testing.T, m proto.Message) *anypb.Any {
	t.Helper()
	a, err := anypb.New(m)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestRequests(t *testing.T) {
	t.Parallel()
	d := reapi.DigestOf([]byte("action"))
	var execute repb.ExecuteRequest
	if err := proto.Unmarshal(executeRequest{"main", d, true}.encode(), &execute); err != nil {
		t.Fatal(err)
	}
	want := &repb.ExecuteRequest{InstanceName: "main", ActionDigest: &repb.Digest{Hash: d.Hex(), SizeBytes: d.Size}, SkipCacheLookup: true,
		DigestFunction: repb.DigestFunction_SHA256, InlineStdout: true, InlineStderr: true}
	if !proto.Equal(&execute, want) {
		t.Errorf("%v, want %v", &execute, want)
	}
	var wait repb.WaitExecutionRequest
	if err := proto.Unmarshal(named("operation"), &wait); err != nil || wait.GetName() != "operation" {
		t.Errorf("%v, %v", &wait, err)
	}
}

func TestOperation(t *testing.T) {
	t.Parallel()
	d := reapi.DigestOf([]byte("blob"))
	failure := &errdetails.PreconditionFailure{Violations: []*errdetails.PreconditionFailure_Violation{
		{Type: "MISSING", Subject: "blobs/" + d.String()}, {Type: "OTHER", Subject: "blobs/" + d.String()}, {Type: "MISSING", Subject: "something"}}}
	response := &repb.ExecuteResponse{
		Result:       &repb.ActionResult{ExitCode: 3, StdoutRaw: []byte("out")},
		CachedResult: true,
		Status:       &rpcstatus.Status{Code: failedPrecondition, Message: "missing", Details: []*anypb.Any{packed(t, &errdetails.RetryInfo{}), packed(t, failure)}},
		ServerLogs:   map[string]*repb.LogFile{"log": {HumanReadable: true}},
		Message:      "see there",
	}
	op, err := decodeOperation(encoded(t, &longrunningpb.Operation{Name: "operation", Done: true, Result: &longrunningpb.Operation_Response{Response: packed(t, response)},
		Metadata: packed(t, &repb.ExecuteOperationMetadata{Stage: repb.ExecutionStage_EXECUTING, StdoutStreamName: "a", StderrStreamName: "b", ActionDigest: &repb.Digest{}})}))
	if err != nil {
		t.Fatal(err)
	}
	if op.name != "operation" || !op.done || op.metadata != (metadata{atExecuting, "a", "b"}) {
		t.Errorf("%+v", op)
	}
	r := op.response
	if r == nil || r.result.ExitCode != 3 || string(r.result.Stdout) != "out" || !r.cached || r.message != "see there" || r.status.code != failedPrecondition || len(r.status.missing) != 1 || r.status.missing[0] != d {
		t.Errorf("%+v", r)
	}

	op, err = decodeOperation(encoded(t, &longrunningpb.Operation{Done: true, Metadata: packed(t, &repb.Digest{Hash: "of another type"}),
		Result: &longrunningpb.Operation_Error{Error: &rpcstatus.Status{Code: unavailable}}}))
	if err != nil || op.err.code != unavailable || op.metadata != (metadata{}) {
		t.Errorf("%+v, %v", op, err)
	}
}

// FuzzOperation: whatever a server sends, it is read or refused.
func FuzzOperation(f *testing.F) {
	f.Add([]byte{0x0a, 0x01, 'x', 0x12, 0x02, 0x0a, 0x00, 0x18, 0x01})
	f.Fuzz(func(_ *testing.T, data []byte) {
		_, _ = decodeOperation(data)
		_, _ = decodeStatus(data)
		_, _ = runsCommands(data)
	})
}
