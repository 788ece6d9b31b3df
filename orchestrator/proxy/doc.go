// Package proxy accepts connections for a server that cannot inherit a listener: it forwards to the
// generation of the server that is ready, and while none is, requests wait.
//
// It never starts, stops or probes a server, and never decides which generation is current: its owner says so
// with Serve, Hold and Drop.
//
// # What a server sees
//
// The request as the client sent it: method, path and query unchanged, its Host, its protocol (HTTP/1.1, or
// HTTP/2 in clear text with prior knowledge), its body as it comes. The client's address is appended to
// X-Forwarded-For; X-Forwarded-Host and X-Forwarded-Proto are set if no proxy before this one has.
// Accept-Encoding is left alone.
//
// # What a client sees
//
// The server's answer, and while an old version answers during checks (see Options.Checking) with
// [checkingHeader]. An answer of this package's own (502, 503) carries [pageHeader]. Options.Pages may change an
// answer, and what Options.Own answers is not the server's.
//
// # What is sent again
//
// A request of which no byte was written to a server may always be sent to another one. After that only
// idempotent ones are (RFC 9110, section 9.2.2), if no byte of an answer has come and their body, if any, is
// still kept (up to 64 KiB). A POST is never sent twice.
//
// If the owner replaces a generation, that says nothing against a request that it did not answer. A
// generation that hangs up, or dies, by itself may do so because of the request: that is sent only once more,
// and such requests are sent one after the other, so that one of them cannot fail the others. If it is not
// answered then, the client gets 502.
package proxy

// checkingHeader is set, to "1", in what a server answers while
// Options.Checking is true: the answer may be older than the files.
const checkingHeader = "Devloop-Checking"

// pageHeader is set in every answer that comes from devloop and not from the
// server; its value says why: "held" (no generation is ready) or "failed" (the
// server took the request and did not answer it).
const pageHeader = "Devloop-Page"
