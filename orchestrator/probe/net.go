package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	neturl "net/url"
)

// HTTP asks a URL with GET, once; a status of 200 to 399 is ready. A redirect
// is an answer, and is not followed: it may lead away from what is asked, to a
// host name that exists nowhere yet. Every try has a connection of its own, so
// that none is answered by a server that is on its way out, and the
// environment's proxy is not asked, since it would look for 127.0.0.1 on its
// own machine. Certificates are not verified: what is asked is the server that
// was just started here, whose certificate is self-made as often as not, and
// nothing is told to it.
//
// Ctx bounds the try: against a listening socket whose server does not accept
// yet, the request waits in the queue until it does.
func HTTP(ctx context.Context, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		var parse *neturl.Error // it names the URL as well
		if errors.As(err, &parse) {
			err = parse.Err
		}
		return fmt.Errorf("ask %s: %w", url, err)
	}
	req.Header.Set("User-Agent", "devloop-probe")
	transport := newTransport()
	defer transport.CloseIdleConnections()
	// RoundTrip, and not a Client: no redirects, no cookies, and errors
	// without the URL, which is said here.
	res, err := transport.RoundTrip(req)
	if err != nil {
		return fmt.Errorf("ask %s: %w", url, err)
	}
	defer res.Body.Close()
	if res.StatusCode < 200 || res.StatusCode > 399 {
		return fmt.Errorf("ask %s: the answer was %s", url, res.Status)
	}
	return nil
}

// newTransport has no Proxy: nil asks nobody.
func newTransport() *http.Transport {
	return &http.Transport{
		DisableKeepAlives: true,
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // see HTTP
	}
}

// TCP connects to an address, once, and closes the connection: whoever accepts
// it reads an end of file. It tells that somebody listens; on a socket that
// devloop holds itself it tells nothing, since the kernel connects without a
// server. Ctx bounds the try.
func TCP(ctx context.Context, addr string) error {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", addr)
	if err != nil {
		return err // "dial tcp 127.0.0.1:3000: connect: connection refused"
	}
	if err := conn.Close(); err != nil {
		return fmt.Errorf("close the connection to %s: %w", addr, err)
	}
	return nil
}
