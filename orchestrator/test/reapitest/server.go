// Package reapitest is a server of the Remote Execution API v2 for tests: a
// cache in memory that keeps the rules of the API strictly, and breaks them
// when it is told to.
package reapitest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net"
	"sync"
	"testing"

	repb "github.com/bazelbuild/remote-apis/build/bazel/remote/execution/v2"
	"github.com/bazelbuild/remote-apis/build/bazel/semver"
	"google.golang.org/genproto/googleapis/bytestream"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// Options say what the server allows.
type Options struct {
	Batch      int64             // most bytes of a batch; 0: 4 MiB less the room for its frame
	ReadOnly   bool              // nobody may add results
	CacheOnly  bool              // it says that it runs no commands
	Headers    map[string]string // what every call must bring, in lower case; else UNAUTHENTICATED
	ServerOpts []grpc.ServerOption
	Listener   net.Listener // nil: a free port of 127.0.0.1
}

// Server is a running server.
type Server struct {
	Address string // grpc://HOST:PORT
	Engine  *Engine
	options Options
	grpc    *grpc.Server

	mu      sync.Mutex
	blobs   map[string][]byte
	results map[string]*repb.ActionResult // by INSTANCE/HASH
	uploads map[string][]byte             // what has come of an unfinished upload, by its resource
	faults  []*Fault
	calls   map[string]int
}

// Start starts a server that ends with the test.
func Start(tb testing.TB, options Options) *Server {
	tb.Helper()
	if options.Batch == 0 {
		options.Batch = 4<<20 - 64<<10
	}
	listener := options.Listener
	if listener == nil {
		var err error
		if listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			tb.Fatal(err)
		}
	}
	s := &Server{
		Address: "grpc://" + listener.Addr().String(), options: options,
		blobs: map[string][]byte{}, results: map[string]*repb.ActionResult{}, uploads: map[string][]byte{}, calls: map[string]int{},
	}
	s.grpc = grpc.NewServer(append([]grpc.ServerOption{
		grpc.ChainUnaryInterceptor(s.unary), grpc.ChainStreamInterceptor(s.stream),
	}, options.ServerOpts...)...)
	repb.RegisterCapabilitiesServer(s.grpc, &capabilities{s: s})
	repb.RegisterActionCacheServer(s.grpc, &actionCache{s: s})
	repb.RegisterContentAddressableStorageServer(s.grpc, &contentStorage{s: s})
	bytestream.RegisterByteStreamServer(s.grpc, &byteStream{s: s})
	var ended func()
	s.Engine, ended = engineOf(tb, s)
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = s.grpc.Serve(listener)
	}()
	tb.Cleanup(func() {
		s.Stop()
		<-served
		ended()
	})
	return s
}

// Stop ends the server and breaks its connections.
func (s *Server) Stop() { s.grpc.Stop() }

// Put adds a blob.
func (s *Server) Put(content []byte) *repb.Digest {
	d := digestOf(content)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.blobs[d.Hash] = content
	return d
}

// Blob is the blob with this hash, if the server has it.
func (s *Server) Blob(hash string) ([]byte, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	content, ok := s.blobs[hash]
	return content, ok
}

// Forget removes a blob, as eviction does.
func (s *Server) Forget(hash string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.blobs, hash)
}

// forgetAll removes all blobs.
func (s *Server) forgetAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.blobs)
}

// swap puts another content in the place of a blob.
func (s *Server) swap(hash string, content []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.blobs[hash] = content
}

// pass keeps what has come of an action.
func (s *Server) pass(instance string, action *repb.Digest, result *repb.ActionResult) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.results[instance+"/"+action.GetHash()] = result
}

// Result is the result that is kept for the action with this hash.
func (s *Server) Result(instance, hash string) *repb.ActionResult {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.results[instance+"/"+hash]
}

// Calls is how often a method, such as "Read", has been called.
func (s *Server) Calls(method string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[method]
}

func digestOf(content []byte) *repb.Digest {
	sum := sha256.Sum256(content)
	return &repb.Digest{Hash: hex.EncodeToString(sum[:]), SizeBytes: int64(len(content))}
}

// checkDigest refuses what is no SHA-256 digest.
func checkDigest(d *repb.Digest) error {
	if raw, err := hex.DecodeString(d.GetHash()); err != nil || len(raw) != sha256.Size || hex.EncodeToString(raw) != d.GetHash() || d.GetSizeBytes() < 0 {
		return status.Errorf(codes.InvalidArgument, "%q/%d is no SHA-256 digest", d.GetHash(), d.GetSizeBytes())
	}
	return nil
}

// has says whether the blob is there. The empty blob always is.
func (s *Server) has(d *repb.Digest) bool {
	if d.GetSizeBytes() == 0 {
		return d.GetHash() == digestOf(nil).Hash
	}
	content, ok := s.Blob(d.GetHash())
	return ok && int64(len(content)) == d.GetSizeBytes()
}

// authorized checks the headers of a call.
func (s *Server) authorized(ctx context.Context) error {
	md, _ := metadata.FromIncomingContext(ctx)
	for name, value := range s.options.Headers {
		if got := md.Get(name); len(got) != 1 || got[0] != value {
			return status.Errorf(codes.Unauthenticated, "header %s is %q", name, got) // as careless as servers are
		}
	}
	return nil
}

type capabilities struct {
	repb.UnimplementedCapabilitiesServer
	s *Server
}

func (c *capabilities) GetCapabilities(context.Context, *repb.GetCapabilitiesRequest) (*repb.ServerCapabilities, error) {
	return &repb.ServerCapabilities{
		CacheCapabilities: &repb.CacheCapabilities{
			DigestFunctions:               []repb.DigestFunction_Value{repb.DigestFunction_SHA256},
			ActionCacheUpdateCapabilities: &repb.ActionCacheUpdateCapabilities{UpdateEnabled: !c.s.options.ReadOnly},
			MaxBatchTotalSizeBytes:        c.s.options.Batch,
			SymlinkAbsolutePathStrategy:   repb.SymlinkAbsolutePathStrategy_ALLOWED,
		},
		ExecutionCapabilities: c.s.executionCapabilities(),
		LowApiVersion:         &semver.SemVer{Major: 2},
		HighApiVersion:        &semver.SemVer{Major: 2, Minor: 3},
	}, nil
}

type actionCache struct {
	repb.UnimplementedActionCacheServer
	s *Server
}

func (a *actionCache) GetActionResult(_ context.Context, r *repb.GetActionResultRequest) (*repb.ActionResult, error) {
	if err := checkDigest(r.GetActionDigest()); err != nil {
		return nil, err
	}
	result := a.s.Result(r.GetInstanceName(), r.GetActionDigest().GetHash())
	if result == nil || a.s.incomplete(result) != nil {
		return nil, status.Error(codes.NotFound, "no such result")
	}
	return result, nil
}

func (a *actionCache) UpdateActionResult(_ context.Context, r *repb.UpdateActionResultRequest) (*repb.ActionResult, error) {
	if a.s.options.ReadOnly {
		return nil, status.Error(codes.PermissionDenied, "read only")
	}
	if err := checkDigest(r.GetActionDigest()); err != nil {
		return nil, err
	}
	if err := a.s.incomplete(r.GetActionResult()); err != nil {
		return nil, err
	}
	a.s.mu.Lock()
	defer a.s.mu.Unlock()
	a.s.results[r.GetInstanceName()+"/"+r.GetActionDigest().GetHash()] = r.GetActionResult()
	return r.GetActionResult(), nil
}

// incomplete says which blob of a result is not there.
func (s *Server) incomplete(result *repb.ActionResult) error {
	var digests []*repb.Digest
	for _, f := range result.GetOutputFiles() {
		if f.GetPath() == "" {
			return status.Error(codes.InvalidArgument, "an output file without a path")
		}
		digests = append(digests, f.GetDigest())
	}
	for _, d := range []*repb.Digest{result.GetStdoutDigest(), result.GetStderrDigest()} {
		if d != nil {
			digests = append(digests, d)
		}
	}
	for _, dir := range result.GetOutputDirectories() {
		digests = append(digests, dir.GetTreeDigest())
		content, _ := s.Blob(dir.GetTreeDigest().GetHash())
		tree := &repb.Tree{}
		if err := proto.Unmarshal(content, tree); err != nil {
			return status.Errorf(codes.InvalidArgument, "the tree of %s is none: %v", dir.GetPath(), err)
		}
		for _, d := range append(tree.GetChildren(), tree.GetRoot()) {
			for _, f := range d.GetFiles() {
				digests = append(digests, f.GetDigest())
			}
		}
	}
	for _, d := range digests {
		if err := checkDigest(d); err != nil {
			return err
		}
		if !s.has(d) {
			return status.Errorf(codes.FailedPrecondition, "blob %s/%d is not there", d.GetHash(), d.GetSizeBytes())
		}
	}
	return nil
}
