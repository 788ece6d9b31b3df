package remotecache

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"sync"

	"devloop/orchestrator/reapi"
	"devloop/orchestrator/remotecache/transport"
)

const (
	mostResult    = 16 << 20 // bytes of an ActionResult
	mostRedirects = 3
)

// httpCache is a cache that speaks HTTP as Bazel does: GET and PUT below /ac/ and /cas/.
type httpCache struct {
	config Config
	to     *transport.Client
	http   http.Client
}

func newHTTP(c Config, u *url.URL) *httpCache {
	to := transport.New(u, c.Headers, false)
	return &httpCache{config: c, to: to, http: http.Client{Transport: to, CheckRedirect: redirect}}
}

// redirect follows to where a cache keeps its contents. Headers that are secret stay out, see transport.
func redirect(r *http.Request, before []*http.Request) error {
	if len(before) > mostRedirects || before[0].URL.Scheme == "https" && r.URL.Scheme != "https" {
		return http.ErrUseLastResponse
	}
	r.Header.Del("Referer") // where the cache is concerns nobody else
	return nil
}

// do sends a request. The body of the answer must be closed.
func (c *httpCache) do(ctx context.Context, method, kind string, d reapi.Digest, size int64, body io.Reader) (*http.Response, error) {
	u := *c.to.Base
	u.Path = path.Join("/", u.Path, kind, d.Hex())
	r, err := http.NewRequestWithContext(ctx, method, u.String(), body)
	if err != nil {
		return nil, errors.New("the cache's address cannot be used")
	}
	r.Header.Set("User-Agent", "devloop")
	if body != nil {
		r.ContentLength = size
		r.Header.Set("Content-Type", "application/octet-stream")
	}
	answer, err := c.http.Do(r)
	if err != nil {
		var of *url.Error
		if errors.As(err, &of) { // it repeats an address, which may be a signed one
			err = of.Err
		}
		return nil, fmt.Errorf("%s %s/…: %w", method, kind, err)
	}
	switch code := answer.StatusCode; {
	case code == http.StatusOK, method == http.MethodPut && code < 300:
		return answer, nil
	case code == http.StatusNotFound && method != http.MethodPut:
		err = errMissing
	case code == http.StatusUnauthorized, code == http.StatusForbidden, code == http.StatusMethodNotAllowed:
		err = &refusal{fmt.Errorf("%s %s/…: HTTP status %s (see `headers` of `remote`)", method, kind, answer.Status)}
	default:
		err = fmt.Errorf("%s %s/…: HTTP status %s", method, kind, answer.Status)
	}
	_ = answer.Body.Close() // nothing more is read
	return nil, c.to.Conceal(err)
}

func (c *httpCache) result(ctx context.Context, key reapi.Digest) ([]byte, error) {
	answer, err := c.do(transport.WithStall(ctx, c.config.Answer), http.MethodGet, "ac", key, 0, nil)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }() // it was read only
	data, err := io.ReadAll(io.LimitReader(answer.Body, mostResult+1))
	if err == nil && len(data) > mostResult {
		err = errors.New("a result of more than 16 MiB")
	}
	return data, err
}

func (c *httpCache) open(ctx context.Context, d reapi.Digest) (io.ReadCloser, error) {
	answer, err := c.do(transport.WithStall(ctx, c.config.Stall), http.MethodGet, "cas", d, 0, nil)
	if err != nil {
		return nil, err
	}
	if n := answer.ContentLength; n >= 0 && n != d.Size {
		_ = answer.Body.Close() // it was not read
		return nil, fmt.Errorf("%w: it has %d of %d bytes", errOther, n, d.Size)
	}
	return answer.Body, nil
}

func (c *httpCache) missing(ctx context.Context, ds []reapi.Digest) (missing []reapi.Digest, err error) {
	var mu sync.Mutex
	err = parallel(ctx, ds, func(ctx context.Context, d reapi.Digest) error {
		answer, err := c.do(transport.WithStall(ctx, c.config.Answer), http.MethodHead, "cas", d, 0, nil)
		switch {
		case errors.Is(err, errMissing):
			mu.Lock()
			missing = append(missing, d)
			mu.Unlock()
			return nil
		case err != nil:
			return err
		}
		return answer.Body.Close()
	})
	return missing, err
}

func (c *httpCache) putBlob(ctx context.Context, d reapi.Digest, r io.Reader) error {
	return c.put(ctx, "cas", d, d.Size, r)
}

func (c *httpCache) putResult(ctx context.Context, key reapi.Digest, result []byte) error {
	return c.put(ctx, "ac", key, int64(len(result)), bytes.NewReader(result))
}

func (c *httpCache) put(ctx context.Context, kind string, d reapi.Digest, size int64, r io.Reader) error {
	if size == 0 {
		r = http.NoBody
	}
	answer, err := c.do(transport.WithStall(ctx, c.config.Stall), http.MethodPut, kind, d, size, r)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, io.LimitReader(answer.Body, 64<<10)) // so that the connection can be used again
	if closing := answer.Body.Close(); err == nil {
		err = closing
	}
	return err
}

func (c *httpCache) batch(context.Context) (int64, error) { return 0, nil }

func (c *httpCache) readBatch(context.Context, []reapi.Digest) (map[reapi.Digest][]byte, error) {
	return nil, errors.ErrUnsupported
}

func (c *httpCache) putBatch(context.Context, map[reapi.Digest][]byte) error {
	return errors.ErrUnsupported
}

func (c *httpCache) close() { c.to.Close() }
