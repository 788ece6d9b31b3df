package proxy

import (
	"context"
	"io"
	"mime"
	"net/http"
)

// isEventStream recognises server-sent events, which end when the page is closed.
func isEventStream(h http.Header) bool {
	kind, _, _ := mime.ParseMediaType(h.Get("Content-Type"))
	return kind == "text/event-stream"
}

// watch finishes the attempt when the answer's body ends.
func watch(ctx context.Context, body io.ReadCloser, try *attempt) io.ReadCloser {
	watched := &answerBody{ReadCloser: body, ctx: ctx, attempt: try}
	if conn, ok := body.(io.ReadWriteCloser); ok {
		return &upgraded{answerBody: watched, conn: conn} // 101: both ways
	}
	return watched
}

type answerBody struct {
	io.ReadCloser
	ctx     context.Context
	attempt *attempt
}

func (b *answerBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	switch {
	case err == nil:
	case err == io.EOF:
		b.attempt.finish(answered)
	case b.ctx.Err() != nil:
		b.attempt.finish(left)
	default:
		b.attempt.finish(cut)
	}
	return n, err
}

// Close before the end means that the client did not want the rest.
func (b *answerBody) Close() error {
	b.attempt.finish(left)
	return b.ReadCloser.Close()
}

// An upgraded connection: it goes on when one side has ended.
type upgraded struct {
	*answerBody
	conn io.ReadWriteCloser
}

func (u *upgraded) Read(p []byte) (int, error)  { return u.conn.Read(p) }
func (u *upgraded) Write(p []byte) (int, error) { return u.conn.Write(p) }

func (u *upgraded) CloseWrite() error {
	if half, ok := u.conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return http.ErrNotSupported
}

func (u *upgraded) Close() error {
	u.attempt.finish(answered)
	return u.conn.Close()
}
