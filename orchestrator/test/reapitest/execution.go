package reapitest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	repb "github.com/bazelbuild/remote-apis/build/bazel/remote/execution/v2"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// An Engine is the Execution service of a Server. It runs commands on this machine, each in a directory that it makes of the
// command's inputs. What goes wrong on demand is set before the request that it is to hit.
type Engine struct {
	repb.UnimplementedExecutionServer
	longrunningpb.UnimplementedOperationsServer

	server  *Server
	place   place
	ctx     context.Context // ends with the server
	running sync.WaitGroup

	mu         sync.Mutex // guards what follows
	operations map[string]*operation
	held       chan struct{} // commands are queued until it is closed; nil: none are
	ends       []codes.Code  // how the next commands end, instead of by running
	breaks     int           // so many streams break after what they say first
	forgets    bool          // the next WaitExecution knows nothing
	loses      bool          // the next command loses its inputs first
	lies       bool          // digests of what commands print are those of something else
	long       bool          // what commands print is never in the result itself
	streams    bool          // what commands print can be read as it comes
	changed    chan struct{} // closed when a command was asked for or started
	ran        int
	cancelled  int
}

// engineOf adds the service to a server. When end is called, all commands end; it returns when they have ended.
func engineOf(tb testing.TB, s *Server) (e *Engine, end func()) {
	ctx, cancel := context.WithCancel(context.Background())
	e = &Engine{server: s, place: place{tb.TempDir(), s}, ctx: ctx, operations: map[string]*operation{}, changed: make(chan struct{})}
	repb.RegisterExecutionServer(s.grpc, e)
	longrunningpb.RegisterOperationsServer(s.grpc, e)
	return e, func() {
		cancel()
		e.running.Wait()
	}
}

// executionCapabilities say whether and how the server executes.
func (s *Server) executionCapabilities() *repb.ExecutionCapabilities {
	return &repb.ExecutionCapabilities{ExecEnabled: !s.options.CacheOnly, DigestFunction: repb.DigestFunction_SHA256}
}

// Hold keeps the commands that come in the queue, until the function that it returns is called.
func (e *Engine) Hold() (release func()) {
	held := make(chan struct{})
	e.set(func() { e.held = held })
	return sync.OnceFunc(func() {
		e.set(func() { e.held = nil })
		close(held)
	})
}

// End ends the next commands with these codes, one each, and does not run them.
func (e *Engine) End(with ...codes.Code) { e.set(func() { e.ends = with }) }

// Break breaks so many streams, each after the first thing that it says.
func (e *Engine) Break(streams int) { e.set(func() { e.breaks = streams }) }

// Forget makes the next WaitExecution know nothing of the operation.
func (e *Engine) Forget() { e.set(func() { e.forgets = true }) }

// Lose makes the next command find that none of its inputs is there any more.
func (e *Engine) Lose() { e.set(func() { e.loses = true }) }

// Lie names what commands print by the digests of something else.
func (e *Engine) Lie() { e.set(func() { e.lies, e.long = true, true }) }

// Long keeps what commands print out of the results, which then name it by its digest.
func (e *Engine) Long() { e.set(func() { e.long = true }) }

// Stream lets what commands print be read while they run.
func (e *Engine) Stream() { e.set(func() { e.streams = true }) }

// Ran is how many commands have been started.
func (e *Engine) Ran() (n int) { e.set(func() { n = e.ran }); return n }

// Cancelled is how many commands were ended by CancelOperation.
func (e *Engine) Cancelled() (n int) { e.set(func() { n = e.cancelled }); return n }

// AwaitQueued waits until a command is in the queue.
func (e *Engine) AwaitQueued(ctx context.Context) {
	e.await(ctx, func() bool { return len(e.operations) > 0 })
}

// AwaitRunning waits until so many commands have been started.
func (e *Engine) AwaitRunning(ctx context.Context, commands int) {
	e.await(ctx, func() bool { return e.ran >= commands })
}

func (e *Engine) await(ctx context.Context, is func() bool) {
	for {
		var reached bool
		var changed <-chan struct{}
		e.set(func() { reached, changed = is(), e.changed })
		if reached {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

// change is set for what is awaited.
func (e *Engine) change(do func()) {
	e.set(func() {
		do()
		close(e.changed)
		e.changed = make(chan struct{})
	})
}

func (e *Engine) set(do func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	do()
}

// operation is a command that was asked for.
type operation struct {
	name   string
	cancel context.CancelFunc

	mu             sync.Mutex
	changed        chan struct{} // closed when what follows has changed
	stage          repb.ExecutionStage_Value
	response       *repb.ExecuteResponse // when it is done
	stdout, stderr printed
}

// printed is what a command has printed so far on one of its streams.
type printed struct {
	op   *operation
	text []byte
	over bool
}

func (p *printed) Write(text []byte) (int, error) {
	p.op.set(func() { p.text = append(p.text, text...) })
	return len(text), nil
}

func (o *operation) set(do func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	do()
	close(o.changed)
	o.changed = make(chan struct{})
}

// state is what a stream says of it, whether that is the end, and what is closed when it has changed.
func (o *operation) state(action *repb.Digest, streams bool) (said *longrunningpb.Operation, changed <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	meta := &repb.ExecuteOperationMetadata{Stage: o.stage, ActionDigest: action}
	if streams && o.stage >= repb.ExecutionStage_EXECUTING {
		meta.StdoutStreamName, meta.StderrStreamName = "streams/"+o.name+"/stdout", "streams/"+o.name+"/stderr"
	}
	said = &longrunningpb.Operation{Name: o.name, Metadata: packed(meta)}
	if o.response != nil {
		said.Done, said.Result = true, &longrunningpb.Operation_Response{Response: packed(o.response)}
	}
	return said, o.changed
}

func packed(m proto.Message) *anypb.Any {
	a, err := anypb.New(m)
	if err != nil {
		panic(err) // it is one of ours
	}
	return a
}

// Execute runs a command, and tells what becomes of it.
func (e *Engine) Execute(request *repb.ExecuteRequest, stream repb.Execution_ExecuteServer) error {
	if f := request.GetDigestFunction(); f != repb.DigestFunction_SHA256 && f != repb.DigestFunction_UNKNOWN {
		return status.Error(codes.InvalidArgument, "SHA256 is the only digest function")
	}
	if !request.GetSkipCacheLookup() {
		if result := e.server.Result(request.GetInstanceName(), request.GetActionDigest().GetHash()); result != nil {
			done := &operation{name: "cached", changed: make(chan struct{}), stage: repb.ExecutionStage_COMPLETED,
				response: &repb.ExecuteResponse{Result: result, CachedResult: true}}
			said, _ := done.state(request.GetActionDigest(), false)
			return stream.Send(said)
		}
	}
	var loses bool
	e.set(func() { loses, e.loses = e.loses, false })
	if loses {
		e.server.forgetAll()
	}
	action, command, err := e.understand(request.GetActionDigest())
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(e.ctx)
	op := &operation{cancel: cancel, changed: make(chan struct{}), stage: repb.ExecutionStage_QUEUED}
	op.stdout.op, op.stderr.op = op, op
	e.change(func() {
		op.name = fmt.Sprintf("operation-%d", len(e.operations)+1)
		e.operations[op.name] = op
	})
	e.running.Go(func() {
		defer cancel()
		response := e.perform(ctx, op, action, command)
		if result := response.GetResult(); response.GetStatus() == nil && result.GetExitCode() == 0 && !action.GetDoNotCache() {
			e.server.pass(request.GetInstanceName(), request.GetActionDigest(), result)
		}
		op.set(func() {
			op.stage, op.response, op.stdout.over, op.stderr.over = repb.ExecutionStage_COMPLETED, response, true, true
		})
	})
	return e.announce(stream, op, request.GetActionDigest())
}

// WaitExecution tells what becomes of a command that was asked for before.
func (e *Engine) WaitExecution(request *repb.WaitExecutionRequest, stream repb.Execution_WaitExecutionServer) error {
	var op *operation
	e.set(func() {
		if !e.forgets {
			op = e.operations[request.GetName()]
		}
		e.forgets = false
	})
	if op == nil {
		return status.Error(codes.NotFound, "no such operation")
	}
	return e.announce(stream, op, nil)
}

// CancelOperation ends a command.
func (e *Engine) CancelOperation(_ context.Context, request *longrunningpb.CancelOperationRequest) (*emptypb.Empty, error) {
	var op *operation
	e.set(func() { op = e.operations[request.GetName()] })
	if op == nil {
		return nil, status.Error(codes.NotFound, "no such operation")
	}
	e.set(func() { e.cancelled++ })
	op.cancel()
	return &emptypb.Empty{}, nil
}

// announce says each state of an operation, until it is done.
func (e *Engine) announce(stream interface {
	Context() context.Context
	Send(*longrunningpb.Operation) error
}, op *operation, action *repb.Digest) error {
	for {
		var breaks, streams bool
		e.set(func() { breaks, streams = e.breaks > 0, e.streams })
		said, changed := op.state(action, streams)
		if breaks && !said.GetDone() {
			e.set(func() { e.breaks-- })
			if err := stream.Send(said); err != nil {
				return err
			}
			return status.Error(codes.Unavailable, "the connection is lost")
		}
		if err := stream.Send(said); err != nil || said.GetDone() {
			return err
		}
		select {
		case <-changed:
		case <-stream.Context().Done():
			return stream.Context().Err()
		}
	}
}

// understand finds the action and its command, and looks whether all of the inputs are there.
func (e *Engine) understand(digest *repb.Digest) (*repb.Action, *repb.Command, error) {
	missing := &errdetails.PreconditionFailure{}
	action, command := &repb.Action{}, &repb.Command{}
	read := func(d *repb.Digest, into proto.Message) error {
		data, _ := e.server.Blob(d.GetHash())
		if !e.server.has(d) {
			missing.Violations = append(missing.Violations, &errdetails.PreconditionFailure_Violation{Type: "MISSING", Subject: fmt.Sprintf("blobs/%s/%d", d.GetHash(), d.GetSizeBytes())})
			return nil
		}
		if into == nil {
			return nil
		}
		if err := proto.Unmarshal(data, into); err != nil {
			return status.Errorf(codes.InvalidArgument, "%s is no %T: %v", d.GetHash(), into, err)
		}
		return canonical(data, into)
	}
	var walk func(*repb.Digest) error
	walk = func(d *repb.Digest) error {
		dir := &repb.Directory{}
		if err := read(d, dir); err != nil {
			return err
		}
		for _, f := range dir.GetFiles() {
			if err := read(f.GetDigest(), nil); err != nil {
				return err
			}
		}
		for _, sub := range dir.GetDirectories() {
			if err := walk(sub.GetDigest()); err != nil {
				return err
			}
		}
		return nil
	}
	err := read(digest, action)
	if err == nil && len(missing.GetViolations()) == 0 {
		err = errors.Join(read(action.GetCommandDigest(), command), walk(action.GetInputRootDigest()))
	}
	if err != nil {
		return nil, nil, err
	}
	if len(missing.GetViolations()) > 0 {
		s, err := status.New(codes.FailedPrecondition, "inputs are missing").WithDetails(missing)
		return nil, nil, errors.Join(err, s.Err())
	}
	if len(command.GetArguments()) == 0 {
		return nil, nil, status.Error(codes.InvalidArgument, "the command has no arguments")
	}
	if !slices.IsSorted(command.GetOutputPaths()) {
		return nil, nil, status.Error(codes.InvalidArgument, "the output paths are not sorted")
	}
	return action, command, nil
}

// canonical refuses a message that has other bytes than those that the API asks for.
func canonical(data []byte, m proto.Message) error {
	again, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err == nil && !bytes.Equal(data, again) {
		err = status.Errorf(codes.InvalidArgument, "a %T is not in its canonical form", m)
	}
	return err
}

// perform is what becomes of a command.
func (e *Engine) perform(ctx context.Context, op *operation, action *repb.Action, command *repb.Command) *repb.ExecuteResponse {
	var held chan struct{}
	end := codes.OK
	e.set(func() {
		held = e.held
		if len(e.ends) > 0 {
			end, e.ends = e.ends[0], e.ends[1:]
		}
	})
	if held != nil {
		select {
		case <-held:
		case <-ctx.Done():
		}
	}
	if ctx.Err() != nil {
		end = codes.Canceled
	}
	if end != codes.OK {
		return &repb.ExecuteResponse{Status: status.New(end, "it ended on demand").Proto()}
	}
	op.set(func() { op.stage = repb.ExecutionStage_EXECUTING })
	e.change(func() { e.ran++ })
	began := time.Now()
	result, err := e.place.run(ctx, &op.stdout, &op.stderr, action, command)
	if ctx.Err() != nil {
		return &repb.ExecuteResponse{Status: status.New(codes.Canceled, "cancelled").Proto()}
	}
	response := &repb.ExecuteResponse{Result: result, Message: "it ran in a test"}
	if errors.Is(err, context.DeadlineExceeded) {
		response.Status = status.New(codes.DeadlineExceeded, "the command took too long").Proto()
	} else if err != nil {
		return &repb.ExecuteResponse{Status: status.New(codes.Internal, err.Error()).Proto()}
	}
	e.told(result, op)
	result.ExecutionMetadata = &repb.ExecutedActionMetadata{Worker: "test", ExecutionStartTimestamp: timestamppb.New(began), ExecutionCompletedTimestamp: timestamppb.Now()}
	return response
}

// told puts what a command has printed into its result.
func (e *Engine) told(result *repb.ActionResult, op *operation) {
	var lies, long bool
	e.set(func() { lies, long = e.lies, e.long })
	op.mu.Lock()
	stdout, stderr := slices.Clone(op.stdout.text), slices.Clone(op.stderr.text)
	op.mu.Unlock()
	if !long {
		result.StdoutRaw, result.StderrRaw = stdout, stderr
	}
	result.StdoutDigest, result.StderrDigest = e.server.Put(stdout), e.server.Put(stderr)
	if lies {
		e.server.swap(result.GetStdoutDigest().GetHash(), bytes.Repeat([]byte("x"), len(stdout)))
	}
}

// read gives what a command prints from an offset on, as it comes; false if that is no name of such a stream.
func (e *Engine) read(ctx context.Context, name string, offset int64, send func([]byte) error) (bool, error) {
	operation, which, found := strings.Cut(strings.TrimPrefix(name, "streams/"), "/")
	if !found || !strings.HasPrefix(name, "streams/") {
		return false, nil
	}
	e.mu.Lock()
	op := e.operations[operation]
	e.mu.Unlock()
	if op == nil {
		return true, status.Error(codes.NotFound, "no such stream")
	}
	from := &op.stdout
	if which == "stderr" {
		from = &op.stderr
	}
	for {
		op.mu.Lock()
		piece, over, changed := slices.Clone(from.text[min(offset, int64(len(from.text))):]), from.over, op.changed
		op.mu.Unlock()
		if len(piece) > 0 {
			if err := send(piece); err != nil {
				return true, err
			}
			offset += int64(len(piece))
			continue
		}
		if over {
			return true, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return true, ctx.Err()
		}
	}
}
