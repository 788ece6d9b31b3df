package page_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"

	"devloop/orchestrator/test/browsertest"
	"devloop/orchestrator/test/testenv"
)

// pictures are those of docs/dashboard.md.
var pictures = []struct {
	name string
	make func(w *world)
	look browsertest.Look
	then string // what is done with the page, in JavaScript
}{
	{"failed", (*world).breaks, browsertest.Look{Width: 1280, Height: 900, Still: true}, ""},
	{"building", (*world).builds, browsertest.Look{Width: 1280, Height: 900, Dark: true, Still: true}, ""},
	{"compared", func(*world) {}, browsertest.Look{Width: 1280, Height: 900, Still: true}, `document.querySelectorAll(".save")[44].dispatchEvent(new MouseEvent("click", {bubbles: true, shiftKey: true}))`},
	{"narrow", (*world).breaks, browsertest.Look{Width: 360, Height: 740, Still: true}, ""},
	{"narrow-dark", func(*world) {}, browsertest.Look{Width: 360, Height: 740, Dark: true, Still: true}, ""},
}

// TestPictures makes the pictures of docs/dashboard.md, with -update. They are not compared: every browser draws letters in its own
// way.
func TestPictures(t *testing.T) {
	t.Parallel()
	if !*update {
		t.Skip("-update makes the pictures of docs/dashboard.md")
	}
	testenv.Program(t, "chromium")
	b := chromium(t)
	for _, picture := range pictures {
		w := shop()
		picture.make(w)
		p := b.Open(t, "about:blank")
		p.As(t, picture.look)
		p.Do(t, chromedp.Navigate(serve(t, w).URL))
		p.Becomes(t, "document.querySelector('.head') && document.querySelector('.graph') && document.querySelector('.row') && document.querySelector('.history')")
		if picture.then != "" {
			p.Do(t, chromedp.Evaluate[chromedp.Void](picture.then+"; undefined"))
			p.Becomes(t, "document.querySelector('.comparison')")
		}
		p.Becomes(t, "document.fonts.status === 'loaded'")
		data := p.Picture(t)
		if most := 150 << 10; len(data) > most {
			t.Errorf("%s has %d bytes, and is to have at most %d", picture.name, len(data), most)
		}
		if err := os.WriteFile(filepath.Join("..", "..", "..", "docs", "screens", "dashboard-"+picture.name+".png"), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
