package page_test

import (
	"bytes"
	"compress/gzip"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"devloop/orchestrator/control"
	"devloop/orchestrator/dashboard/page"
	"devloop/orchestrator/test/browsertest"
	"devloop/orchestrator/test/testenv"
)

func TestMain(m *testing.M) {
	testenv.MostlyWaiting()
	os.Exit(m.Run())
}

var (
	wide   = browsertest.Look{Width: 1280, Height: 900, Still: true}
	narrow = browsertest.Look{Width: 360, Height: 740, Still: true}
)

// chromium is a browser in which it is as late everywhere.
func chromium(t testing.TB) *browsertest.Browser {
	t.Helper()
	return browsertest.Start(t, chromedp.Env("TZ=UTC"))
}

// long skips a test of the short run, which opens as few browsers as it can.
func long(t *testing.T) {
	t.Helper()
	if !testenv.Long() {
		t.Skip("the long run opens more browsers: DEVLOOP_TEST=long")
	}
}

// see opens the page of a world.
func see(t testing.TB, b *browsertest.Browser, w *world) *browsertest.Page {
	t.Helper()
	p := b.Open(t, serve(t, w).URL)
	p.Becomes(t, "document.querySelector('.head') && document.querySelector('.graph') && document.querySelector('.save')")
	return p
}

// TestFiles: everything that the page loads is small, is there, and is named.
func TestFiles(t *testing.T) {
	t.Parallel()
	index, err := page.Files.ReadFile("index.html")
	if err != nil {
		t.Fatal(err)
	}
	if regexp.MustCompile(`(?i)<script(>|[^>]*>[^<])|<style|\son\w+=|\sstyle=`).Match(index) {
		t.Error("index.html has a script or a style in it, which the policy does not let in")
	}
	var packed bytes.Buffer
	err = fs.WalkDir(page.Files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := page.Files.ReadFile(name)
		if err != nil {
			return err
		}
		z, _ := gzip.NewWriterLevel(&packed, gzip.BestCompression)
		_, _ = z.Write(text)
		_ = z.Close()
		if name != "index.html" && name != "assets/licences.txt" && !bytes.Contains(index, []byte(`"/`+name+`"`)) {
			t.Errorf("index.html does not name %s: the browser would learn of it late", name)
		}
		if name != "assets/vendor.js" && regexp.MustCompile(`innerHTML|outerHTML|insertAdjacent|document\.write|\beval\(|new Function|dangerously`).Match(text) {
			t.Errorf("%s makes markup or code of text", name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range regexp.MustCompile(`"/(assets/[^"]+)"`).FindAllSubmatch(index, -1) {
		if _, err := page.Files.ReadFile(string(found[1])); err != nil {
			t.Error(err)
		}
	}
	t.Logf("%d bytes compressed", packed.Len())
	if most := 60 << 10; packed.Len() > most {
		t.Errorf("the page has %d bytes compressed, and is to have at most %d", packed.Len(), most)
	}
}

// states are worlds, and what the page says of them.
var states = []struct {
	name string
	make func(w *world)
	says []string // in the text of the page
}{
	{"live", func(*world) {}, []string{"live\n", "save 48 · backend/api.py", "a save usually takes", "waited today", "The old version answered until", "check-backend › test"}},
	{"failed", (*world).breaks, []string{"your last save is not live", "check-backend › test failed at", "backend/api.py:12:5", "undefined name 'total'", "save 48 still answers", "Which save broke it", "ready, old", "The old version went on answering"}},
	{"building", (*world).builds, []string{"save 49 is on its way", "backend is starting", "save 47 still answers", "3 waiting", "/cart/items/7/picture", "requests have waited since"}},
	{"behind", func(w *world) {
		w.node("worker").State = "stopped"
		w.status.Live = control.Live{State: "behind", Cycle: 47, Newest: 48, Answers: 48, Nodes: []string{"worker"}}
	}, []string{"your last save is not live", "worker is stopped", "Start worker"}},
	{"broken configuration", func(w *world) {
		w.status.Mistakes = &control.Mistakes{Since: now(), List: []string{"devloop.yaml:7:5: unknown key"}, Mistakes: []control.Mistake{{File: shopDir + "/devloop.yaml", Line: 7, Column: 5, Text: "unknown key `comand`", Hint: "command?"}}}
	}, []string{"devloop.yaml:7:5 is not valid", "unknown key `comand`", "the last valid configuration still runs"}},
	{"paused", func(w *world) { w.status.Watching.Paused = true }, []string{"watching is paused"}},
	{"crash loop", func(w *world) {
		n := w.node("worker")
		n.State, n.Crashes, n.End, n.PIDs = "backing off", 7, &control.End{Code: 3}, nil
		n.Waits = &control.Hold{Kind: "backing off", Until: ago(-16 * time.Second), Text: "it keeps crashing"}
		w.status.Live = control.Live{State: "failed", Cycle: 47, Newest: 48, Answers: 48, Nodes: []string{"worker"}, Why: "worker crashed"}
	}, []string{"crashed", "exit 3 · 7 crashes in a row · next try at 10:18:42"}},
	{"new version dropped", func(w *world) {
		n := w.node("backend")
		n.Failed, n.Reason = true, "exit 3 before it was ready"
		w.status.Live = control.Live{State: "failed", Cycle: 48, Newest: 49, Answers: 48, Nodes: []string{"backend"}, Why: "the new version of backend failed"}
	}, []string{"ready, old", "the new version failed: exit 3 before it was ready"}},
	{"nothing yet", func(w *world) {
		w.cycles, w.printed, w.status.Live = nil, nil, control.Live{State: "building", Nodes: []string{"codegen"}}
		for i := range w.status.Nodes {
			n := &w.status.Nodes[i]
			*n = control.Node{Name: n.Name, Kind: n.Kind, State: "waiting", Waits: &control.Hold{Kind: "dependency", Text: "waits for codegen"}}
		}
	}, []string{"the first version is on its way", "Nothing has been printed yet"}},
}

// TestStates: the page says what is, in each state, and people who use it in other ways can.
func TestStates(t *testing.T) {
	t.Parallel()
	b := chromium(t)
	for i, state := range states {
		t.Run(state.name, func(t *testing.T) {
			if !testenv.Long() && i > 2 {
				t.Skip("the long run looks at every state: DEVLOOP_TEST=long")
			}
			w := shop()
			state.make(w)
			p := b.Open(t, serve(t, w).URL)
			p.As(t, wide)
			p.Becomes(t, "document.querySelector('.graph')")
			for _, text := range state.says {
				p.Becomes(t, "document.body.textContent.includes("+quote(strings.TrimSpace(text))+") || document.body.innerText.includes("+quote(text)+")")
			}
			p.Becomes(t, "[...document.querySelectorAll('.scroll')].every(e => e.scrollWidth <= e.clientWidth)") // no table is cut
			p.Accessible(t, "wide, light")
			if state.name == "failed" || testenv.Long() && i < 3 {
				for _, look := range []browsertest.Look{{Width: 1280, Height: 900, Dark: true}, narrow, {Width: 360, Height: 740, Dark: true}, {Width: 640, Height: 450}} { // the last one is 1280 at 200 %
					p.As(t, look)
					p.Becomes(t, "innerWidth === "+itoa(look.Width))
					p.Accessible(t, "in another look")
					p.Becomes(t, "document.documentElement.scrollWidth <= innerWidth") // nothing is wider than the window
				}
			}
		})
	}
	t.Run("fifty nodes", func(t *testing.T) {
		long(t)
		p := see(t, b, crowd(50))
		for _, look := range []browsertest.Look{wide, narrow} {
			p.As(t, look)
			p.Becomes(t, "innerWidth === "+itoa(look.Width)+" && document.querySelectorAll('.node').length === 50 && document.documentElement.scrollWidth <= innerWidth")
			p.Accessible(t, "fifty nodes")
		}
	})
	t.Run("logged out", func(t *testing.T) {
		w := serve(t, shop())
		p := b.Open(t, w.Plain)
		p.Shows(t, "devloop open")
		for _, look := range []browsertest.Look{wide, {Width: 360, Height: 740, Dark: true}} {
			p.As(t, look)
			p.Accessible(t, "the page for who has not logged in")
		}
	})
}
