package reapitest

import (
	"context"
	"path"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Fault is what goes wrong with the calls of a method.
type Fault struct {
	Method string // its name, such as "Read"; "": all
	Times  int    // how many calls; 0: all from now on

	Code  codes.Code // the answer is this status
	Hang  bool       // there is no answer until the client has given up
	Break int        // Read, Write: after so many bytes comes Code (UNAVAILABLE if none), or nothing with Hang
	Lie   bool       // Read, BatchReadBlobs: other bytes, as many as there should be
	Short bool       // Read, BatchReadBlobs: half of the bytes
}

// Fault adds a fault. Earlier ones that still apply come first.
func (s *Server) Fault(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &f)
}

// Heal removes all faults.
func (s *Server) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// take is the first fault of a method, of those that concern its content or
// of those that come in place of an answer.
func (s *Server) take(method string, content bool) *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, f := range s.faults {
		if (f.Method != "" && f.Method != method) || content != (f.Break > 0 || f.Lie || f.Short) {
			continue
		}
		if f.Times--; f.Times == 0 {
			s.faults = append(s.faults[:i:i], s.faults[i+1:]...)
		}
		return f
	}
	return nil
}

func (s *Server) content(method string) *Fault { return s.take(method, true) }

// spoil is the content as the fault has it.
func (f *Fault) spoil(content []byte) []byte {
	if f == nil || len(content) == 0 {
		return content
	}
	if f.Short {
		content = content[:len(content)/2]
	}
	if f.Lie {
		content = append([]byte{content[0] ^ 1}, content[1:]...)
	}
	return content
}

// broken is the end of a stream.
func (f *Fault) broken(ctx context.Context) error {
	if f.Hang {
		<-ctx.Done()
	}
	if f.Code == codes.OK {
		return status.Error(codes.Unavailable, "the stream broke")
	}
	return status.Error(f.Code, "as the test wants it")
}

// before counts a call, checks who asks, and is its fault.
func (s *Server) before(ctx context.Context, method string) error {
	method = path.Base(method)
	s.mu.Lock()
	s.calls[method]++
	s.mu.Unlock()
	if err := s.authorized(ctx); err != nil {
		return err
	}
	if fault := s.take(method, false); fault != nil {
		return fault.broken(ctx)
	}
	return nil
}

func (s *Server) unary(ctx context.Context, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	if err := s.before(ctx, info.FullMethod); err != nil {
		return nil, err
	}
	return handler(ctx, request)
}

func (s *Server) stream(server any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	if err := s.before(stream.Context(), info.FullMethod); err != nil {
		return err
	}
	return handler(server, stream)
}
