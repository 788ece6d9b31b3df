package page_test

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"devloop/orchestrator/control"
	"devloop/orchestrator/test/browsertest"
)

func quote(text string) string {
	quoted, _ := json.Marshal(text) // a string always can be
	return string(quoted)
}

func itoa(n int) string { return strconv.Itoa(n) }

// TestKeyboard: with the keys alone everything can be reached and done.
func TestKeyboard(t *testing.T) {
	t.Parallel()
	b := chromium(t)
	w := shop()
	w.breaks()
	p := see(t, b, w)
	p.As(t, wide)
	press := func(keys string) { t.Helper(); p.Do(t, chromedp.KeyEvent(keys)) }
	asks := func(want string) {
		t.Helper()
		w.await(t, want, func() bool {
			return len(w.asked) > 0 && w.asked[len(w.asked)-1] == want
		})
	}

	press("a")
	asks("trigger codegen check-backend assets")
	press("f")
	asks("trigger check-backend")
	press("5")
	p.Becomes(t, "document.getElementById('node').value === 'backend'")
	press("r")
	asks("restart backend")
	press("s")
	asks("stop backend")
	press("2")
	press("r")
	asks("trigger check-backend")
	p.Shows(t, "undefined name")

	// A real key is not typed once its press has been taken; those of chromedp are.
	p.Do(t, chromedp.Evaluate[chromedp.Void](`dispatchEvent(new KeyboardEvent("keydown", {key: "/"})); undefined`))
	p.Becomes(t, "document.activeElement.id === 'find'")
	press("failed")
	p.Becomes(t, "document.querySelectorAll('.lines mark').length === 2 && document.querySelectorAll('.row').length === 2")
	press(kb.Escape)
	p.Becomes(t, "document.querySelectorAll('.lines mark').length === 0 && document.activeElement.id === 'lines'")
	press("0")
	p.Becomes(t, "document.getElementById('node').value === ''")

	press("n")
	p.Becomes(t, "document.activeElement.textContent.includes('backend/api.py:12:5') && document.activeElement.closest('.problems')")
	press("n")
	p.Becomes(t, "document.activeElement.textContent.includes('test_api.py:41')")
	press("N")
	p.Becomes(t, "document.activeElement.textContent.includes('backend/api.py:12:5')")

	press("?")
	p.Becomes(t, "document.querySelector('dialog').open")
	p.Accessible(t, "the keys")
	before := len(w.Status().Nodes)
	press(kb.Escape)
	p.Becomes(t, "!document.querySelector('dialog').open")
	if before != 7 {
		t.Fatal("the world has changed")
	}

	// Tab comes to everything that can be used, in the order in which it stands in the document.
	want := browsertest.Value[string](t, p, `(window.stops = [...document.querySelectorAll("a[href], button, select, input, [tabindex='0']")].filter(e => e.tabIndex >= 0 && e.getClientRects().length && !e.closest("dialog")), document.activeElement.blur(), scrollTo(0, 0), String(stops.length))`)
	n, err := strconv.Atoi(want)
	if err != nil || n < 30 {
		t.Fatalf("%s things can be used", want)
	}
	p.Do(t, chromedp.Evaluate[chromedp.Void](`window.been = []; document.addEventListener("focusin", e => been.push(stops.indexOf(e.target))); undefined`))
	for range n + 4 { // after the last one comes the browser itself
		press(kb.Tab)
	}
	if n := browsertest.Value[int](t, p, "new Set(been).size"); itoa(n) != want {
		t.Errorf("Tab comes to %d of %s: %s", n, want, browsertest.Value[string](t, p, "stops.filter((e, i) => !been.includes(i)).map(e => e.outerHTML.slice(0, 120)).join(\"\\n\") + been"))
	}
	// Back from the browser, Chromium may report the first one twice.
	if order := browsertest.Value[bool](t, p, "been.every((at, i) => i === 0 || at === (been[i - 1] + 1) % stops.length || at === 0 && been[i - 1] === 0)"); !order {
		t.Error("Tab jumps:", browsertest.Value[string](t, p, "been.join(' ')"))
	}

	// Arrows go through the saves.
	p.Do(t, chromedp.Evaluate[chromedp.Void](`document.querySelector(".save[tabindex='0']").focus()`))
	press(kb.ArrowLeft)
	p.Shows(t, "Save 48 ")
	p.Do(t, chromedp.Evaluate[chromedp.Void](`document.querySelectorAll(".save")[40].dispatchEvent(new MouseEvent("click", {bubbles: true, shiftKey: true}))`))
	p.Becomes(t, "document.querySelector('.comparison tbody').rows.length > 3")
	p.Accessible(t, "two saves compared")

	// What is refused is said.
	w.mu.Lock()
	w.refuse = "the loop knows no such node"
	w.mu.Unlock()
	press("a")
	p.Becomes(t, "document.querySelector('[role=alert]').textContent.includes('the loop knows no such node')")

	// Places lead to the editor in whose terminal the loop runs, until another is chosen.
	p.Becomes(t, "document.querySelector('button.place')")
	w.change("live", func() { w.status.Editor = "zed" })
	p.Becomes(t, "document.querySelector('.problems a.place').href.startsWith('zed://file/')")
	w.change("live", func() { w.status.Editor = "javascript" })
	p.Becomes(t, "document.querySelector('.problems button.place')")

	// Whoever dictates to the browser can turn the keys off.
	press("?")
	p.Becomes(t, "document.querySelector('dialog').open")
	p.Do(t, chromedp.Evaluate[chromedp.Void]("document.querySelector('dialog input').click()"))
	press(kb.Escape)
	p.Becomes(t, "!document.querySelector('dialog').open")
	w.mu.Lock()
	asked := len(w.asked)
	w.mu.Unlock()
	press("a")
	press("?")
	p.Becomes(t, "document.querySelector('dialog').open")
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.asked) != asked {
		t.Error("the keys are off, and one acted")
	}
}

// TestSpoken: the live region says verdicts, and nothing else.
func TestSpoken(t *testing.T) {
	t.Parallel()
	long(t)
	w := shop()
	p := see(t, chromium(t), w)
	if n := browsertest.Value[int](t, p, "document.querySelectorAll('[aria-live]:not([aria-live=off]), [role=status], [role=log], [role=alert]').length"); n != 1 {
		t.Errorf("%d live regions, want one", n)
	}
	p.Do(t, chromedp.Evaluate[chromedp.Void](`window.said = []; new MutationObserver(() => said.push(document.querySelector("[role=status]").textContent)).observe(document.querySelector("[role=status]"), {characterData: true, childList: true, subtree: true}); undefined`))
	w.print(control.Line{Node: "backend", Text: "GET /", Time: now()})
	p.Becomes(t, "document.querySelector('.lines').textContent.includes('GET /')")
	w.change("live", w.builds)
	p.Shows(t, "save 49 is on its way")
	w.change("live", func() {
		w.status.Nodes, w.status.Live = shop().status.Nodes, control.Live{State: "live", Cycle: 49, Newest: 49, Answers: 49}
	})
	p.Becomes(t, "document.querySelector('.verdict').textContent.includes('live')")
	p.Becomes(t, "said.length === 2")
	if said := browsertest.Value[string](t, p, "said.join('|')"); !strings.HasPrefix(said, "save 49 is on its way") || !strings.Contains(said, "|live") {
		t.Errorf("said: %s", said)
	}
}
