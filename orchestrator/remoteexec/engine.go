// Package remoteexec runs commands on an engine that speaks the Remote Execution API v2
// (https://github.com/bazelbuild/remote-apis), such as Buildbarn, Buildfarm, BuildBuddy or NativeLink.
package remoteexec

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"devloop/orchestrator/reapi"
	"devloop/orchestrator/reapi/wire"
	"devloop/orchestrator/remotecache"
	"devloop/orchestrator/remotecache/grpcwire"
)

// ErrAway is in the chain of an error that is the engine's, not the command's: it cannot be reached, or cannot
// take work now. Nothing of the command's is known then.
var ErrAway = errors.New("the engine cannot be used now")

// ErrInputs is in the chain of an error of a command whose inputs could not be read, or were not what their digests say.
var ErrInputs = errors.New("its inputs changed while they were sent, or cannot be read")

// Config is where an engine is.
type Config struct {
	Address  string // a URL of grpc or grpcs
	Instance string
	Headers  map[string]string // of every request; secrets
}

// An Engine runs actions. It connects when it is first used. Its methods may be called by several goroutines.
type Engine struct {
	config Config

	mu     sync.Mutex // guards what follows
	conn   *grpcwire.Conn
	blobs  remotecache.Cache
	proved bool // it has said that it runs commands
}

// New makes an Engine. The caller closes it.
func New(config Config) *Engine { return &Engine{config: config} }

// Close ends the connections. Nothing may run any more.
func (e *Engine) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.conn == nil {
		return nil
	}
	return errors.Join(e.conn.Close(), e.blobs.Close())
}

// Blobs is the engine's store of contents, from which the outputs of a command can be had.
func (e *Engine) Blobs() (remotecache.Cache, error) {
	_, blobs, err := e.open()
	return blobs, err
}

func (e *Engine) open() (*grpcwire.Conn, remotecache.Cache, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.conn != nil {
		return e.conn, e.blobs, nil
	}
	conn, err := grpcwire.Dial(grpcwire.Config{Address: e.config.Address, Headers: e.config.Headers})
	if err != nil {
		return nil, nil, err
	}
	blobs, err := remotecache.Open(remotecache.Config{Address: e.config.Address, Instance: e.config.Instance, Headers: e.config.Headers})
	if err != nil {
		return nil, nil, errors.Join(err, conn.Close())
	}
	e.conn, e.blobs = conn, blobs
	return conn, blobs, nil
}

// prove asks the server, once, whether it runs commands.
func (e *Engine) prove(ctx context.Context, conn *grpcwire.Conn) error {
	e.mu.Lock()
	proved := e.proved
	e.mu.Unlock()
	if proved {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	answer, err := conn.Call(ctx, "/build.bazel.remote.execution.v2.Capabilities/GetCapabilities", wire.AppendString(nil, 1, e.config.Instance))
	if err != nil {
		return err
	}
	is, err := runsCommands(answer)
	if err != nil {
		return fmt.Errorf("read what the engine can do: %w", err)
	}
	if !is {
		return status{code: unimplemented, message: "it is a cache, or it runs no commands for this instance"}
	}
	e.mu.Lock()
	e.proved = true
	e.mu.Unlock()
	return nil
}

// Work is a command with all that the engine needs to run it.
type Work struct {
	Action reapi.Digest
	Blobs  []reapi.Digest // what the action refers to, and itself; each once
	// Open reads one of them, from any goroutine. What it gives is checked against the digest.
	Open  func(reapi.Digest) (io.ReadCloser, error)
	Fresh bool // an earlier result may not stand for it
}

// Follow hears of a command while it runs. None of its parts is used by two goroutines at once, and none after Run has
// returned.
type Follow struct {
	Progress       func(Progress)
	Stdout, Stderr io.Writer
}

// Progress is what the engine does for a command.
type Progress int

// What comes first, and what follows. A command that the engine has lost is Queued again.
const (
	Sending Progress = iota // its inputs, to the engine
	Queued
	Running
	Fetching // what it has printed
)

func (p Progress) String() string { return [...]string{"sending", "queued", "running", "fetching"}[p] }

// Result is what came of a command. Its exit code may be another than 0.
type Result struct {
	*reapi.ActionResult
	Cached bool // an earlier run stands for it
}
