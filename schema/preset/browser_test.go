package preset

import (
	"os"
	"testing"

	"devloop/orchestrator/test/browsertest"
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

			b := browsertest.Open(t, l.URL)
			b.Shows(t, hello)
			b.Connects(t, l.URL)
			b.Becomes(t, p.alive)
			b.Is(t, `window.asItStood = true`)
			p.change(t, dir)
			b.Shows(t, goodbye)
			if !b.Is(t, `window.asItStood === true`) {
				t.Error("the edit shows, but the page was loaded again")
			}

			b.Forget()
			l.Verb(t, "restart", p.process)
			b.Connects(t, l.URL)
			b.Becomes(t, p.alive)
			p.old, p.new = goodbye, "Hello, All!"
			p.change(t, dir)
			b.Shows(t, p.new)
			l.Ends(t)
		})
	}
}
