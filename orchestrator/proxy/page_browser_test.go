package proxy

import (
	"flag"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/html"

	"devloop/orchestrator/test/browsertest"
	"devloop/orchestrator/test/testenv"
)

var update = flag.Bool("update", false, "write the pictures of the page that waits into docs/screens")

// told is what a page shows, which a test changes.
func told(t *testing.T, first News) (f *Front, address string, news *atomic.Pointer[News]) {
	news = &atomic.Pointer[News]{}
	news.Store(&first)
	f, address = front(t, Options{HTTP: true, Name: "web", News: func() News { return *news.Load() }})
	f.AnswerPages(true)
	return f, address, news
}

func failedNews() News {
	return News{Project: "shop", Headline: "check-backend › test failed", Failed: true, Since: time.Now().Add(-12 * time.Second),
		Place: "backend/api.py:12:5", Link: "vscode://file/shop/backend/api.py:12:5", Message: "undefined name foo",
		Excerpt:  "  11 | def price(item):\n  12 |     return foo(item)\n     |            ^^^ undefined name",
		Problems: 3, Broke: "broke with save 12 (backend/api.py)", Dashboard: "http://127.0.0.1:7777/",
		Output: []byte("\x1b[1mrunning 3 checks\x1b[0m\n" + strings.Repeat("backend/api.py: checking\n", 8) + "3 problems\n")}
}

// TestNothingOfTheNewsIsMarkup: whatever compilers, file names and servers say, the page has the same elements, and
// links lead to editors and to the dashboard alone.
func TestNothingOfTheNewsIsMarkup(t *testing.T) {
	t.Parallel()
	elements := func(p *page) (names []string, links []string) {
		_, content := p.render(true)
		doc, err := html.Parse(strings.NewReader(string(content)))
		if err != nil {
			t.Fatal(err)
		}
		for n := range doc.Descendants() {
			if n.Type == html.ElementNode {
				names = append(names, n.Data)
				for _, a := range n.Attr {
					names = append(names, a.Key)
					if a.Key == "href" {
						links = append(links, a.Val)
					}
				}
			}
		}
		return names, links
	}
	of := func(text string) *page {
		news := failedNews()
		news.Project, news.Headline, news.Detail, news.Place, news.Message, news.Excerpt, news.Broke, news.Output = text, text, text, text, text, text, text, []byte(text+"\nmore")
		return &page{Name: text, Status: 502, Kind: "failed", Err: text, News: news}
	}
	want, wantLinks := elements(of("text"))
	for _, bad := range browsertest.Payloads() {
		p := of(bad)
		got, links := elements(p)
		if strings.Join(got, " ") != strings.Join(want, " ") || strings.Join(links, " ") != strings.Join(wantLinks, " ") {
			t.Errorf("%s: the page is made of %v with %v, not of %v", bad, got, links, want)
		}
		p.Link, p.Dashboard = bad, bad
		_, links = elements(p)
		for _, link := range links {
			if u, err := url.Parse(link); err != nil || u.Scheme != "" && u.Scheme != "http" && u.Scheme != "https" {
				t.Errorf("%s: a link leads to %q", bad, link)
			}
		}
	}
}

// TestNothingOfTheNewsRuns is the same in a browser, with what an address says, and while the page goes on.
func TestNothingOfTheNewsRuns(t *testing.T) {
	t.Parallel()
	if !testenv.Long() {
		t.Skip("the long run opens a browser: DEVLOOP_TEST=long")
	}
	_, address, news := told(t, failedNews())
	p := browsertest.Start(t).Open(t, address)
	for _, bad := range browsertest.Payloads() {
		next := failedNews()
		next.Headline, next.Detail, next.Place, next.Link, next.Message, next.Excerpt, next.Broke, next.Dashboard, next.Output = bad, bad, bad, bad, bad, bad, bad, bad, []byte(bad+"\nmore")
		news.Store(&next)
		p.Go(t, address+"/"+url.PathEscape(bad)+"?q="+url.QueryEscape(bad)+"#"+bad)
		p.Is(t, `document.querySelectorAll("summary").forEach((e) => e.click()), true`)
		if !p.Is(t, `[...document.links].every((a) => a.protocol === "http:" || a.protocol === "https:")`) {
			t.Errorf("%s leads elsewhere", bad)
		}
		if p.Is(t, `"pwned" in window`) {
			t.Fatalf("%s ran", bad)
		}
	}
	bad := browsertest.Payloads()[0]
	p.Go(t, address)
	next := failedNews()
	next.Headline, next.Output = bad, []byte(bad)
	news.Store(&next)
	p.Becomes(t, `document.querySelector("h1").textContent === document.querySelector("pre.all").textContent`)
	if p.Is(t, `"pwned" in window`) {
		t.Fatalf("%s ran when it came into the page", bad)
	}
}

// TestPageThatWaits is what people see: what is wrong, for how long, in the light and in the dark, on a wide window and a
// narrow one; and then the server's own page.
func TestPageThatWaits(t *testing.T) {
	t.Parallel()
	if !testenv.Long() && !*update {
		t.Skip("the long run opens a browser: DEVLOOP_TEST=long")
	}
	building := News{Project: "shop", Headline: "checks of save 13 run", Detail: "check-backend › test", Usual: 20 * time.Second, Dashboard: "http://127.0.0.1:7777/"}
	f, address, news := told(t, building)
	browser := browsertest.Start(t)
	p := browser.Open(t, address)
	for _, shown := range []struct {
		name string
		news News
	}{{"building", building}, {"failed", failedNews()}} {
		for _, size := range []struct {
			name          string
			width, height int
		}{{"wide", 1100, 480}, {"narrow", 390, 640}} {
			for _, scheme := range []string{"light", "dark"} {
				p.As(t, browsertest.Look{Width: size.width, Height: size.height, Dark: scheme == "dark", Still: true})
				shown.news.Since = time.Now().Add(-12 * time.Second)
				news.Store(&shown.news)
				p.Go(t, address)
				p.Becomes(t, `document.querySelector("time").textContent.startsWith("for 1")`)
				what := "down-" + shown.name + "-" + size.name + "-" + scheme
				p.Accessible(t, what)
				if p.Is(t, "document.documentElement.scrollWidth > innerWidth") {
					t.Errorf("%s does not fit", what)
				}
				if *update {
					if err := os.WriteFile(filepath.Join("../../docs/screens", what+".png"), p.Picture(t), 0o644); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
	}
	p.Becomes(t, `document.querySelector("a[href^=vscode]").textContent === "backend/api.py:12:5"`)
	p.Is(t, `document.querySelector("summary").click(), true`)
	p.Shows(t, "running 3 checks")
	f.Serve(1, serve(t, text("the new version")).addr)
	p.Shows(t, "the new version")
}
