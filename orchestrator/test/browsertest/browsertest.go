// Package browsertest drives Chromium, without a window, for the tests of several packages: pages, what they show, and
// what JavaScript makes of a condition.
package browsertest

import (
	"context"
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/systeminfo"
	"github.com/chromedp/chromedp"

	"devloop/orchestrator/test/testenv"
)

// Patience bounds every wait here. It measures nothing.
const Patience = 3 * time.Minute

// Browser is one Chromium, with as many tabs as a test opens.
type Browser struct{ ctx context.Context }

// Start starts Chromium, which ends with the test. The test is skipped where there is none.
func Start(t testing.TB, options ...chromedp.ExecAllocatorOption) *Browser {
	t.Helper()
	chromium := testenv.Program(t, "chromium")
	options = append(append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(chromium), chromedp.UserDataDir(t.TempDir()), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
	), options...)
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx, chromedp.WithErrorf(t.Logf))
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	return &Browser{ctx: ctx}
}

// Renderers are the pids of the processes that show its tabs.
func (b *Browser) Renderers(t testing.TB) []int {
	t.Helper()
	info, err := chromedp.CallBrowser(b.ctx, systeminfo.GetProcessInfo, cdp.Empty{})
	if err != nil {
		t.Fatal(err)
	}
	var all []int
	for _, process := range info.ProcessInfo {
		if process.Type == "renderer" {
			all = append(all, int(process.ID))
		}
	}
	return all
}

// Open starts Chromium and opens an address.
func Open(t testing.TB, address string) *Page {
	t.Helper()
	return Start(t).Open(t, address)
}

// Page is a tab of a browser. One goroutine uses it.
type Page struct {
	ctx    context.Context
	joined chan string // the addresses of its WebSockets, when they are open
}

// keepShadows keeps what a page hides: window.shadows are all its shadow roots, closed ones, too.
const keepShadows = `{
  const attach = Element.prototype.attachShadow;
  window.shadows = [];
  Element.prototype.attachShadow = function (init) {
    const root = attach.call(this, init);
    window.shadows.push(root);
    return root;
  };
}`

// Open opens an address in a new tab, which is closed with the test. The page's window.shadows are its shadow roots.
func (b *Browser) Open(t testing.TB, address string) *Page {
	t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx)
	t.Cleanup(cancel)
	p := &Page{ctx: ctx, joined: make(chan string, 100)}
	begun := map[network.RequestID]string{}
	err := chromedp.Listen(ctx, func(event any) { // on one goroutine, which must not wait
		switch event := event.(type) {
		case *network.EventWebSocketCreated:
			begun[event.RequestID] = event.URL
		case *network.EventWebSocketHandshakeResponseReceived:
			if event.Response.Status == 101 {
				select {
				case p.joined <- begun[event.RequestID]:
				default:
				}
			}
		}
	})
	if err == nil {
		_, err = chromedp.Call(ctx, network.Enable, network.EnableParams{})
	}
	if err == nil {
		_, err = chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: keepShadows})
	}
	if err == nil {
		err = chromedp.Do(ctx, chromedp.Navigate(address))
	}
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Context is the tab's, for actions of chromedp that have no method here.
func (p *Page) Context() context.Context { return p.ctx }

// Do does actions in the tab.
func (p *Page) Do(t testing.TB, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, Patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		t.Fatal(err)
	}
}

// Go opens another address in the tab.
func (p *Page) Go(t testing.TB, address string) {
	t.Helper()
	p.Do(t, chromedp.Navigate(address))
}

// Type types text where the focus is, or presses a key of chromedp's kb.
func (p *Page) Type(t testing.TB, text string) {
	t.Helper()
	p.Do(t, chromedp.KeyEvent(text))
}

// Value is what an expression of JavaScript is in the page now, or what its promise becomes.
func Value[T any](t testing.TB, p *Page, expression string) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, Patience)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return value
}

// Is reports whether a condition of JavaScript holds in the page now.
func (p *Page) Is(t testing.TB, condition string) bool {
	t.Helper()
	return Value[bool](t, p, condition)
}

// Shows waits until the page has a text.
func (p *Page) Shows(t testing.TB, text string) {
	t.Helper()
	p.Becomes(t, "document.body.innerText.includes('"+text+"')")
}

// Becomes waits for a condition of JavaScript, however often the page is loaded again meanwhile. It asks from outside: a page
// whose policy makes no code of text could not ask itself.
func (p *Page) Becomes(t testing.TB, condition string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, Patience)
	defer cancel()
	pause := time.NewTicker(20 * time.Millisecond)
	defer pause.Stop()
	safe := "(() => { try { return !!(" + condition + ") } catch { return false } })()" // while there is no such element
	for {
		is, err := chromedp.Run(ctx, chromedp.Evaluate[bool](safe))
		if err == nil && is {
			return
		}
		select {
		case <-pause.C:
		case <-ctx.Done():
			now, cancel := context.WithTimeout(p.ctx, 5*time.Second)
			defer cancel()
			body, _ := chromedp.Run(now, chromedp.Evaluate[string]("document.body.innerText")) // only for the message
			t.Fatalf("the page never got to %s: it shows %s", condition, body)
		}
	}
}

// Hide minimizes the window, which has no other tab, or brings it back: the page is hidden as it is for people.
func (p *Page) Hide(t testing.TB, hidden bool) {
	t.Helper()
	state := browser.WindowStateNormal
	if hidden {
		state = browser.WindowStateMinimized
	}
	window, err := chromedp.Call(p.ctx, browser.GetWindowForTarget, browser.GetWindowForTargetParams{})
	if err == nil {
		_, err = chromedp.Call(p.ctx, browser.SetWindowBounds, browser.SetWindowBoundsParams{WindowID: window.WindowID, Bounds: &browser.Bounds{WindowState: state}})
	}
	if err != nil {
		t.Fatal(err)
	}
	p.Becomes(t, fmt.Sprintf("document.hidden === %t", hidden))
}

// Connects waits for the page's own connection, which must lead to the host of an address.
func (p *Page) Connects(t testing.TB, address string) {
	t.Helper()
	want, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	timeout := time.NewTimer(Patience)
	defer timeout.Stop()
	select {
	case joined := <-p.joined:
		if parsed, err := url.Parse(joined); err != nil || parsed.Host != want.Host {
			t.Errorf("the page is connected to %s, and not to %s", joined, want.Host)
		}
	case <-timeout.C:
		t.Fatal("the page opened no WebSocket")
	}
}

// Forget drops the connections that were opened so far.
func (p *Page) Forget() {
	for {
		select {
		case <-p.joined:
		default:
			return
		}
	}
}
