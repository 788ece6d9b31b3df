package browsertest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"image"
	"image/color"
	"image/png"
	"maps"
	"slices"
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
	// It takes a ground that nobody has painted for white, in the dark as well.
	p.Do(t, chromedp.Evaluate[chromedp.Void](`if (getComputedStyle(document.documentElement).backgroundColor === "rgba(0, 0, 0, 0)" && getComputedStyle(document.body).backgroundColor === "rgba(0, 0, 0, 0)") document.documentElement.style.backgroundColor = "Canvas"; undefined`))
	found := Value[string](t, p, `axe.run(document, {resultTypes: ["violations"]}).then(r => JSON.stringify(r.violations.map(v => ({id: v.id, help: v.help, nodes: v.nodes.map(n => n.html.slice(0, 200) + " " + n.failureSummary)}))))`)
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

// Picture is the whole page as a PNG of 256 colours, which is small.
func (p *Page) Picture(t testing.TB) []byte {
	t.Helper()
	data, err := chromedp.Run(p.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		t.Fatalf("take a picture: %v", err)
	}
	full, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	var small bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	if err := encoder.Encode(&small, reduced(full)); err != nil {
		t.Fatal(err)
	}
	return small.Bytes()
}

// reduced is a picture in the 256 colours that most of it has; each other colour becomes the nearest of them.
func reduced(full image.Image) *image.Paletted {
	count := map[color.RGBA]int{}
	at := func(x, y int) color.RGBA { return color.RGBAModel.Convert(full.At(x, y)).(color.RGBA) }
	size := full.Bounds()
	for y := size.Min.Y; y < size.Max.Y; y++ {
		for x := size.Min.X; x < size.Max.X; x++ {
			count[at(x, y)]++
		}
	}
	colours := slices.SortedFunc(maps.Keys(count), func(a, b color.RGBA) int {
		return cmp.Or(cmp.Compare(count[b], count[a]), cmp.Compare(a.R, b.R), cmp.Compare(a.G, b.G), cmp.Compare(a.B, b.B))
	})
	var kept color.Palette
	for _, c := range colours[:min(256, len(colours))] {
		kept = append(kept, c)
	}
	small := image.NewPaletted(size, kept)
	index := map[color.RGBA]uint8{}
	for y := size.Min.Y; y < size.Max.Y; y++ {
		for x := size.Min.X; x < size.Max.X; x++ {
			c := at(x, y)
			i, known := index[c]
			if !known {
				i = uint8(kept.Index(c)) // below 256
				index[c] = i
			}
			small.SetColorIndex(x, y, i)
		}
	}
	return small
}
