package livereload_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"devloop/orchestrator/livereload"
	"devloop/orchestrator/test/browsertest"
	"devloop/orchestrator/test/testenv"
)

// What a page shows: the text of badge and card, empty while there is none.
const (
	badge = `(window.shadows.at(-1)?.querySelector(".badge:not([hidden])")?.innerText ?? "")`
	card  = `(window.shadows.at(-1)?.querySelector(".card:not([hidden])")?.innerText ?? "")`
)

// site is a server of pages whose text the test sets. Each page has the mark of the generation that made it.
type site struct {
	*browsertest.Held
	generation, content atomic.Int64
	body                atomic.Value // of the page
	header              http.Header  // of the page
	style               atomic.Value // of style.css
}

func newSite(t testing.TB, body string) *site {
	t.Helper()
	s := &site{header: http.Header{}}
	s.generation.Store(1)
	s.body.Store(body)
	s.style.Store("body { color: rgb(1, 1, 1) }")
	mux := http.NewServeMux()
	mux.HandleFunc("/style.css", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css")
		w.Header().Set("Cache-Control", "max-age=3600")
		fmt.Fprint(w, s.style.Load())
	})
	mux.HandleFunc("/outer.css", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css")
		fmt.Fprint(w, `@import "/style.css";`)
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		for name, values := range s.header {
			w.Header()[name] = values
		}
		generation, content := int(s.generation.Load()), int(s.content.Load())
		fmt.Fprintf(w, `<!doctype html><html lang=en><head>%s<title>Shop</title></head><body>%s<p>generation %d, content %d</p></body></html>`,
			browsertest.Tag(generation, content), s.body.Load(), generation, content)
	})
	s.Held = browsertest.Hold(t, mux)
	s.live(0)
	return s
}

// live reports that all is well after n more restarts.
func (s *site) live(n int64) { s.Report(s.state(n)) }

// state is that of a server that has been restarted n more times.
func (s *site) state(n int64) livereload.State {
	generation := int(s.generation.Add(n))
	return livereload.State{State: "live", Generation: generation, Content: int(s.content.Load()), Cycle: 10 + generation, Newest: 10 + generation, At: now()}
}

func now() int64 { return time.Now().UnixMilli() }

// ago is n seconds before now.
func ago(n int64) int64 { return now() - n*1000 }

func TestPages(t *testing.T) {
	t.Parallel()
	browser := browsertest.Start(t)
	for name, test := range map[string]func(*testing.T, *browsertest.Browser){
		"a new generation reloads": func(t *testing.T, b *browsertest.Browser) {
			s := newSite(t, `<div style="height: 5000px">long</div><input id=name><div id=inner style="height:50px;overflow:auto"><div style="height:900px"></div></div>`)
			p := b.Open(t, s.URL)
			p.Connects(t, s.URL)
			p.Is(t, `scrollTo(0, 1234), document.querySelector("#inner").scrollTop = 77, document.querySelector("#name").focus({preventScroll: true}), true`)
			s.live(1)
			p.Shows(t, "generation 2")
			p.Becomes(t, `Math.round(scrollY) === 1234 && document.querySelector("#inner").scrollTop === 77 && document.activeElement.id === "name"`)
		},
		"what is typed is kept": func(t *testing.T, b *browsertest.Browser) {
			s := newSite(t, `<form action="javascript:void 0"><textarea id=text></textarea></form>`)
			p := b.Open(t, s.URL)
			p.Connects(t, s.URL)
			p.Is(t, `document.querySelector("#text").focus(), true`)
			p.Type(t, "hello")
			s.live(1)
			p.Becomes(t, badge+`.includes("save 12 is ready; reloading loses what you typed")`)
			if !p.Is(t, `document.querySelector("#text").value === "hello"`) {
				t.Error("the text is lost")
			}
			p.Is(t, `window.shadows.at(-1).querySelector(".act").click(), true`)
			p.Shows(t, "generation 2")
		},
		"a style sheet is swapped": func(t *testing.T, b *browsertest.Browser) {
			s := newSite(t, `<link rel=stylesheet href="/style.css">hello<iframe srcdoc="<link rel=stylesheet href=/style.css>framed"></iframe>`)
			p := b.Open(t, s.URL)
			p.Connects(t, s.URL)
			p.Becomes(t, `getComputedStyle(document.body).color === "rgb(1, 1, 1)" && getComputedStyle(frames[0].document.body).color === "rgb(1, 1, 1)"`)
			p.Is(t, `window.asItStood = true`)
			for n := 2; n < 5; n++ {
				color := fmt.Sprintf("rgb(%d, %d, %d)", n, n, n)
				s.style.Store("body { color: " + color + " }")
				state := s.state(1)
				state.Styles = true
				s.Report(state)
				p.Becomes(t, `getComputedStyle(document.body).color === "`+color+`" && getComputedStyle(frames[0].document.body).color === "`+color+`"`)
				p.Becomes(t, `document.querySelectorAll("link").length === 1 && window.asItStood`)
			}
			s.live(1)
			p.Becomes(t, `!window.asItStood`)
		},
		"an imported style sheet is swapped": func(t *testing.T, b *browsertest.Browser) {
			s := newSite(t, `<link rel=stylesheet href="/outer.css">hello`)
			p := b.Open(t, s.URL)
			p.Connects(t, s.URL)
			p.Becomes(t, `getComputedStyle(document.body).color === "rgb(1, 1, 1)"`)
			p.Is(t, `window.asItStood = true`)
			for n := 2; n < 5; n++ {
				color := fmt.Sprintf("rgb(%d, %d, %d)", n, n, n)
				s.style.Store("body { color: " + color + " }")
				state := s.state(1)
				state.Styles = true
				s.Report(state)
				p.Becomes(t, `getComputedStyle(document.body).color === "`+color+`" && document.querySelectorAll("link").length === 1 && window.asItStood`)
			}
		},
		"a failure shows": func(t *testing.T, b *browsertest.Browser) {
			s := newSite(t, `<button onclick="this.textContent = 'clicked'">click</button>`)
			p := b.Open(t, s.URL)
			p.Connects(t, s.URL)
			failed := s.state(0)
			failed.State, failed.Newest, failed.Headline, failed.Problems = "failed", 12, "check › test failed", 3
			failed.Problem = &livereload.Problem{Place: "main.go:45:6", Link: "vscode://file/p/main.go:45:6", Message: "undefined: x", Excerpt: "45 |  x := 1"}
			failed.Broke = &livereload.Broke{Cycle: 12, Paths: []string{"main.go"}}
			s.Report(failed)
			p.Becomes(t, badge+`.includes("check › test failed · this page is still save 11")`)
			p.Becomes(t, card+`.includes("main.go:45:6 undefined: x") && `+badge+` === ""`)
			for _, text := range []string{"check › test failed · this page is still save 11", "45 |  x := 1", "broke with save 12 (main.go)", "1 of 3 problems"} {
				if !p.Is(t, card+`.includes("`+text+`")`) {
					t.Errorf("the card does not say %q: %s", text, browsertest.Value[string](t, p, card))
				}
			}
			if got := browsertest.Value[string](t, p, `shadows.at(-1).querySelector("a.place").href`); got != failed.Problem.Link {
				t.Errorf("the place leads to %q", got)
			}
			p.Type(t, kb.Escape)
			p.Becomes(t, card+` === "" && `+badge+`.includes("check › test failed")`)
			building := s.state(0)
			building.State, building.Newest, building.Headline, building.At = "building", 13, "checks of save 13 run", ago(2)
			s.Report(building)
			p.Becomes(t, badge+`.includes("this page is save 11; checks of save 13 run")`)
			down := s.state(0)
			down.State, down.Cycle, down.Newest, down.Headline, down.At = "down", 13, 13, "server crashed", ago(2)
			s.Report(down)
			p.Becomes(t, badge+`.includes("server crashed · this page is save 11")`)
			s.live(1)
			p.Shows(t, "generation 2")
			p.Becomes(t, badge+` === "" && `+card+` === ""`)
		},
		"a dismissed badge is back with the next save": func(t *testing.T, b *browsertest.Browser) {
			s := newSite(t, "hello")
			p := b.Open(t, s.URL)
			p.Connects(t, s.URL)
			building := s.state(0)
			building.State, building.Newest, building.At = "building", 12, ago(2)
			s.Report(building)
			p.Becomes(t, badge+`.includes("this page is save 11; save 12 is built")`)
			p.Is(t, `shadows.at(-1).querySelector("[aria-label^=Hide]").click(), true`)
			if !p.Is(t, badge+` === ""`) {
				t.Error("the badge is still there")
			}
			building.Newest = 13
			s.Report(building)
			p.Becomes(t, badge+`.includes("save 13")`)
		},
		"the badge moves": func(t *testing.T, b *browsertest.Browser) {
			s := newSite(t, `<p>text</p><script>addEventListener("click", () => window.clicked = true)</script>`)
			building := s.state(0)
			building.State, building.Newest, building.At = "building", 12, ago(2)
			s.Report(building)
			p := b.Open(t, s.URL)
			p.Becomes(t, badge+` !== ""`)
			const place = `(() => { const r = shadows.at(-1).querySelector(".badge").getBoundingClientRect(); return (r.top < innerHeight / 2 ? "t" : "b") + (r.left < innerWidth / 2 ? "l" : "r") })()`
			if got := browsertest.Value[string](t, p, place); got != "br" {
				t.Errorf("it begins at %s", got)
			}
			p.Is(t, `shadows.at(-1).querySelector(".badge button").focus(), true`)
			p.Type(t, kb.ArrowUp)
			p.Becomes(t, place+` === "tr"`)
			p.Type(t, kb.ArrowLeft)
			p.Becomes(t, place+` === "tl"`)
			from := browsertest.Value[[]float64](t, p, `(() => { const r = shadows.at(-1).querySelector(".badge").getBoundingClientRect(); return [r.left + 40, r.top + 10, innerWidth - 50, innerHeight - 50] })()`)
			p.Do(t, chromedp.DragAndDropXY(from[0], from[1], from[2], from[3]))
			p.Becomes(t, place+` === "br"`)
			p.Is(t, `window.clicked = false`)
			p.Do(t, chromedp.MouseClickXY(from[0], from[1]))
			p.Becomes(t, `window.clicked`)
			s.live(1)
			p.Shows(t, "generation 2")
			building = s.state(0)
			building.State, building.Newest, building.At = "building", 13, ago(2)
			s.Report(building)
			p.Becomes(t, place+` === "br"`)
		},
		"a hidden tab waits until it is seen": func(t *testing.T, b *browsertest.Browser) {
			s := newSite(t, "hello")
			p := b.Open(t, s.URL)
			p.Connects(t, s.URL)
			p.Hide(t, true)
			p.Is(t, `window.asItStood = true`)
			s.live(1)
			s.live(1)
			if !p.Is(t, `fetch("/_devloop/live").then((answer) => answer.ok && window.asItStood)`) {
				t.Error("it was read anew unseen")
			}
			p.Hide(t, false)
			p.Shows(t, "generation 3")
		},
		"a frozen tab wakes up on the newest": func(t *testing.T, b *browsertest.Browser) {
			s := newSite(t, "hello")
			p := b.Open(t, s.URL)
			p.Connects(t, s.URL)
			freeze := func(state page.SetWebLifecycleStateState) {
				if _, err := chromedp.Call(p.Context(), page.SetWebLifecycleState, page.SetWebLifecycleStateParams{State: state}); err != nil {
					t.Fatal(err)
				}
			}
			p.Hide(t, true)
			freeze("frozen")
			s.live(1)
			s.live(1)
			freeze("active")
			p.Hide(t, false)
			p.Shows(t, "generation 3")
		},
		"a page that is newer than the news remains": func(t *testing.T, b *browsertest.Browser) {
			s := newSite(t, "hello")
			old := s.state(1)
			old.Generation = 1
			s.Report(old)
			p := b.Open(t, s.URL)
			p.Connects(t, s.URL)
			p.Is(t, `window.asItStood = true`)
			building := old
			building.State, building.Newest, building.At = "building", 12, ago(2)
			s.Report(building)
			p.Becomes(t, badge+` !== ""`)
			s.live(0)
			p.Becomes(t, badge+` === ""`)
			if !p.Is(t, `fetch("/_devloop/live").then((answer) => answer.ok && window.asItStood)`) {
				t.Error("it was read anew")
			}
		},
		"a cache makes no loop": func(t *testing.T, b *browsertest.Browser) {
			s := newSite(t, "hello")
			p := b.Open(t, s.URL)
			p.Connects(t, s.URL)
			state := s.state(0) // the server's pages remain those of generation 1
			state.Generation = 2
			s.Report(state)
			p.Becomes(t, badge+`.includes("this page comes from a cache")`)
		},
		"without a mark the clock tells": func(t *testing.T, b *browsertest.Browser) {
			s := newSite(t, "")
			var n atomic.Int64
			bare := browsertest.Hold(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/" {
					http.NotFound(w, r)
					return
				}
				w.Header().Set("Content-Type", "text/html")
				fmt.Fprintf(w, `<script src="/_devloop/live.js" async></script><p>answer %d</p>`, n.Add(1))
			}))
			state := s.state(0)
			state.Since = ago(10)
			bare.Report(state)
			p := b.Open(t, bare.URL)
			p.Connects(t, bare.URL)
			p.Shows(t, "answer 1")
			state.Generation, state.Since = 2, now()
			bare.Report(state)
			p.Shows(t, "answer 2")
			state.Headline = "still the same"
			bare.Report(state)
			p.Becomes(t, "true")
			if !p.Is(t, `document.body.innerText.includes("answer 2")`) {
				t.Error("the page was read anew once more")
			}
		},
		"the end is told, and the next loop found": func(t *testing.T, b *browsertest.Browser) {
			s := newSite(t, "hello")
			p := b.Open(t, s.URL)
			p.Connects(t, s.URL)
			ended := s.state(0)
			ended.State = "ended"
			s.Report(ended)
			p.Becomes(t, badge+`.includes("devloop has ended; this page remains as it is")`)
			s.Restart()
			s.live(1)
			p.Shows(t, "generation 2")
		},
		"it is polled where there is no WebSocket": func(t *testing.T, b *browsertest.Browser) {
			s := newSite(t, "hello")
			s.header.Set("Content-Security-Policy", "connect-src "+s.URL) // which is http: alone
			s.NoUpgrade.Store(true)
			p := b.Open(t, s.URL)
			s.live(1)
			p.Shows(t, "generation 2")
			s.live(1)
			p.Shows(t, "generation 3")
		},
		"another client reloads": func(t *testing.T, b *browsertest.Browser) {
			s := newSite(t, `<script type=module src="/@vite/client"></script>`)
			p := b.Open(t, s.URL)
			p.Connects(t, s.URL)
			failed := s.state(1)
			failed.State, failed.Headline = "failed", "check failed"
			s.Report(failed)
			p.Becomes(t, badge+` === "✗ check failed\n×" || `+card+`.includes("check failed")`)
			if !p.Is(t, `document.body.innerText.includes("generation 1")`) {
				t.Error("the page was read anew")
			}
		},
		"a strict policy": func(t *testing.T, b *browsertest.Browser) {
			s := newSite(t, `<script nonce=x>addEventListener("securitypolicyviolation", (e) => (window.violations ||= []).push(e.violatedDirective + " " + e.sourceFile + ":" + e.lineNumber))</script>hello`)
			s.header.Set("Content-Security-Policy", "default-src 'none'; script-src 'self' 'nonce-x'; connect-src 'self' "+strings.Replace(s.URL, "http", "ws", 1)+"; require-trusted-types-for 'script'; trusted-types 'none'")
			p := b.Open(t, s.URL)
			p.Connects(t, s.URL)
			failed := s.state(0)
			failed.State, failed.Headline, failed.At = "failed", "check failed", ago(2)
			failed.Problem = &livereload.Problem{Place: "main.go:1:1", Link: "vscode://file/main.go", Message: "no"}
			s.Report(failed)
			p.Becomes(t, card+`.includes("main.go:1:1 no")`)
			if got := browsertest.Value[string](t, p, `getComputedStyle(shadows.at(-1).querySelector(".box")).position`); got != "fixed" {
				t.Errorf("the box is %s", got)
			}
			s.live(1)
			p.Shows(t, "generation 2")
			if got := browsertest.Value[string](t, p, `(window.violations ?? []).join()`); got != "" {
				t.Errorf("violations: %s", got)
			}
		},
		"from another port": func(t *testing.T, b *browsertest.Browser) {
			s := newSite(t, "")
			s.body.Store(`<script src="` + s.Beside + `live.js" async></script>hello`)
			p := b.Open(t, s.URL)
			p.Shows(t, "hello")
			s.live(1)
			p.Shows(t, "generation 2")
		},
		"frames leave it to the top": func(t *testing.T, b *browsertest.Browser) {
			s := newSite(t, "")
			s.body.Store(`<script>if (self === top) document.write("<iframe src=/framed></iframe>")</script><input>`)
			p := b.Open(t, s.URL)
			p.Connects(t, s.URL)
			p.Becomes(t, `frames[0].document.body.innerText.includes("generation 1")`)
			failed := s.state(0)
			failed.State, failed.Headline, failed.At = "failed", "check failed", ago(2)
			s.Report(failed)
			p.Becomes(t, card+`.includes("check failed")`)
			if p.Is(t, `frames[0].shadows.length > 0`) {
				t.Error("the frame shows a card, too")
			}
			p.Is(t, `window.asItStood = true`)
			s.live(1)
			p.Becomes(t, `!window.asItStood && frames[0].document.body.innerText.includes("generation 2")`)
		},
		"the way back": func(t *testing.T, b *browsertest.Browser) {
			s := newSite(t, "hello")
			p := b.Open(t, s.URL+"/one")
			p.Connects(t, s.URL)
			p.Go(t, s.URL+"/two")
			p.Shows(t, "generation 1")
			s.live(1)
			p.Shows(t, "generation 2")
			p.Is(t, `history.back(), true`)
			p.Becomes(t, `location.pathname === "/one" && document.body.innerText.includes("generation 2")`)
		},
	} {
		if testenv.Long() || name == "a failure shows" { // which needs most of it
			t.Run(name, func(t *testing.T) { test(t, browser) })
		}
	}
}
