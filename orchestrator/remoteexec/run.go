package remoteexec

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"devloop/orchestrator/reapi"
	"devloop/orchestrator/remotecache"
	"devloop/orchestrator/remotecache/grpcwire"
)

const (
	// answerLimit is how long the engine has for an answer that needs no work.
	answerLimit = 2 * time.Second

	// mostTries is how often a command is given to an engine that loses it, or that misses some of its inputs.
	mostTries = 4

	// firstPause is the pause before the second try; each further one is twice as long.
	firstPause = 100 * time.Millisecond

	// goodStream is how long a stream has lasted that did not break because the engine is in trouble.
	goodStream = 30 * time.Second
)

const (
	executeMethod = "/build.bazel.remote.execution.v2.Execution/Execute"
	waitMethod    = "/build.bazel.remote.execution.v2.Execution/WaitExecution"
	cancelMethod  = "/google.longrunning.Operations/CancelOperation"
	readMethod    = "/google.bytestream.ByteStream/Read"
)

// execution is one call of Run.
type execution struct {
	conn           *grpcwire.Conn
	blobs          remotecache.Cache
	instance       string
	headers        map[string]string
	work           Work
	progress       func(Progress)
	reached        Progress
	name           string // of the operation, once it is known
	stdout, stderr *output
}

// Run runs a command. It ends early when ctx does: then the engine is asked to end the command, and is not waited for longer
// than two seconds. An error with [ErrAway] in its chain is the engine's.
func (e *Engine) Run(ctx context.Context, w Work, f Follow) (*Result, error) {
	conn, blobs, err := e.open()
	if err != nil {
		return nil, err
	}
	var mu sync.Mutex // one writes at a time
	x := &execution{conn: conn, blobs: blobs, instance: e.config.Instance, headers: e.config.Headers, work: w, progress: f.Progress,
		stdout: &output{conn: conn, mu: &mu, to: f.Stdout}, stderr: &output{conn: conn, mu: &mu, to: f.Stderr}}
	result, err := x.run(ctx, func() error { return e.prove(ctx, conn) })
	x.stdout.stop()
	x.stderr.stop()
	if err != nil && ctx.Err() != nil {
		x.cancel(context.WithoutCancel(ctx))
		return nil, ctx.Err()
	}
	return result, judge(err)
}

func (x *execution) run(ctx context.Context, prove func() error) (*Result, error) {
	x.progress(Sending)
	began := time.Now()
	known, err := x.prepare(ctx, prove)
	if passing(statusOf(err).code) && !errors.Is(err, ErrInputs) && time.Since(began) < answerLimit && pause(ctx, 1) == nil { // it may be starting, or busy
		known, err = x.prepare(ctx, prove)
	}
	if known != nil || err != nil {
		return known, err
	}
	for try := 1; ; try++ {
		response, err := x.execute(ctx)
		if err == nil && response.status.code == ok {
			return x.finish(ctx, response)
		}
		if err == nil {
			err = x.failure(response)
		}
		if try == mostTries || ctx.Err() != nil {
			return nil, err
		}
		switch s := statusOf(err); {
		case s.code == failedPrecondition && (try == 1 || len(s.missing) > 0):
			if err := x.send(ctx, x.asMissing(s.missing)); err != nil {
				return nil, err
			}
		case passing(s.code):
			if err := pause(ctx, try); err != nil {
				return nil, err
			}
		case s.code == deadlineExceeded && response != nil && response.result != nil:
			_, _ = x.finish(ctx, response) // for what it has printed
			return nil, err
		default:
			return nil, err
		}
		x.stdout.again()
		x.stderr.again()
	}
}

// prepare looks for an earlier result, and without one gives the engine all that it needs.
func (x *execution) prepare(ctx context.Context, prove func() error) (*Result, error) {
	if err := prove(); err != nil {
		return nil, err
	}
	if known := x.known(ctx); known != nil {
		return known, nil
	}
	return nil, x.send(ctx, x.work.Blobs)
}

// known is an earlier result that stands for the command, or nil: not every engine looks for one itself.
func (x *execution) known(ctx context.Context) *Result {
	if x.work.Fresh {
		return nil
	}
	result, err := x.blobs.Result(ctx, x.work.Action)
	if err != nil || result.ExitCode != 0 {
		return nil
	}
	known, err := x.finish(ctx, &executeResponse{result: result, cached: true})
	if err != nil { // what it has printed is gone
		x.work.Fresh = true
		x.stdout.again()
		x.stderr.again()
		return nil
	}
	return known
}

// send gives the engine those of the blobs that it has not got.
func (x *execution) send(ctx context.Context, blobs []reapi.Digest) error {
	missing, err := x.blobs.Missing(ctx, blobs)
	var unread atomic.Bool
	if err == nil && len(missing) > 0 {
		err = x.blobs.PutBlobs(ctx, missing, func(d reapi.Digest) (io.ReadCloser, error) {
			r, err := x.work.Open(d)
			if err != nil {
				unread.Store(true)
				return nil, err
			}
			return &input{r, &unread}, nil
		})
	}
	if err != nil && unread.Load() {
		return fmt.Errorf("%w: %w", ErrInputs, err)
	}
	if err != nil {
		return fmt.Errorf("send its inputs: %w", err)
	}
	return nil
}

// input notes that it cannot be read.
type input struct {
	io.ReadCloser
	unread *atomic.Bool
}

func (i *input) Read(p []byte) (int, error) {
	n, err := i.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		i.unread.Store(true)
	}
	return n, err
}

// asMissing are those of the blobs that the engine calls missing, or all if it does not say which.
func (x *execution) asMissing(named []reapi.Digest) []reapi.Digest {
	known := slices.DeleteFunc(slices.Clone(named), func(d reapi.Digest) bool { return !slices.Contains(x.work.Blobs, d) })
	if len(known) == 0 {
		return x.work.Blobs
	}
	return known
}

// execute gives the command to the engine, and stays with it to its end, although streams break.
func (x *execution) execute(ctx context.Context) (*executeResponse, error) {
	x.name = ""
	x.note(Queued)
	method, request := executeMethod, executeRequest{x.instance, x.work.Action, x.work.Fresh}.encode()
	for failures := 1; ; failures++ {
		began := time.Now()
		reached := x.reached
		response, err := x.listen(ctx, method, request)
		if err == nil {
			return response, nil
		}
		if x.reached > reached || time.Since(began) > goodStream {
			failures = 1
		}
		code := statusOf(err).code
		if x.name == "" || !passing(code) || failures == mostTries || ctx.Err() != nil {
			if code == notFound && method == waitMethod {
				err = status{code: unavailable, message: "the engine has lost the command"}
			}
			return nil, err
		}
		if err := pause(ctx, failures); err != nil {
			return nil, err
		}
		method, request = waitMethod, named(x.name)
	}
}

// listen hears of an operation until it is done, or the stream breaks.
func (x *execution) listen(ctx context.Context, method string, request []byte) (*executeResponse, error) {
	stream, err := x.conn.Open(ctx, method, 0)
	if err != nil {
		return nil, err
	}
	defer stream.Close()
	if err := stream.Send(request); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	stream.CloseSend()
	for {
		data, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil, status{code: unavailable, message: "the engine ended the stream before the command"}
		}
		if err != nil {
			return nil, err
		}
		op, err := decodeOperation(data)
		if err != nil {
			return nil, fmt.Errorf("read the state of the command: %w", err)
		}
		if op.name != "" {
			x.name = op.name
		}
		switch op.metadata.stage {
		case atCacheCheck, atQueued:
			x.note(Queued)
		case atExecuting:
			x.note(Running)
		}
		x.stdout.follow(ctx, op.metadata.stdout)
		x.stderr.follow(ctx, op.metadata.stderr)
		switch {
		case op.done && op.err.code != ok:
			return &executeResponse{status: op.err}, nil
		case op.done && op.response == nil:
			return nil, status{code: internal, message: "the engine says that the command has ended, and not how"}
		case op.done:
			return op.response, nil
		}
	}
}

func (x *execution) note(p Progress) {
	if p != x.reached {
		x.reached = p
		x.progress(p)
	}
}

// finish brings what the command has printed, as far as that has not come yet.
func (x *execution) finish(ctx context.Context, response *executeResponse) (*Result, error) {
	result := response.result
	if result == nil {
		result = &reapi.ActionResult{}
	}
	x.note(Fetching)
	if err := x.stdout.finish(ctx, x.blobs, result.Stdout, result.StdoutDigest); err != nil {
		return nil, err
	}
	if err := x.stderr.finish(ctx, x.blobs, result.Stderr, result.StderrDigest); err != nil {
		return nil, err
	}
	return &Result{result, response.cached}, nil
}

// cancel asks the engine to end the command. Engines that do not know the call end it as nobody listens any more.
func (x *execution) cancel(ctx context.Context) {
	if x.name == "" {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	_, _ = x.conn.Call(ctx, cancelMethod, named(x.name)) // nothing can be done if it does not
}

// failure is how the engine has failed to run the command, without the values of headers that it may have repeated.
func (x *execution) failure(response *executeResponse) error {
	s := response.status
	if response.message != "" {
		s.message = strings.TrimPrefix(s.message+"; "+response.message, "; ")
	}
	for _, value := range x.headers {
		_, word, _ := strings.Cut(value, " ")
		for _, secret := range []string{value, word} {
			if secret != "" {
				s.message = strings.ReplaceAll(s.message, secret, "…")
			}
		}
	}
	return s
}

func pause(ctx context.Context, try int) error {
	timer := time.NewTimer(firstPause << (try - 1))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
