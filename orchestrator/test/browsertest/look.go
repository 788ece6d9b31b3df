package browsertest

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"devloop/orchestrator/test/looptest"
)

// Look is how somebody looks at a page.
type Look struct {
	Width, Height int     // in CSS pixels
	Dark          bool    // prefers-color-scheme
	Zoom          float64 // of the picture's pixels; 0: 1
	Still         bool    // prefers-reduced-motion
}

// As has the page looked at so.
func (p *Page) As(t testing.TB, look Look) {
	t.Helper()
	scheme, motion := "light", "no-preference"
	if look.Dark {
		scheme = "dark"
	}
	if look.Still {
		motion = "reduce"
	}
	_, err := chromedp.Call(p.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: motion},
	}})
	if err == nil {
		_, err = chromedp.Call(p.ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: int64(look.Width), Height: int64(look.Height), DeviceScaleFactor: max(look.Zoom, 1)})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Accessible has axe-core look for what keeps people from using the page as it is now.
func (p *Page) Accessible(t *testing.T, what string) {
	t.Helper()
	if !p.Is(t, "'axe' in window") {
		p.Do(t, chromedp.Evaluate[chromedp.Void](axe(t)+"\n;undefined"))
	}
	found, err := chromedp.Run(p.ctx, chromedp.Evaluate[string](`axe.run(document, {resultTypes: ["violations"]}).then(r => JSON.stringify(r.violations.map(v => ({id: v.id, help: v.help, nodes: v.nodes.map(n => n.html.slice(0, 200) + " " + n.failureSummary)}))))`, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatal(err)
	}
	var violations []struct {
		ID, Help string
		Nodes    []string
	}
	if err := json.Unmarshal([]byte(found), &violations); err != nil {
		t.Fatal(err)
	}
	for _, v := range violations {
		t.Errorf("%s: %s: %s, of %d elements:\n%s", what, v.ID, v.Help, len(v.Nodes), strings.Join(v.Nodes[:min(3, len(v.Nodes))], "\n"))
	}
}

var axeText struct {
	sync.Mutex
	script string
}

// axe is the script of the checker, downloaded once for all tests of a package.
func axe(t *testing.T) string {
	t.Helper()
	axeText.Lock()
	defer axeText.Unlock()
	if axeText.script == "" {
		axeText.script = string(looptest.Download(t, "axe-core", "4.14.1", "sha512-FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ==").File(t, "axe.min.js"))
	}
	return axeText.script
}

// Picture is the whole page as a PNG.
func (p *Page) Picture(t testing.TB) []byte {
	t.Helper()
	picture, err := chromedp.Run(p.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		t.Fatal(fmt.Errorf("take a picture: %w", err))
	}
	return picture
}
