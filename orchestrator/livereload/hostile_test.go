package livereload_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"testing"

	"devloop/orchestrator/livereload"
	"devloop/orchestrator/test/browsertest"
	"devloop/orchestrator/test/looptest"
	"devloop/orchestrator/test/testenv"
)

// Whatever compilers, file names and addresses say is text in badge and card, on a page that allows everything.
func TestNothingOfTheAppRuns(t *testing.T) {
	t.Parallel()
	if !testenv.Long() {
		t.Skip("the long run opens a browser: DEVLOOP_TEST=long")
	}
	s := newSite(t, "hello")
	p := browsertest.Start(t).Open(t, s.URL)
	elements := 0
	for i, bad := range browsertest.Payloads() {
		p.Go(t, s.URL+"/"+url.PathEscape(bad)+"?q="+url.QueryEscape(bad)+"#"+bad)
		failed := s.state(0)
		failed.State, failed.Newest, failed.At, failed.Problems = "failed", 100+i, ago(2), 2
		failed.Headline, failed.Detail, failed.Dashboard = bad, bad, bad
		failed.Problem = &livereload.Problem{Place: bad, Link: bad, Message: bad, Excerpt: bad}
		failed.Broke = &livereload.Broke{Cycle: 12, Paths: []string{bad, bad}}
		s.Report(failed)
		text, err := json.Marshal(bad)
		if err != nil {
			t.Fatal(err)
		}
		p.Becomes(t, `shadows.at(-1).querySelector(".card:not([hidden]) pre").textContent === `+string(text)) // the page before may have left another
		if got := browsertest.Value[[]string](t, p, `[...shadows.at(-1).querySelectorAll(".card a")].map((a) => a.getAttribute("href")).filter(Boolean)`); len(got) > 0 {
			t.Errorf("%s: links lead to %q", bad, got)
		}
		p.Is(t, `shadows.at(-1).querySelectorAll(".card button, .card a").forEach((e) => e.click()), true`)
		building := failed
		building.State = "building"
		s.Report(building)
		p.Becomes(t, `shadows.at(-1).querySelector(".badge:not([hidden])")`)
		if n := browsertest.Value[int](t, p, `shadows.at(-1).querySelectorAll("*").length`); elements != 0 && n != elements {
			t.Errorf("%s makes %d elements of %d", bad, n, elements)
		} else {
			elements = n
		}
		if p.Is(t, `"pwned" in window`) {
			t.Fatalf("%s ran", bad)
		}
	}
}

// Nor does any of what a project's files, its tools and addresses are called and say, from a save to the card, the dashboard and the page
// in place of the server.
func TestNothingOfAProjectRuns(t *testing.T) {
	t.Parallel()
	if !testenv.Long() {
		t.Skip("the long run opens a browser: DEVLOOP_TEST=long")
	}
	if runtime.GOOS == "windows" {
		t.Skip("no file has such a name")
	}
	p := open(t, "testdata/servers/php.txtar")
	p.change(t, "devloop.yaml", "version: 1", "dashboard: 0")
	p.change(t, "devloop.yaml", "via: proxy}", "via: proxy, while_down: page}")
	l := looptest.Start(t, p.dir, p.port)
	l.Asks(t, func(_ string, err error) bool { return err == nil })
	browser := browsertest.Start(t)
	page := browser.Open(t, l.URL)
	page.Shows(t, "Hello, World!")
	page.Connects(t, l.URL)
	const img = "<img src=x onerror=window.pwned=1>"
	for _, bad := range browsertest.Payloads() {
		p.write(t, "app."+strings.ReplaceAll(bad, "/", "_"), "BROKEN "+bad+"\n")
	}
	runs := func(p *browsertest.Page, where string) {
		t.Helper()
		if p.Is(t, `"pwned" in window`) {
			t.Fatalf("a line ran in %s", where)
		}
	}
	page.Becomes(t, card+`.includes("look failed") && `+card+`.includes("BROKEN")`)
	runs(page, "the card")
	for _, bad := range []string{img, browsertest.Payloads()[0], browsertest.Payloads()[12]} {
		page.Go(t, l.URL+"/"+url.PathEscape(bad)+"?q="+url.QueryEscape(bad)+"#"+bad)
		page.Becomes(t, card+`.includes("look failed")`)
		runs(page, "the card at "+bad)
	}

	open := looptest.Devloop(t, p.dir, "open", "--print")
	open.Env = l.Cmd.Env
	address, err := open.Output()
	if err != nil {
		t.Fatal(err)
	}
	dashboard := browser.Open(t, strings.TrimSpace(string(address)))
	dashboard.Becomes(t, `document.querySelector(".problems").textContent.includes("<svg onload=window.pwned=1>") && document.querySelector(".history").textContent.includes("app.<script>")`)
	dashboard.Is(t, `document.querySelectorAll(".node, .name, .save, .problems button").forEach((e) => e.click()), true`)
	dashboard.Becomes(t, `document.querySelector(".row")`)
	runs(dashboard, "the dashboard")
	if made := browsertest.Value[string](t, dashboard, `[...document.querySelectorAll("body script, body style, iframe, object, embed, img, video, audio, form, base, math")].map((e) => e.outerHTML).join(" ")`); made != "" {
		t.Errorf("the dashboard has %s", made)
	}

	l.Verb(t, "stop", "server")
	page.Go(t, l.URL+"/"+url.PathEscape(img)+"?q="+url.QueryEscape(img))
	page.Becomes(t, `document.querySelector("h1") && !document.body.innerText.includes("Hello")`)
	runs(page, "the page in place of the server")
	asks, err := http.NewRequestWithContext(t.Context(), http.MethodGet, l.URL, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Accept-Language", "Cookie", "Referer", "User-Agent", "X-Forwarded-Host", "X-Forwarded-For", "X-Request-Id"} {
		asks.Header.Set(name, "<img src=x onerror=window.said=1>")
	}
	asks.Header.Set("Accept", "text/html")
	answer, err := http.DefaultClient.Do(asks)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if text, err := io.ReadAll(answer.Body); err != nil || strings.Contains(string(text), "window.said") || strings.Contains(fmt.Sprint(answer.Header), "window.said") {
		t.Errorf("the page says what the request's headers say: %v\n%v\n%s", err, answer.Header, text)
	}
	dashboard.Becomes(t, `document.body.innerText.includes("server")`)
	runs(dashboard, "the dashboard while a request waits")
	l.Ends(t)
}
