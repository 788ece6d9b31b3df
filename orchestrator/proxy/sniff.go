package proxy

import (
	"bufio"
	"bytes"
	"net/http"
)

// headLimit is the longest request head that is looked at, in bytes; servers
// take 8 to 64 KiB.
const headLimit = 64 << 10

// A verdict says what a placeholder does with what a client has sent so far.
type verdict int

const (
	more     verdict = iota // it may become a page; nothing is decided
	hold                    // it is the server's
	holdOurs                // it is the server's, and only a page of ours waits for it
	showPage                // a browser opens a page: this whole text is its request
)

// sniff judges the first bytes of a connection, or those after the last answer on it. When in doubt, a
// request is for the server. req is set for showPage.
func sniff(b []byte) (v verdict, req *http.Request) {
	if !hasMethod(b, "GET ") && !hasMethod(b, "HEAD ") {
		return hold, nil // also TLS, HTTP/2, and other protocols where the client speaks first
	}
	end := bytes.Index(b, []byte("\r\n\r\n"))
	switch {
	case end < 0 && len(b) < headLimit:
		return more, nil
	case end < 0 || end+4 != len(b):
		return hold, nil // a body, or the next request: it belongs together
	}
	req, err := http.ReadRequest(bufio.NewReaderSize(bytes.NewReader(b), 512))
	if err != nil || req.ProtoMajor != 1 || req.ContentLength != 0 || len(req.TransferEncoding) > 0 || req.Header.Get("Expect") != "" {
		return hold, nil
	}
	if req.Method == http.MethodHead && req.Header.Get(pageHeader) != "" {
		return holdOurs, nil
	}
	if !wantsPage(req.Method, req.Header) {
		return hold, nil
	}
	return showPage, req
}

// hasMethod tells whether b begins with method, as far as it goes.
func hasMethod(b []byte, method string) bool {
	n := min(len(b), len(method))
	return string(b[:n]) == method[:n]
}
