package remoteexec

import (
	"context"
	"errors"
	"io"
	"sync"

	"devloop/orchestrator/reapi"
	"devloop/orchestrator/remotecache"
	"devloop/orchestrator/remotecache/grpcwire"
)

// output is one of the two streams that a command writes to.
type output struct {
	conn *grpcwire.Conn
	mu   *sync.Mutex
	to   io.Writer

	got    int64 // bytes that have been passed on
	name   string
	cancel context.CancelFunc // ends the reading; nil: nothing is read
	done   chan struct{}      // closed when the reading has ended
}

// follow reads a stream of the engine as it comes. It is called again and again with its name; "" has none.
func (o *output) follow(ctx context.Context, name string) {
	if name == "" || o.cancel != nil {
		return
	}
	ctx, o.cancel = context.WithCancel(ctx)
	o.done, o.name = make(chan struct{}), name
	go func() {
		defer close(o.done)
		for try := 1; try < mostTries; try++ { // what is missing in the end comes with the result
			before := o.got
			if o.read(ctx) == nil || ctx.Err() != nil {
				return
			}
			if o.got > before {
				try = 1
			}
			if pause(ctx, try) != nil {
				return
			}
		}
	}()
}

// read reads from where it has got to, until the engine says that the stream has ended.
func (o *output) read(ctx context.Context) error {
	stream, err := o.conn.Open(ctx, readMethod, 0)
	if err != nil {
		return err
	}
	defer stream.Close()
	if err := stream.Send(readRequest(o.name, o.got)); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	stream.CloseSend()
	for {
		data, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		piece, err := decodeReadResponse(data)
		if err != nil {
			return err
		}
		if _, err := o.Write(piece); err != nil {
			return err
		}
	}
}

// Write passes on what comes next.
func (o *output) Write(piece []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	n, err := o.to.Write(piece)
	o.got += int64(n)
	return n, err
}

// stop ends the reading.
func (o *output) stop() {
	if o.cancel != nil {
		o.cancel()
		<-o.done
		o.cancel = nil
	}
}

// again prepares for another run of the command, whose output begins anew.
func (o *output) again() {
	o.stop()
	if o.got > 0 {
		_, _ = o.Write([]byte("\n(the engine has lost this run, and begins again)\n"))
	}
	o.got = 0
}

// finish passes on what the command has printed beyond what was read as it came.
func (o *output) finish(ctx context.Context, blobs remotecache.Cache, inline []byte, digest reapi.Digest) error {
	if o.cancel != nil && len(inline) == 0 && digest.IsZero() { // it comes as a stream, or not at all
		ctx, cancel := context.WithTimeout(ctx, answerLimit)
		defer cancel()
		select {
		case <-o.done:
		case <-ctx.Done():
		}
	}
	o.stop()
	switch {
	case int64(len(inline)) > o.got:
		_, err := o.Write(inline[o.got:])
		return err
	case len(inline) == 0 && digest.Size > o.got:
		return blobs.Blob(ctx, digest, &skipping{o.got, o})
	}
	return nil
}

// skipping writes what follows the first bytes.
type skipping struct {
	first int64
	to    io.Writer
}

func (s *skipping) Write(piece []byte) (int, error) {
	skip := min(s.first, int64(len(piece)))
	s.first -= skip
	n, err := s.to.Write(piece[skip:])
	return int(skip) + n, err
}
