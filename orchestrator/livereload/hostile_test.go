package livereload_test

import (
	"net/url"
	"testing"

	"devloop/orchestrator/livereload"
	"devloop/orchestrator/test/browsertest"
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
		p.Becomes(t, `shadows.at(-1).querySelector(".card:not([hidden]) pre").textContent.length > 0`)
		if got := browsertest.Value[string](t, p, `shadows.at(-1).querySelector("pre").textContent`); got != bad {
			t.Errorf("%s is shown as %s", bad, got)
		}
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
