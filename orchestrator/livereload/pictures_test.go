package livereload_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"devloop/orchestrator/livereload"
	"devloop/orchestrator/test/browsertest"
	"devloop/orchestrator/test/testenv"
)

var update = flag.Bool("update", false, "write the pictures of badge and card into docs/screens")

const shop = `<style>
  :root { color-scheme: light dark } body { font: 16px/1.6 system-ui, sans-serif; max-width: 60rem; margin: 2.5rem; background: Canvas; color: CanvasText }
  body > p:last-child { display: none } li { margin: .4em 0 } button { font: inherit }
</style><main><h1>Shop</h1><p>What people buy this week:</p><ul><li>a kettle, 34.90 <button>buy</button></li><li>two cups, 18.00 <button>buy</button></li><li>tea, 6.50 <button>buy</button></li></ul>
<p>Delivery takes two days. Whoever orders before noon has it on the next one.</p></main>`

// TestPictures looks at badge and card as they are on a page, in the light and in the dark, in a wide window and a narrow one. Nothing
// in them keeps anybody from using them.
func TestPictures(t *testing.T) {
	t.Parallel()
	if !testenv.Long() && !*update {
		t.Skip("the long run takes pictures: DEVLOOP_TEST=long")
	}
	browser := browsertest.Start(t)
	at := time.Date(2026, 11, 30, 14, 3, 7, 0, time.UTC).UnixMilli()
	building := livereload.State{State: "building", Generation: 1, Cycle: 11, Newest: 12, At: at, Headline: "checks of save 12 run", Usual: 9000}
	failed := livereload.State{State: "failed", Generation: 1, Cycle: 11, Newest: 12, At: at, Headline: "check-backend › test failed",
		Problem: &livereload.Problem{Place: "backend/api.py:12:5", Link: "vscode://file/shop/backend/api.py:12:5", Message: "undefined name foo",
			Excerpt: "  11 | def price(item):\n  12 |     return foo(item)\n     |            ^^^ undefined name"},
		Problems: 3, Broke: &livereload.Broke{Cycle: 12, Paths: []string{"backend/api.py"}}, Dashboard: "http://127.0.0.1:7777"}
	for _, look := range []struct {
		name string
		browsertest.Look
	}{
		{"wide-light", browsertest.Look{Width: 1100, Height: 560, Still: true}},
		{"wide-dark", browsertest.Look{Width: 1100, Height: 560, Still: true, Dark: true}},
		{"narrow-light", browsertest.Look{Width: 390, Height: 640, Still: true}},
		{"narrow-dark", browsertest.Look{Width: 390, Height: 640, Still: true, Dark: true}},
	} {
		s := newSite(t, shop)
		s.Report(building)
		p := browser.Open(t, "about:blank")
		p.As(t, look.Look)
		if _, err := chromedp.Call(p.Context(), emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: "UTC"}); err != nil {
			t.Fatal(err)
		}
		p.Go(t, s.URL)
		for _, shown := range []struct {
			name, seen string
			state      livereload.State
		}{{"badge", badge, building}, {"card", card, failed}} {
			s.Report(shown.state)
			p.Becomes(t, shown.seen+` !== ""`)
			if p.Is(t, `document.documentElement.scrollWidth > innerWidth || [...shadows.at(-1).querySelectorAll(".box, .card, .badge")].some((e) => e.getBoundingClientRect().left < 0)`) {
				t.Errorf("the %s does not fit", shown.name)
			}
			p.Is(t, `Object.defineProperty(shadows.at(-1).host, "shadowRoot", {value: shadows.at(-1), configurable: true}), true`) // for the checker
			p.Accessible(t, shown.name+" "+look.name)
			if *update {
				name := "page-" + shown.name + "-" + look.name + ".png"
				if err := os.WriteFile(filepath.Join("../../docs/screens", name), p.Picture(t), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}
