package inject

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
)

const mark = "b00t.3.1"

func injector(notes *[]string) *Injector {
	return New(Options{
		Script:    "/_devloop/live.js",
		Socket:    "/_devloop/live",
		Integrity: func() string { return "sha256-AAAA" },
		Mark:      func(int) string { return mark },
		Serves:    func(host string) bool { return host != "app.test" },
		Note: func(why string) {
			if notes != nil {
				*notes = append(*notes, why)
			}
		},
	})
}

const scriptTag = `<script src="/_devloop/live.js" data-devloop="b00t.3.1" async></script>`

// ask sends a request for a page, and answers it.
func ask(t *testing.T, in *Injector, request, header, body string) (http.Header, string) {
	return askAt(t, in, "localhost:3000", request, header, body)
}

func askAt(t *testing.T, in *Injector, host, request, header, body string) (http.Header, string) {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, "http://"+host+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header = headerOf(request)
	header += fmt.Sprintf("\nContent-Length: %d", len(body))
	res := &http.Response{StatusCode: 200, Header: headerOf(header), Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), Request: req}
	if answer := in.Request(req, 3); answer != nil { //nolint:bodyclose // it is below
		answer(res)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.Header, string(b)
}

// headerOf reads lines.
func headerOf(lines string) http.Header {
	h := http.Header{}
	for line := range strings.Lines(lines) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		h.Add(name, value)
	}
	return h
}

func TestPlace(t *testing.T) {
	for _, c := range []struct{ before, after string }{
		{"<!doctype html><html><head>", "<title>x</title></head></html>"},
		{"<HTML lang=de><Head\nclass='>'>", "</head>"},
		{"\ufeff<!-- <head> --> <head>", "<!-- <head> -->"},
		{"<!DOCTYPE html>\n", "<title>x</title><head>"},
		{"<!-- a --><html >", "<body><head></body>"},
		{"text ", "<b>bold</b>"},
		{"", "<header><head>"},
		{"<![CDATA[<head>]]>", "<p>"},
		{"<?php <head> ?>", "<p>"},
		{"<html data-x='<head>' y=\"<head>\">", "<script>'<head>'</script>"},
		{"</p><head>", ""},
		{"", "</head><head>"},
		{"</p >", "</br>"},
		{"a < b, <3 ", "<hr>"},
		{"", "<heading>"},
		{"", "<htm>"},
		{"<head/>", "x"},
		{"text", ""},
		{"a < b", ""},
		{"<!doctype html><!-- x -->\n", ""},
		{"<html>", ""},
	} {
		_, got := ask(t, injector(nil), "Sec-Fetch-Dest: document", "Content-Type: text/html", c.before+c.after)
		if want := c.before + scriptTag + c.after; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	for _, page := range []string{"", "a <", "<3", "<!-- x", "<!-- <head>", "<html", "<html><", "<head", "<head a='>", "\xfe\xff\x00<\x00h<b>"} {
		if _, got := ask(t, injector(nil), "Sec-Fetch-Dest: document", "Content-Type: text/html", page); got != page {
			t.Errorf("got %q, want %q", got, page)
		}
	}
}

// TestRules: which answers get the tag, which say why not, and which are left
// as they are, to the byte.
func TestRules(t *testing.T) {
	const document, html = "Sec-Fetch-Dest: document", "Content-Type: text/html; charset=utf-8"
	const old = "Accept: text/html,application/xhtml+xml,*/*;q=0.8"
	for _, c := range []struct {
		request, answer string
		want            string // "tag", empty, or why not
	}{
		{document, html, "tag"},
		{document, "Content-Type: TEXT/HTML", "tag"},
		{document, "Content-Type: text/html; charset=ISO-8859-1", "tag"},
		{document, "Content-Type: text/html; charset=Shift_JIS", "tag"},
		{document, "Content-Type: text/html; nonsense", "tag"},
		{document, html + "\nContent-Encoding: identity", "tag"},
		{document, html + "\nContent-Disposition: inline", "tag"},
		{document, html + "\nCache-Control: no-store", "tag"},
		{"Sec-Fetch-Dest: iframe", html, "tag"},
		{"Sec-Fetch-Dest: frame", html, "tag"},
		{old, html, "tag"},
		{"Sec-Fetch-Dest: empty\nSec-Fetch-Mode: navigate\n" + old, html, "tag"},

		{document, "Content-Type: text/html; charset=UTF-16LE", "utf-16le"},
		{document, html + "\nContent-Encoding: br", "br"},
		{document, html + "\nContent-Encoding: zstd", "zstd"},
		{document, html + "\nContent-Encoding: gzip, br", "gzip,br"},
		{document, html + "\nContent-Encoding: gzip\nContent-Encoding: gzip", "gzip,gzip"},
		{document, html + "\nContent-Encoding: \x1b[31m<script>", "31mscript"},
		{document, html + "\nCache-Control: max-age=1, No-Transform", "no-transform"},
		{document, html + "\nContent-Security-Policy: sandbox", "sandbox"},

		{document, "Content-Type: application/xhtml+xml", ""},
		{document, "Content-Type: text/plain", ""},
		{document, "Content-Type: text/htmlx", ""},
		{document, "X: y", ""},
		{document, html + "\nContent-Type: text/plain", ""},
		{document, html + "\nContent-Range: bytes 0-1/2", ""},
		{document, html + "\nContent-Disposition: attachment; filename=x.html", ""},
		{document + "\nRange: bytes=0-", html, ""},
		{document + "\nDevloop-Live: off", html, ""},
		{document + "\nCookie: a=b; devloop-live=off", html, ""},
		{"Sec-Fetch-Dest: empty", html, ""},
		{"Sec-Fetch-Dest: object", html, ""},
		{"Sec-Fetch-Dest: empty\nSec-Fetch-Mode: cors\n" + old, html, ""},
		{"Sec-Fetch-Dest: empty\nSec-Fetch-Mode: navigate", html, ""},
		{"Sec-Fetch-Mode: navigate\n" + old, html, ""},
		{"Sec-Fetch-Site: same-origin\n" + old, html, ""},
		{old + "\nX-Requested-With: XMLHttpRequest", html, ""},
		{old + "\nHX-Request: true", html, ""},
		{old + "\nTurbo-Frame: x", html, ""},
		{old + "\nX-Inertia: true", html, ""},
		{old + "\nX-PJAX: true", html, ""},
		{old + "\nDatastar-Request: true", html, ""},
		{"Accept: */*", html, ""},
		{"Accept: application/json, text/plain", html, ""},
		{"X: y", html, ""},
	} {
		const page = "<p>x"
		h, body := ask(t, injector(nil), c.request, c.answer, page)
		said := h.Get("Devloop-Live")
		switch {
		case c.want == "tag":
			if said != "injected" || body != scriptTag+page || h["Content-Length"] != nil {
				t.Errorf("%q, %q: got %q, %q", c.request, c.answer, said, body)
			}
		case c.want == "" && said == "" || said == "no; "+c.want:
			h.Del("Devloop-Live")
			if want := headerOf(c.answer + "\nContent-Length: 4"); body != page || !reflect.DeepEqual(h, want) {
				t.Errorf("%q, %q: got %v, %q", c.request, c.answer, h, body)
			}
		default:
			t.Errorf("%q, %q: got %q, want %q", c.request, c.answer, said, c.want)
		}
	}
}

// TestRulesOfTheRest: methods, queries and states.
func TestRulesOfTheRest(t *testing.T) {
	for _, c := range []struct {
		method, query string
		status        int
		length        int64
		generation    int
		want          bool
	}{
		{"GET", "", 200, 4, 3, true},
		{"GET", "", 200, -1, 3, true},
		{"GET", "x=devloop-live=off", 200, 4, 3, true},
		{"GET", "a=b&devloop-live=off&c", 200, 4, 3, false},
		{"GET", "", 200, 0, 3, false},
		{"GET", "", 404, 4, 3, true},
		{"GET", "", 500, 4, 3, true},
		{"GET", "", 302, 4, 3, false},
		{"GET", "", 206, 4, 3, false},
		{"GET", "", 200, 4, 0, false},
		{"POST", "", 200, 4, 3, false},
		{"HEAD", "", 200, 4, 3, false},
	} {
		in := injector(nil)
		in.opt.Mark = func(generation int) string { return []string{"", "", "", mark}[generation] }
		req, err := http.NewRequest(c.method, "http://localhost:3000/?"+c.query, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Sec-Fetch-Dest", "document")
		header := http.Header{"Content-Type": {"text/html"}}
		res := &http.Response{StatusCode: c.status, ContentLength: c.length, Header: header, Body: io.NopCloser(strings.NewReader("<p>x"))}
		if answer := in.Request(req, c.generation); answer != nil { //nolint:bodyclose // it is below
			answer(res)
		}
		b, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if got := string(b) != "<p>x"; got != c.want || (len(header) > 1) != c.want {
			t.Errorf("%+v: got %q, %v", c, b, header)
		}
	}
}

// TestNotes: each reason is told once, and a server cannot tell without end.
func TestNotes(t *testing.T) {
	var notes []string
	in := injector(&notes)
	for range 3 {
		ask(t, in, "Sec-Fetch-Dest: document", "Content-Type: text/html\nContent-Encoding: br", "x")
		ask(t, in, "Sec-Fetch-Dest: document", "Content-Type: text/html", strings.Repeat("x", 70<<10))
		ask(t, in, "Sec-Fetch-Dest: document", "Content-Type: text/html", "\xff\xfe<\x00")
		ask(t, in, "Sec-Fetch-Dest: document", "Content-Type: text/html", "\xff")
		ask(t, in, "Sec-Fetch-Dest: document", "Content-Type: text/html", `<head><meta http-equiv=Content-Security-Policy content="connect-src https://api.example">`)
		ask(t, in, "Sec-Fetch-Dest: document", "Content-Type: text/html", `<head><meta http-equiv=Content-Security-Policy content="default-src 'self'; script-src x">`)
		ask(t, in, "Sec-Fetch-Dest: document", "Content-Type: text/html", `<head><p>content-security-policy: default-src 'none'`)
	}
	if h, body := askAt(t, in, "app.test", "Sec-Fetch-Dest: document", "Content-Type: text/html", "<p>x"); h.Get("Devloop-Live") != "no; host" || body != "<p>x" || !strings.Contains(notes[4], "asked for at app.test,") {
		t.Errorf("got %q, %q", body, notes)
	}
	if len(notes) != 5 || !strings.Contains(notes[0], "compressed with br") || notes[1] != noPlace || notes[2] != inUTF16 || notes[3] != inMeta {
		t.Errorf("got %q", notes)
	}
	for i := range 100 {
		ask(t, in, "Sec-Fetch-Dest: document", fmt.Sprintf("Content-Type: text/html\nContent-Encoding: made-up-%d", i), "x")
	}
	if len(notes) != mostNotes {
		t.Errorf("%d notes", len(notes))
	}
}

// TestLimit: the place is looked for in 64 KiB, however they come.
func TestLimit(t *testing.T) {
	space := strings.Repeat(" ", searchLimit)
	for _, c := range []struct {
		page string
		want bool
	}{
		{space[:searchLimit-6] + "<head>x", true},
		{space[:searchLimit-5] + "<head>x", false},
		{space[:searchLimit-2] + "<p>x", true},
		{space[:searchLimit-1] + "<p>x", false},
		{"<html a='" + space + "'><head>", false},
		{"<!--" + space + "--><head>", false},
		{"<body a='" + space + "'>", true},
	} {
		for _, size := range []byte{0, 255} {
			pieces := [][]byte{[]byte(c.page)}
			if size == 0 {
				pieces = cut([]byte(c.page), []byte{size})
			}
			got, err := through(t, pieces, io.EOF, false, 32<<10)
			if err != nil || strings.Contains(got, fuzzTag) != c.want || strings.Replace(got, fuzzTag, "", 1) != c.page {
				t.Errorf("%.20q…: %v", c.page, err)
			}
		}
	}
}

// TestBigPage: ten million bytes, packed or not.
func TestBigPage(t *testing.T) {
	page := []byte("<!doctype html><head>" + strings.Repeat("<p>a paragraph, of many", 10_000_000/23))
	want := sha256.Sum256(page)
	for _, packed := range []bool{false, true} {
		pieces := [][]byte{page}
		if packed {
			pieces = [][]byte{pack(t, pieces)}
		}
		got, err := through(t, pieces, io.EOF, packed, 32<<10)
		if sha256.Sum256([]byte(strings.Replace(got, fuzzTag, "", 1))) != want || !strings.HasPrefix(got, "<!doctype html><head>"+fuzzTag) || err != nil {
			t.Errorf("packed: %v: got %d bytes, %v", packed, len(got), err)
		}
	}
}

// TestUnpack: what browsers take is taken, and what is broken stays broken.
func TestUnpack(t *testing.T) {
	whole := string(pack(t, [][]byte{[]byte("<p>hello")}))
	bad := []byte(whole)
	bad[len(bad)-5]++ // of the checksum
	lost := errors.New("lost")
	for _, c := range []struct {
		what, packed string
		end          error
		want         string
		err          bool
	}{
		{"whole", whole, io.EOF, fuzzTag + "<p>hello", false},
		{"nothing", "", io.EOF, "", false},
		{"two", whole + whole, io.EOF, fuzzTag + "<p>hello<p>hello", false},
		{"more than it", whole + "something else", io.EOF, fuzzTag + "<p>hello", false},
		{"more than it, and lost", whole + "something else", lost, fuzzTag + "<p>hello", true},
		{"half", whole[:len(whole)/2], io.EOF, fuzzTag + "<p>hello", true},
		{"without its end", whole[:len(whole)-1], io.EOF, fuzzTag + "<p>hello", true},
		{"a wrong checksum", string(bad), io.EOF, fuzzTag + "<p>hello", true},
		{"no gzip", "<p>hello, this is a page", io.EOF, "", true},
	} {
		got, err := through(t, [][]byte{[]byte(c.packed)}, c.end, true, 1000)
		if !c.err && got != c.want || !strings.HasPrefix(c.want, got) || (err != nil) != c.err {
			t.Errorf("%s: got %q, %v", c.what, got, err)
		}
	}
}
