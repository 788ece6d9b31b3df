package grpcwire

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// Code is a code of gRPC.
type Code int32

// The codes that somebody asks for; the others are numbers.
const (
	OK                 Code = 0
	Unknown            Code = 2
	InvalidArgument    Code = 3
	DeadlineExceeded   Code = 4
	NotFound           Code = 5
	PermissionDenied   Code = 7
	ResourceExhausted  Code = 8
	FailedPrecondition Code = 9
	OutOfRange         Code = 11
	Unimplemented      Code = 12
	Internal           Code = 13
	Unavailable        Code = 14
	Unauthenticated    Code = 16
)

// A Status is how a call has failed.
type Status struct {
	Code    Code
	Message string // by the server, or about the connection
	Details []byte // the message google.rpc.Status, if the server has sent one
}

func (s *Status) Error() string {
	if s.Message == "" {
		return fmt.Sprintf("gRPC status %d", s.Code)
	}
	return s.Message
}

// CodeOf is the code of err; OK for nil, Unknown for an error of another kind.
func CodeOf(err error) Code {
	var s *Status
	switch {
	case err == nil:
		return OK
	case errors.As(err, &s):
		return s.Code
	}
	return Unknown
}

// broken is the error of a connection, or that of the caller's context.
func broken(err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return &Status{Code: Unavailable, Message: err.Error()}
}

// ofHTTP is the code for an answer that is none of gRPC.
func ofHTTP(status int) Code {
	switch status {
	case http.StatusBadRequest:
		return Internal
	case http.StatusUnauthorized:
		return Unauthenticated
	case http.StatusForbidden:
		return PermissionDenied
	case http.StatusNotFound:
		return Unimplemented
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return Unavailable
	}
	return Unknown
}

// ofHeader reads the status out of trailers. It is nil if there is none.
func ofHeader(h http.Header) *Status {
	code, err := strconv.ParseInt(h.Get("Grpc-Status"), 10, 32)
	if err != nil {
		return nil
	}
	s := &Status{Code: Code(code), Message: h.Get("Grpc-Message")}
	if text, err := url.PathUnescape(s.Message); err == nil {
		s.Message = text
	}
	if details, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(h.Get("Grpc-Status-Details-Bin"), "=")); err == nil {
		s.Details = details
	}
	return s
}
