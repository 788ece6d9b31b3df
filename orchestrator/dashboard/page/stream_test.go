package page_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/performance"
	"github.com/chromedp/chromedp"

	"devloop/orchestrator/control"
	"devloop/orchestrator/test/browsertest"
	"devloop/orchestrator/test/testenv"
)

// TestHidden: a tab that nobody sees holds no stream, asks nothing, and knows everything once it is seen again. What had been printed
// stands there once.
func TestHidden(t *testing.T) {
	t.Parallel()
	long(t)
	w := shop()
	p := see(t, chromium(t), w)
	p.Becomes(t, "document.querySelectorAll('.row').length === 12")
	w.await(t, "one stream", func() bool { return w.streams() == 1 })
	p.Hide(t, true)
	w.await(t, "no stream of a tab that nobody sees", func() bool { return len(w.readers) == 0 })
	w.change("live", w.breaks)
	p.Hide(t, false)
	w.await(t, "a stream of a tab that is seen again", func() bool { return w.streams() == 1 })
	p.Shows(t, "your last save is not live")
	p.Becomes(t, "document.querySelectorAll('.row').length === 18")
	if last := browsertest.Value[string](t, p, "[...document.querySelectorAll('.row')].pop().textContent"); last != "check-backend2 failed, 40 passed in 2.1s" {
		t.Errorf("the last line is %q", last)
	}
}

// TestIdle: while nothing happens no timer runs and nothing is asked. While something runs there is one timer, and none in a
// tab that nobody sees.
func TestIdle(t *testing.T) {
	t.Parallel()
	long(t)
	b := chromium(t)
	p := b.Open(t, "about:blank")
	count := `(() => {
		const running = window.running = new Set();
		for (const kind of ["Timeout", "Interval"]) {
			const set = window["set" + kind], clear = window["clear" + kind];
			window["set" + kind] = (f, ...rest) => { const id = set(() => { if (kind === "Timeout") running.delete(id); f(); }, ...rest); running.add(id); return id; };
			window["clear" + kind] = id => { running.delete(id); clear(id); };
		}
		const frame = window.requestAnimationFrame;
		window.requestAnimationFrame = f => { const id = "frame " + frame(at => { running.delete(id); f(at); }); running.add(id); return id; };
	})()`
	if _, err := chromedp.Call(p.Context(), page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: count}); err != nil {
		t.Fatal(err)
	}
	w := shop()
	p.Do(t, chromedp.Navigate(serve(t, w).URL))
	p.Becomes(t, "document.querySelectorAll('.row').length === 12 && running.size === 0")
	if n := browsertest.Value[int](t, p, "document.getAnimations().length"); n != 0 {
		t.Errorf("%d animations run", n)
	}
	w.change("live", w.builds)
	p.Shows(t, "save 49 is on its way")
	p.Becomes(t, "running.size === 1")
	p.Hide(t, true)
	p.Becomes(t, "[...running].every(id => String(id).startsWith('frame'))") // one that the browser draws when it is seen again
	p.Hide(t, false)
	p.Becomes(t, "running.size === 1")
	w.change("live", func() { w.status = shop().status })
	p.Becomes(t, "document.querySelector('.verdict').textContent.includes('live') && running.size === 0")
}

// TestManyTabs: dashboards that were opened and closed leave nothing behind.
func TestManyTabs(t *testing.T) {
	t.Parallel()
	long(t)
	b := chromium(t)
	w := serve(t, shop())
	const side = 5
	for range testenv.Count(t, "DEVLOOP_TABS", 2, 8) { // so many times five
		t.Run("", func(t *testing.T) {
			for i := range side {
				p := b.Open(t, w.URL)
				p.Becomes(t, "document.querySelector('.row')")
				w.await(t, "a stream for each tab", func() bool { return w.streams() >= min(i+1, side) })
			}
		})
		w.await(t, "no stream of a closed tab", func() bool { return len(w.readers) == 0 })
	}
}

// TestFollows: new lines scroll into view until somebody scrolls up; then they are counted.
func TestFollows(t *testing.T) {
	t.Parallel()
	long(t)
	w := shop()
	p := see(t, chromium(t), w)
	p.As(t, wide)
	print := func(from, n int) {
		var lines []control.Line
		for i := range n {
			lines = append(lines, control.Line{Node: "backend", Text: fmt.Sprintf("line %d", from+i), Time: now()})
		}
		w.print(lines...)
	}
	p.Becomes(t, "document.querySelectorAll('.row').length === 12")
	print(1, 500)
	p.Becomes(t, "[...document.querySelectorAll('.row')].pop().textContent.endsWith('line 500') && document.querySelectorAll('.row').length < 80")
	p.Do(t, chromedp.Evaluate[chromedp.Void]("document.getElementById('lines').scrollTo(0, 0)"))
	p.Becomes(t, "document.querySelector('.output .end button')")
	print(501, 214)
	p.Becomes(t, "document.querySelector('.output .end').textContent === '↓ 214 new'")
	p.Becomes(t, "document.getElementById('lines').scrollTop === 0")
	p.Do(t, chromedp.Evaluate[chromedp.Void]("document.querySelector('.output .end button').click()"))
	p.Becomes(t, "[...document.querySelectorAll('.row')].pop().textContent.endsWith('line 714')")

	// More lines than are kept, and still a few rows.
	for i := range 13 {
		print(1000*i, 1000)
		p.Becomes(t, fmt.Sprintf("[...document.querySelectorAll('.row')].pop().textContent.endsWith('line %d')", 1000*i+999))
	}
	p.Becomes(t, "document.querySelectorAll('.row').length < 80 && document.getElementById('lines').scrollHeight < 11100 * 19")

	// What the loop does not keep is counted.
	w.print(control.Line{Node: "backend", Missed: 7})
	p.Becomes(t, "[...document.querySelectorAll('.row')].pop().textContent.endsWith('… 7 lines are no longer kept')")
}

// BenchmarkFrames is how long the page keeps the browser from drawing: 50 nodes, all of which start again and again, and 5,000 lines a
// second. longest-ms is the longest task of the page.
func BenchmarkFrames(b *testing.B) {
	w := crowd(50)
	p := see(b, chromium(b), w)
	p.As(b, wide)
	p.Do(b, chromedp.Evaluate[chromedp.Void](`window.tasks = []; window.frames_ = []; new PerformanceObserver(l => tasks.push(...l.getEntries().map(e => e.duration))).observe({type: "longtask", buffered: false});
		(function next(before) { requestAnimationFrame(at => { frames_.push(at - before); next(at); }); })(performance.now())`))
	if _, err := chromedp.Call(p.Context(), performance.Enable, performance.EnableParams{TimeDomain: performance.EnableTimeDomainThreadTicks}); err != nil {
		b.Fatal(err)
	}
	used := func(name string) float64 {
		got, err := chromedp.Call(p.Context(), performance.GetMetrics, cdp.Empty{})
		if err != nil {
			b.Fatal(err)
		}
		for _, m := range got.Metrics {
			if m.Name == name {
				return 1000 * m.Value
			}
		}
		b.Fatal("no metric " + name)
		return 0
	}
	parts := []string{"TaskDuration", "ScriptDuration", "LayoutDuration", "RecalcStyleDuration"}
	var before []float64
	for _, part := range parts {
		before = append(before, used(part))
	}
	paced := newPace()
	defer paced.stop()
	lines := 0
	for b.Loop() { // one is a tenth of a second
		paced.wait()
		var batch []control.Line
		for i := range 500 {
			lines++
			batch = append(batch, control.Line{Node: w.status.Nodes[i%50].Name, Time: now(), Text: fmt.Sprintf("\x1b[2m10:18:26\x1b[0m GET /items/%d \x1b[32m200\x1b[0m in %d ms, and what a line of a log says beyond that", lines, i%37)})
		}
		w.print(batch...)
		w.change("ready", func() {
			n := &w.status.Nodes[lines/500%50]
			n.Number++
			n.State = map[bool]string{true: "ready", false: "starting"}[n.State != "ready"]
		})
	}
	for i, part := range parts {
		b.ReportMetric((used(part)-before[i])/float64(b.N)*10, "ms-of-"+part+"/s") // of a processor, whatever else the machine does
	}
	b.ReportMetric(browsertest.Value[float64](b, p, "Math.max(0, ...tasks)"), "longest-ms")
	b.ReportMetric(browsertest.Value[float64](b, p, "frames_.filter(f => f > 50).length"), "frames-over-50ms")
	b.ReportMetric(browsertest.Value[float64](b, p, "frames_.sort((a, b) => a - b)[Math.floor(frames_.length * 0.99)]"), "p99-frame-ms")
}

// BenchmarkFirstPaint is how long it takes from the address to the first text, and to the whole page: the quickest of all, since
// other programs only make it slower.
func BenchmarkFirstPaint(b *testing.B) {
	w := serve(b, shop())
	p := chromium(b).Open(b, w.URL)
	first, whole := math.Inf(1), math.Inf(1)
	for b.Loop() {
		p.Do(b, chromedp.Navigate(w.Plain))
		p.Becomes(b, "document.querySelector('.row') && performance.getEntriesByName('first-contentful-paint').length")
		first = min(first, browsertest.Value[float64](b, p, "performance.getEntriesByName('first-contentful-paint')[0].startTime"))
		whole = min(whole, browsertest.Value[float64](b, p, "performance.now()"))
	}
	b.ReportMetric(first, "first-paint-ms")
	b.ReportMetric(whole, "whole-ms")
}

// pace is ten times a second.
type pace struct{ ticker *time.Ticker }

func newPace() *pace  { return &pace{time.NewTicker(100 * time.Millisecond)} }
func (p *pace) wait() { <-p.ticker.C }
func (p *pace) stop() { p.ticker.Stop() }
