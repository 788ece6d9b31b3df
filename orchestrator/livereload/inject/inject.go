// Package inject puts the script of live reload into the pages of a server, on their way to a browser, and
// leaves everything else as it is.
//
// A page gets the script if a browser asks for it as a document, and the answer is a whole page of HTML in a
// coding that this package reads: see wantsPage, isPage and fit. A page that a browser would expect it in, and
// that does not get it, says so in the header Devloop-Live, and to Options.Note.
//
// The script's tag says which version of the server the page is of, and so does the page's entity tag: a
// browser cannot take a page of another version for this one.
package inject

import (
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// liveHeader says in an answer what was done: "injected", or "no; REASON". In a request, "off" turns it off.
const liveHeader = "Devloop-Live"

// Options configure an Injector.
type Options struct {
	Script string // path of the script
	Socket string // path of what the script connects to
	// Integrity is the script's hash, "sha256-…", for pages that allow scripts by their hash only.
	Integrity func() string
	// Mark is what a page says of its version: letters, digits and dots. It is called when a page is asked
	// for, from any goroutine, and must not block. Empty: pages are left alone.
	Mark func(generation int) string
	// Serves tells whether the script can be had where the browser asks for the page, by that host.
	Serves func(host string) bool
	// Note is told why the pages ("they") do not get the script, or it does not work in them: once a reason,
	// from any goroutine. It must not block. Nil: nobody is told.
	Note func(why string)
}

// An Injector changes the pages of one socket. Its methods may be called from any goroutine.
type Injector struct {
	opt Options

	mu   sync.Mutex
	told map[string]bool // guarded by mu
}

// New makes an Injector; it needs no end.
func New(opt Options) *Injector { return &Injector{opt: opt} }

// Request looks at a request that is about to be sent to a generation of the server, and returns what is to
// be done with the answer; nil: nothing. It may replace req.Header.
func (in *Injector) Request(req *http.Request, generation int) (answer func(*http.Response)) {
	if wantsPage(req) {
		if mark := in.opt.Mark(generation); mark != "" {
			unmark(req, mark)
			return func(res *http.Response) { in.answer(req, res, mark) }
		}
	}
	forgetMarked(req)
	return nil
}

// wantsPage recognises a request for a whole page that may get the script.
func wantsPage(req *http.Request) bool {
	return req.Method == http.MethodGet && req.Header["Range"] == nil && opensPage(req.Header) && !off(req)
}

// opensPage recognises a browser that opens a page, in a tab or a frame, as opposed to scripts that load a part
// of one.
func opensPage(h http.Header) bool {
	switch h.Get("Sec-Fetch-Dest") {
	case "document", "iframe", "frame":
		return true
	case "empty": // a page that goes through the app's service worker; not a download, which names no type
		return h.Get("Sec-Fetch-Mode") == "navigate" && namesHTML(h.Values("Accept"))
	case "":
	default:
		return false
	}
	// An old browser, or one that does not trust the address: http, and not of this machine.
	for name := range h {
		if strings.HasPrefix(name, "Sec-Fetch-") {
			return false
		}
	}
	for _, name := range []string{"X-Requested-With", "Hx-Request", "Turbo-Frame", "X-Inertia", "X-Pjax", "Datastar-Request", "Upgrade"} {
		if h[name] != nil {
			return false
		}
	}
	return namesHTML(h.Values("Accept"))
}

// namesHTML wants it named: "*/*" is what clients send that do not care.
func namesHTML(accept []string) bool {
	for _, v := range accept {
		for kind := range strings.SplitSeq(v, ",") {
			kind, _, _ = strings.Cut(kind, ";")
			if strings.EqualFold(strings.TrimSpace(kind), "text/html") {
				return true
			}
		}
	}
	return false
}

// off tells whether a person does not want it now.
func off(req *http.Request) bool {
	if strings.EqualFold(req.Header.Get(liveHeader), "off") {
		return true
	}
	const name, param = "devloop-live", "devloop-live=off"
	if req.Header["Cookie"] != nil {
		if c, err := req.Cookie(name); err == nil && c.Value == "off" {
			return true
		}
	}
	return strings.Contains(req.URL.RawQuery, param) && slices.Contains(strings.Split(req.URL.RawQuery, "&"), param)
}

// isPage tells whether a browser shows the answer as a whole page of HTML.
func isPage(res *http.Response) bool {
	h := res.Header
	shown := res.StatusCode == http.StatusOK || res.StatusCode >= 400 // an error page is to go when the error is mended
	if !shown || res.ContentLength == 0 || h["Content-Range"] != nil || len(h["Content-Type"]) != 1 {
		return false
	}
	if kind, _, _ := mime.ParseMediaType(h.Get("Content-Disposition")); kind == "attachment" {
		return false
	}
	kind, _, _ := strings.Cut(h.Get("Content-Type"), ";")
	return strings.EqualFold(strings.TrimSpace(kind), "text/html")
}

// answer changes what a generation has answered to a request for a page.
func (in *Injector) answer(req *http.Request, res *http.Response, mark string) {
	if res.StatusCode == http.StatusNotModified { // the browser has the page, with this mark: see unmark
		in.allow(req, res.Header)
		setMark(res.Header, mark)
		return
	}
	if !isPage(res) {
		return
	}
	packed, no := fit(res.Header)
	if no == nil && !in.opt.Serves(req.Host) {
		no = &refusal{"host", "they are asked for at " + word(req.Host) + ", which anybody's name server may call this machine; localhost, a name below it (app.localhost) or an address in numbers works"}
	}
	var attributes string
	if no == nil {
		attributes, no = in.allow(req, res.Header)
	}
	if no != nil {
		res.Header.Set(liveHeader, "no; "+no.short)
		in.note(no.long)
		return
	}
	h := res.Header
	setMark(h, mark)
	for _, name := range []string{
		"Content-Length", "Accept-Ranges", "Content-Encoding", "Content-Md5", "Digest", "Content-Digest", "Repr-Digest",
	} {
		delete(h, name)
	}
	h.Add("Vary", "Sec-Fetch-Dest")
	h.Set(liveHeader, "injected")
	// res.ContentLength stays: the proxy passes on an answer whose length is known in the same pieces as before.
	tag := fmt.Sprintf(`<script src="%s" data-devloop="%s"%s async></script>`, in.opt.Script, mark, attributes)
	res.Body = newPage(res.Body, packed, tag, in.note)
}

// A refusal is why a page does not get the script.
type refusal struct{ short, long string }

// fit tells whether a page can be read: packed, if it is compressed.
func fit(h http.Header) (packed bool, no *refusal) {
	for _, v := range h["Cache-Control"] {
		for directive := range strings.SplitSeq(v, ",") {
			if strings.EqualFold(strings.TrimSpace(directive), "no-transform") {
				return false, &refusal{"no-transform", "they forbid any change (Cache-Control: no-transform)"}
			}
		}
	}
	if _, params, _ := mime.ParseMediaType(h.Get("Content-Type")); !readable(params["charset"]) {
		charset := word(strings.ToLower(params["charset"]))
		return false, &refusal{charset, "they are in " + charset + ", which devloop does not read; UTF-8 works"}
	}
	switch coding := strings.ToLower(strings.Join(h["Content-Encoding"], ",")); coding {
	case "", "identity":
		return false, nil
	case "gzip", "x-gzip":
		return true, nil
	default:
		coding = word(coding)
		return false, &refusal{coding, "they are compressed with " + coding + ", which devloop does not read; gzip or none works"}
	}
}

// readable tells whether ASCII in a charset is what it is in ASCII.
func readable(charset string) bool {
	charset = strings.ToLower(strings.TrimSpace(charset))
	for _, other := range []string{"utf-16", "utf16", "utf-32", "utf32", "utf-7", "utf7", "ucs-", "unicode", "csunicode", "iso-10646", "iso-2022", "hz-", "cp037", "ibm037", "ebcdic"} {
		if strings.HasPrefix(charset, other) {
			return false
		}
	}
	return true
}

// word is a server's word as it can be shown.
func word(s string) string {
	s = strings.Map(func(r rune) rune {
		if strings.ContainsRune("-_,.:", r) || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return -1
	}, s)
	if s == "" {
		return "something unknown"
	}
	return s[:min(len(s), 40)]
}

const (
	noPlace = "they have no <head>, and no other tag, in their first 64 KiB"
	inMeta  = "they have a policy in a <meta> that forbids what the script connects to (connect-src); devloop does not change pages: add 'self' to it"
	inUTF16 = "they are in UTF-16, which devloop does not read; UTF-8 works"
)

// mostNotes limits the reasons that a server can make up.
const mostNotes = 16

// note tells a reason once.
func (in *Injector) note(why string) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.opt.Note == nil || in.told[why] || len(in.told) == mostNotes {
		return
	}
	if in.told == nil {
		in.told = map[string]bool{}
	}
	in.told[why] = true
	in.opt.Note(why)
}
