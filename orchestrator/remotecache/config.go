package remotecache

import (
	"errors"
	"time"
)

// Config says where a cache is.
type Config struct {
	Address  string            // http, https, grpc or grpcs
	Instance string            // a part of a cache that speaks gRPC, which has several; "": it has one
	Headers  map[string]string // sent with every request to this host; in no error
	Notice   func(text string) // told once that the cache is left out, and why; from any goroutine; may be nil

	Answer time.Duration // how long to wait for an answer while nothing comes or goes; 0: 2 s
	Stall  time.Duration // the same for a stream of bytes; 0: 3 s
}

// errMissing is the error of a result or a blob that the cache does not have.
var errMissing = errors.New("not in the cache")

// errLeftOut is the error of a call that was not made, because the cache has failed too often just now.
var errLeftOut = errors.New("the cache is left out for a while")

// callersError is a failure for which no cache can help.
type callersError struct{ error }

func (e *callersError) Unwrap() error { return e.error }

// refusal is a failure that another try does not change.
type refusal struct{ error }

func (e *refusal) Unwrap() error { return e.error }
