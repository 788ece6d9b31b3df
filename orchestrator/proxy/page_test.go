package proxy

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"devloop/orchestrator/test/testenv"
)

func TestPlain(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"", ""},
		{"plain\n", "plain"},
		{"\x1b[1;31merror\x1b[0m[E1]: no\n", "error[E1]: no"},
		{"\x1b]8;;http://x\x1b\\link\x1b]8;;\x07 \x1b(Bx", "link x"},
		{"\u009b31mred\u009b0m", "red"},
		{"10%\r50%\r100%\r\ndone", "100%\ndone"},
		{"a\bb\x00\x07c", "bc"},
		{"\x1b[2J\x1b[Htop  \n\tin", "top\n\tin"},
		{"\x1b", ""},
		{"\x1b[", ""},
		{"\x1b]never ended", ""},
		{"a\xffb", "a\ufffdb"},
		{"<b>&amp;", "<b>&amp;"},
		{"ünï → ✗", "ünï → ✗"},
	} {
		if got := plain([]byte(c.in), 1000); got != c.want {
			t.Errorf("%q: got %q, want %q", c.in, got, c.want)
		}
	}
	long := plain([]byte(strings.Repeat("a line\n", 1000)), 100)
	if len(long) > 100 || !strings.HasPrefix(long, "a line\n") || !strings.HasSuffix(long, "\na line") {
		t.Errorf("got %q", long)
	}
}

func FuzzPlain(f *testing.F) {
	f.Add([]byte("\x1b[1;31merror\x1b[0m\r\n\x1b]0;t\x07\u009b1m"))
	f.Fuzz(func(t *testing.T, b []byte) {
		got := plain(b, 200)
		if len(got) > 200 || strings.ContainsAny(got, "\x00\x07\x08\r\x1b\u009b") {
			t.Fatalf("%q: got %q", b, got)
		}
	})
}

// TestPageIsSafe: what a server printed is text, and the policy lets in the
// page's own style and script, which the template must not have changed.
func TestPageIsSafe(t *testing.T) {
	p := page{Name: "web", Status: 503, Kind: "held", News: News{Headline: "<i>", Failed: true, Output: []byte("</pre><script>alert(1)</script>")}}
	header, content := p.render(true)
	for _, part := range []string{pageCSS, pageJS} {
		if !bytes.Contains(content, []byte(part)) {
			t.Error("the style or script is not in the page as it is in its hash")
		}
		if !strings.Contains(header.Get("Content-Security-Policy"), integrity(part)) {
			t.Error("the style or script is not in the policy")
		}
	}
	if bytes.Contains(content, []byte("<script>alert")) || bytes.Contains(content, []byte("<i>")) {
		t.Errorf("not escaped:\n%s", content)
	}
}

// TestFrontAnswersPages: browsers that wait for a page get one as soon as that
// is wanted; whoever else waits goes on waiting.
func TestFrontAnswersPages(t *testing.T) {
	f, url := front(t, Options{HTTP: true, News: func() News { return News{Project: "shop", Headline: "build failed", Failed: true} }})
	_, browser := raw(t, url, navigation)
	_, api := raw(t, url, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	testenv.UntilTrue(t, "both wait", func() bool { return f.Stats().Waiting == 2 })
	f.AnswerPages(true)
	res, err := http.ReadResponse(browser, nil)
	if err != nil {
		t.Fatal(err)
	}
	b, _ := io.ReadAll(res.Body)
	res.Body.Close()
	if res.StatusCode != 503 || !strings.Contains(string(b), "build failed") {
		t.Errorf("got %d %s", res.StatusCode, b)
	}
	if n := f.Stats().Waiting; n != 1 {
		t.Errorf("%d wait", n)
	}
	f.Serve(1, serve(t, text("hello")).addr)
	if b, _ := io.ReadAll(api); !strings.HasSuffix(string(b), "hello") {
		t.Errorf("got %q", b)
	}
}

// TestPageInText says the same to who asks for no HTML; an answer that a server did not give names that first.
func TestPageInText(t *testing.T) {
	news := failedNews()
	news.Since, news.Output = time.Date(2026, 11, 30, 14, 3, 7, 0, time.UTC), []byte("\x1b[31mall\x1b[0m of it\n")
	held := page{Name: "web", Status: 503, Kind: "held", Err: "the server was not ready in time", News: news}
	const want = `devloop: check-backend › test failed
the server was not ready in time
since 14:03:07 · broke with save 12 (backend/api.py)

backend/api.py:12:5: undefined name foo

  11 | def price(item):
  12 |     return foo(item)
     |            ^^^ undefined name

all of it

dashboard: http://127.0.0.1:7777/
`
	if _, got := held.render(false); string(got) != want {
		t.Errorf("got %s", got)
	}
	failed := page{Name: "web", Status: 502, Kind: "failed", Err: "EOF", News: News{Headline: "server is starting", Detail: "soon"}}
	if _, got := failed.render(false); string(got) != "devloop: the server on socket web did not answer\nserver is starting · soon\nEOF\n" {
		t.Errorf("got %s", got)
	}
}
