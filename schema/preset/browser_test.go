package preset

import (
	"context"
	"net/url"
	"os"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"devloop/orchestrator/test/looptest"
	"devloop/orchestrator/test/testenv"
)

// pages are projects whose development server reloads what a browser shows, or only the part that has changed. Two are
// tried in the long run, and all of them with DEVLOOP_BROWSER=all, which takes minutes and half a gigabyte of packages.
var pages = []struct {
	project
	process string // that runs the server
	alive   string // a condition of JavaScript: the page's own code runs
	byHand  bool
}{
	{project: project{preset: "vite", dir: "testdata/hot-vite", edit: "text.js"}, process: "vite", alive: "true"},
	{project: project{preset: "next", dir: "testdata/next", edit: "app/page.js"}, process: "server", alive: hasReact},
	{project: project{preset: "nuxt", dir: "testdata/nuxt", edit: "app/app.vue"}, process: "server", alive: "'__vue_app__' in document.querySelector('#__nuxt')", byHand: true},
	{project: project{preset: "astro", dir: "testdata/hot-astro", edit: "src/text.js"}, process: "server", alive: "true", byHand: true},
	{project: project{preset: "vite", dir: "testdata/sveltekit", edit: "src/routes/+page.svelte"}, process: "vite", alive: "'__svelte_meta' in document.querySelector('h1')", byHand: true},
	{project: project{preset: "remix", dir: "testdata/react-router", edit: "app/routes/home.tsx"}, process: "server", alive: hasReact, byHand: true},
}

const hasReact = "Object.keys(document.querySelector('h1')).some(key => key.startsWith('__react'))"

// TestHotReloadInABrowser opens the page at devloop's address. The page's own connection leads to that address, too; an
// edit shows in the page as it stands; and after a restart of the server, whose private port is another one then, the page
// that is still open shows the next edit.
func TestHotReloadInABrowser(t *testing.T) {
	all := os.Getenv("DEVLOOP_BROWSER") == "all"
	if !testenv.Long() && !all {
		t.Skip("the long run opens a browser: DEVLOOP_TEST=long")
	}
	for _, p := range pages {
		if p.byHand && !all {
			continue
		}
		t.Run(p.dir[len("testdata/"):], func(t *testing.T) { // one after the other: each is a browser and a bundler
			testenv.Program(t, "npm")
			testenv.Program(t, "chromium")
			p.old, p.new = hello, goodbye
			port := testenv.FreePort()
			dir := p.copied(t, port)
			looptest.Fetch(t, dir, npmInstall...)
			l := looptest.Start(t, dir, port)
			l.Asks(t, func(_ string, err error) bool { return err == nil })

			b := openPage(t, l.URL)
			b.shows(t, hello)
			b.connects(t)
			b.becomes(t, p.alive)
			b.evaluates(t, `window.asItStood = true`)
			p.change(t, dir)
			b.shows(t, goodbye)
			if !b.evaluates(t, `window.asItStood === true`) {
				t.Error("the edit shows, but the page was loaded again")
			}

			b.forget()
			l.Verb(t, "restart", p.process)
			b.connects(t)
			b.becomes(t, p.alive)
			p.old, p.new = goodbye, "Hello, All!"
			p.change(t, dir)
			b.shows(t, p.new)
			l.Ends(t)
		})
	}
}

// A browserPage is a tab of a browser without a window.
type browserPage struct {
	ctx    context.Context
	host   string
	joined chan string // the addresses of its WebSockets, when they are open
}

// openPage opens an address in Chromium.
func openPage(t *testing.T, address string) *browserPage {
	t.Helper()
	chromium := testenv.Program(t, "chromium")
	parsed, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(chromium), chromedp.UserDataDir(t.TempDir()), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
	)...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx, chromedp.WithErrorf(t.Logf))
	t.Cleanup(cancel)
	b := &browserPage{ctx: ctx, host: parsed.Host, joined: make(chan string, 100)}
	begun := map[network.RequestID]string{}
	listening := chromedp.Listen(ctx, func(event any) { // on one goroutine, which must not wait
		switch event := event.(type) {
		case *network.EventWebSocketCreated:
			begun[event.RequestID] = event.URL
		case *network.EventWebSocketHandshakeResponseReceived:
			if event.Response.Status == 101 {
				select {
				case b.joined <- begun[event.RequestID]:
				default:
				}
			}
		}
	})
	if err == nil {
		err = listening
	}
	if err == nil {
		_, err = chromedp.Call(ctx, network.Enable, network.EnableParams{})
	}
	if err == nil {
		err = chromedp.Do(ctx, chromedp.Navigate(address))
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// evaluates is what a condition of JavaScript is in the page now.
func (b *browserPage) evaluates(t *testing.T, condition string) bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, looptest.Patience)
	defer cancel()
	is, err := chromedp.Run(ctx, chromedp.Evaluate[bool](condition))
	if err != nil {
		t.Fatal(err)
	}
	return is
}

// shows waits until the page has a text.
func (b *browserPage) shows(t *testing.T, text string) {
	t.Helper()
	b.becomes(t, "document.body.innerText.includes('"+text+"')")
}

// becomes waits for a condition of JavaScript, however often the page is loaded again meanwhile.
func (b *browserPage) becomes(t *testing.T, condition string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, looptest.Patience)
	defer cancel()
	safe := "(() => { try { return " + condition + " } catch { return false } })()" // while there is no such element
	for {
		is, err := chromedp.Run(ctx, chromedp.Poll[bool](safe, chromedp.WithPollingInterval(20*time.Millisecond), chromedp.WithPollingTimeout(5*time.Second)))
		if err == nil && is {
			return
		}
		if ctx.Err() != nil {
			now, cancel := context.WithTimeout(b.ctx, 5*time.Second)
			defer cancel()
			body, _ := chromedp.Run(now, chromedp.Evaluate[string]("document.body.innerText")) // only for the message
			t.Fatalf("the page never got to %s: it shows %s", condition, body)
		}
	}
}

// connects waits for the page's own connection, which must lead to devloop's address.
func (b *browserPage) connects(t *testing.T) {
	t.Helper()
	timeout := time.NewTimer(looptest.Patience)
	defer timeout.Stop()
	select {
	case address := <-b.joined:
		if parsed, err := url.Parse(address); err != nil || parsed.Host != b.host {
			t.Errorf("the page is connected to %s, and not to %s", address, b.host)
		}
	case <-timeout.C:
		t.Fatal("the page opened no WebSocket")
	}
}

// forget drops the connections that were opened so far.
func (b *browserPage) forget() {
	for {
		select {
		case <-b.joined:
		default:
			return
		}
	}
}
