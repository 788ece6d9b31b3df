package inject

import (
	"net/http"
	"reflect"
	"strings"
	"testing"
)

// TestConditions: a browser's copy of a page is used again only if it is of the
// version that answers, and scripts never get a copy with the tag.
func TestConditions(t *testing.T) {
	const document, script = "Sec-Fetch-Dest: document", "Sec-Fetch-Dest: empty"
	const now, before = "-devloop-b00t.3.1", "-devloop-b00t.2.9"
	for _, c := range []struct{ request, want string }{
		{document, document},
		{document + "\nIf-None-Match: \"x" + now + `"`, document + "\nIf-None-Match: \"x\""},
		{document + "\nIf-None-Match: W/\"x" + now + `"`, document + "\nIf-None-Match: W/\"x\""},
		{document + "\nIf-None-Match: \"x" + before + `"`, document},
		{document + "\nIf-None-Match: \"x\"", document},
		{document + "\nIf-None-Match: *", document},
		{document + "\nIf-None-Match: \"x" + before + `", "y` + now + `", W/"z, -` + now + `" , "q"`, document + "\nIf-None-Match: \"y\", W/\"z, -\""},
		{document + "\nIf-None-Match: \"x" + now + "\"\nIf-None-Match: \"y" + now + `"`, document + "\nIf-None-Match: \"x\", \"y\""},
		{document + "\nIf-Modified-Since: Mon, 30 Nov 2026 20:00:00 GMT", document},
		{document + "\nIf-Match: \"x\"\nIf-Unmodified-Since: Mon, 30 Nov 2026 20:00:00 GMT", document},
		{document + "\nDevloop-Live: off\nIf-None-Match: \"x" + now + `"`, document + "\nDevloop-Live: off"},
		{script + "\nIf-None-Match: \"x" + now + `"`, script},
		{script + "\nIf-None-Match: \"x" + now + `", "y"`, script + "\nIf-None-Match: \"y\""},
		{script + "\nIf-None-Match: \"x\", unquoted", script + "\nIf-None-Match: \"x\", unquoted"},
		{script + "\nIf-None-Match: *\nIf-Modified-Since: x", script + "\nIf-None-Match: *\nIf-Modified-Since: x"},
	} {
		req, err := http.NewRequest(http.MethodGet, "http://localhost/", nil)
		if err != nil {
			t.Fatal(err)
		}
		given := headerOf(c.request)
		req.Header = given
		injector(nil).Request(req, 3) //nolint:bodyclose // there is no answer
		if want := headerOf(c.want); !reflect.DeepEqual(req.Header, want) {
			t.Errorf("%s\ngot  %v\nwant %v", c.request, req.Header, want)
		}
		if !reflect.DeepEqual(given, headerOf(c.request)) {
			t.Errorf("%s: the header itself was changed", c.request)
		}
	}
}

func TestValidators(t *testing.T) {
	for _, c := range []struct{ answer, want string }{
		{`Etag: "x"`, `"x-devloop-b00t.3.1"`},
		{`Etag: W/"x"`, `W/"x-devloop-b00t.3.1"`},
		{`Etag: ""`, `"-devloop-b00t.3.1"`},
		{`Etag: x`, ""},
		{`Etag: "`, ""},
		{`Last-Modified: Mon, 30 Nov 2026 20:00:00 GMT`, ""},
	} {
		h, _ := ask(t, injector(nil), "Sec-Fetch-Dest: document", "Content-Type: text/html\nAccept-Ranges: bytes\nDigest: x\nVary: Accept\n"+c.answer, "<p>x")
		if got := h.Get("Etag"); got != c.want || h.Get("Last-Modified") != "" || h.Get("Accept-Ranges") != "" || h.Get("Digest") != "" || strings.Join(h["Vary"], ", ") != "Accept, Sec-Fetch-Dest" {
			t.Errorf("%s: got %v", c.answer, h)
		}
	}
}

// TestNotModified: what a browser is told of its copy is what it was told with
// the page.
func TestNotModified(t *testing.T) {
	req, err := http.NewRequest(http.MethodGet, "http://localhost:3000/", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header = headerOf("Sec-Fetch-Dest: document\nIf-None-Match: \"x-devloop-b00t.3.1\"")
	res := &http.Response{StatusCode: http.StatusNotModified, Header: headerOf("Etag: \"x\"\nLast-Modified: y\nContent-Security-Policy: script-src x")}
	injector(nil).Request(req, 3)(res) //nolint:bodyclose // it has no body
	if want := headerOf("Etag: \"x-devloop-b00t.3.1\"\nContent-Security-Policy: script-src x localhost:3000/_devloop/live.js"); !reflect.DeepEqual(res.Header, want) {
		t.Errorf("got %v", res.Header)
	}
}
