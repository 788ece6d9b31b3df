// Package proxy answers on a listener instead of a server that cannot inherit
// it: it forwards to whichever generation of the server is ready, and while
// none is, requests wait.
//
// It never starts, stops or probes a server, and never decides which
// generation is the current one: its owner says so with Serve, Hold and Drop.
//
// # What a server sees
//
// The request as the client sent it: its method, path and query to the letter,
// its Host, its protocol (HTTP/1.1, or HTTP/2 in clear text with prior
// knowledge), its body as it comes. X-Forwarded-For gets the client's address
// at its end; X-Forwarded-Host and X-Forwarded-Proto are set where no proxy in
// front of this one has set them. Accept-Encoding is left alone.
//
// # What a client sees
//
// The server's answer, and while an old version answers during checks (see
// Options.Checking) [checkingHeader] in it. An answer of this package's own
// (502, 503) carries [pageHeader].
//
// # What is sent again
//
// A request of which no byte was written to a server may always be sent to
// another one. After that only idempotent ones are (RFC 9110, section 9.2.2),
// as long as no byte of an answer has come and their body, if any, is still at
// hand (up to 64 KiB of it is kept). A POST is never sent twice.
//
// A generation that its owner replaces says nothing against a request that it did
// not answer. One that hangs up, or dies, by itself may do so because of the
// request: that is sent once more at most, and those of which that is true are sent
// one after the other, so that one of them cannot take the others with it. What is
// not answered then is answered with 502.
package proxy

// checkingHeader is set, to "1", in what a server answers while
// Options.Checking is true: the answer may be older than the files.
const checkingHeader = "Devloop-Checking"

// pageHeader is set in every answer that comes from devloop and not from the
// server; its value says why: "held" (no generation is ready) or "failed" (the
// server took the request and did not answer it).
const pageHeader = "Devloop-Page"
