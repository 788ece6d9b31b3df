package remoteexec

import (
	"context"
	"errors"
	"fmt"
	"net"

	"devloop/orchestrator/remotecache/grpcwire"
)

// Codes of gRPC.
const (
	ok                 = 0
	cancelled          = 1
	unknown            = 2
	invalidArgument    = 3
	deadlineExceeded   = 4
	notFound           = 5
	permissionDenied   = 7
	resourceExhausted  = 8
	failedPrecondition = 9
	aborted            = 10
	unimplemented      = 12
	internal           = 13
	unavailable        = 14
	unauthenticated    = 16
)

func (s status) Error() string {
	if s.message == "" {
		return fmt.Sprintf("the engine answers with the status %d", s.code)
	}
	return s.message
}

// statusOf finds the status in an error.
func statusOf(err error) status {
	var s status
	if err == nil {
		return s
	}
	if errors.As(err, &s) {
		return s
	}
	var from *grpcwire.Status
	if !errors.As(err, &from) {
		return status{code: unknown, message: err.Error()}
	}
	s, _ = decodeStatus(from.Details) // what cannot be read tells nothing more
	s.code, s.message = int64(from.Code), from.Message
	return s
}

// passing is whether a failure is not the command's, so that another try may succeed.
func passing(code int64) bool {
	switch code {
	case unavailable, aborted, internal, resourceExhausted, unknown:
		return true
	}
	return false
}

// judge says what has failed, in words.
func judge(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, ErrInputs) {
		return err
	}
	s := statusOf(err)
	var network net.Error
	switch {
	case errors.As(err, &network), passing(s.code), errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%w: %w", ErrAway, err)
	}
	switch s.code {
	case deadlineExceeded:
		return fmt.Errorf("the engine has ended it: it took longer than the engine allows (%w)", err)
	case failedPrecondition:
		return fmt.Errorf("the engine cannot run it as it is: %w", err)
	case unauthenticated, permissionDenied:
		return fmt.Errorf("the engine does not allow it (see `headers` of `remote`): %w", err)
	case unimplemented:
		return fmt.Errorf("what answers there is no engine: %w", err)
	case cancelled:
		return fmt.Errorf("somebody has cancelled it on the engine: %w", err)
	case invalidArgument:
		return fmt.Errorf("the engine refuses it: %w", err)
	}
	return err
}
