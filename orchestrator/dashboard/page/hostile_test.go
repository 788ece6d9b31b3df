package page_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"devloop/orchestrator/control"
	"devloop/orchestrator/test/browsertest"
)

// payloads would run a line if a text became markup, an attribute, an address or code.
var payloads = []string{
	`<script>hacked=1</script>`, `"><script>hacked=1</script>`, `'><script>hacked=1</script>`, `</script><script>hacked=1</script>`, `<ScRiPt>hacked=1</sCrIpT>`,
	`<scr<script>ipt>hacked=1</scr</script>ipt>`, `<script/src=data:,hacked=1>`, `<script src="data:text/javascript,hacked=1"></script>`, `<script type=module>hacked=1</script>`, `<svg><script>hacked=1</script></svg>`,
	`<img src=x onerror=hacked=1>`, `"><img src=x onerror=hacked=1>`, `'><img src=x onerror=hacked=1>`, `<img src=x onerror="hacked=1"//`, `<svg onload=hacked=1>`,
	`<svg/onload=hacked=1>`, `<body onload=hacked=1>`, `<iframe src=javascript:parent.hacked=1>`, `<iframe srcdoc="<script>parent.hacked=1</script>">`, `<object data=javascript:hacked=1>`,
	`<embed src=javascript:hacked=1>`, `<video><source onerror=hacked=1></video>`, `<audio src onerror=hacked=1>`, `<details open ontoggle=hacked=1>`, `<input autofocus onfocus=hacked=1>`,
	`<select autofocus onfocus=hacked=1>`, `<textarea autofocus onfocus=hacked=1>`, `<marquee onstart=hacked=1>`, `<a href=javascript:hacked=1>x</a>`, `javascript:hacked=1`,
	`JaVaScRiPt:hacked=1`, "java\tscript:hacked=1", `data:text/html,<script>hacked=1</script>`, `vbscript:hacked=1`, `<form action=javascript:hacked=1><button>x</button></form>`,
	`<button formaction=javascript:hacked=1>x</button>`, `<math><a xlink:href=javascript:hacked=1>x</a></math>`, `<base href=javascript:hacked=1//>`, `<meta http-equiv=refresh content="0;url=javascript:hacked=1">`, `<link rel=stylesheet href=data:text/css,*{color:red}>`,
	`<style>*{background:url(javascript:hacked=1)}</style>`, `" onmouseover="hacked=1`, `' onfocus='hacked=1' autofocus='`, `${hacked=1}`, `{{constructor.constructor("hacked=1")()}}`,
	`"+(hacked=1)+"`, `';hacked=1;//`, "\x1b]8;;javascript:hacked=1\x1b\\x\x1b]8;;\x1b\\", "\x1b]0;<script>hacked=1</script>\a", "\u202e<img src=x onerror=hacked=1>", "<!--><script>hacked=1</script>-->", `<![CDATA[<script>hacked=1</script>]]>`,
	"constructor", "__proto__", "hasOwnProperty", `[object Object]`, `__html`, `dangerouslySetInnerHTML`,
}

// TestHostile: whatever stands in names, paths, messages and outputs is shown, and not one line of it runs.
func TestHostile(t *testing.T) {
	t.Parallel()
	long(t)
	if len(payloads) < 50 {
		t.Fatal("too few payloads")
	}
	w := shop()
	w.breaks()
	all := strings.Join(payloads, " ")
	w.status.Config = "/home/<script>hacked=1</script>/" + payloads[11] + "/devloop.yaml"
	w.status.Live.Why = all
	w.status.Nodes, w.edges, w.broke = w.status.Nodes[:0], nil, map[string][]control.Broke{}
	w.cycles, w.printed = w.cycles[len(w.cycles)-1:], nil
	for i, text := range payloads {
		w.status.Nodes = append(w.status.Nodes, control.Node{Name: text, Kind: text, State: text, Failed: true, Reason: text, Number: 1, Since: ago(0), End: &control.End{Because: text},
			Plan: []control.PlannedStage{{Name: text, State: "failed", Run: 1}}, Problem: &control.Diagnostic{File: text, Line: 1, Message: text}})
		w.status.Sockets = append(w.status.Sockets, control.Socket{Name: text, Address: text, Nodes: []string{text}, Waiting: number(1), Requests: []control.Request{{Method: text, Path: text, Since: *ago(0), Node: text}}})
		w.broke[text] = []control.Broke{{Node: text, Stage: text, Cycle: 49, Boot: text, Paths: []string{text}, Since: now()}}
		c := w.cycles[0]
		c.ID, c.Paths, c.Cause, c.Failed, c.Result = 50+i, []string{text}, text, text, text
		c.Runs = []control.CycleRun{{Node: text, Number: 1, Start: c.First, End: c.End, Result: text, Stages: []control.CycleStage{{Stage: text, Start: c.First, End: c.End, Result: text}}}}
		c.Processes = []control.CycleProcess{{Node: text, Number: 1, Start: c.First, Ready: c.End, Result: text}}
		w.cycles = append(w.cycles, c)
		for _, file := range []string{text, "/" + text} {
			w.diagnostics.Diagnostics = append(w.diagnostics.Diagnostics, control.Diagnostic{Node: text, Stage: text, File: file, Line: 1, Severity: text, Message: text, Source: text})
		}
		w.printed = append(w.printed, control.Line{Node: text, Stage: text, Text: text, Time: now()})
	}
	w.status.Live.Nodes = payloads
	w.status.Mistakes = &control.Mistakes{List: payloads, Mistakes: []control.Mistake{{File: payloads[29], Line: 1, Text: all, Hint: all}}}
	p := see(t, chromium(t), w)
	p.Do(t, chromedp.Evaluate[chromedp.Void](`window.refused = []; addEventListener("securitypolicyviolation", e => refused.push(e.violatedDirective + " " + e.blockedURI)); undefined`))
	p.Shows(t, "<svg/onload=hacked=1>")
	p.Becomes(t, "document.querySelector('.row')")

	// Links into an editor, all of the page's buttons that only show something, and a search.
	p.Do(t, chromedp.Evaluate[chromedp.Void](`localStorage.setItem("editor", "vscode"); undefined`))
	w.change("live", func() {})
	p.Becomes(t, "document.querySelector('a.place')")
	p.Do(t, chromedp.Evaluate[chromedp.Void](`for (const e of document.querySelectorAll(".node, .name, .save, .problems button")) e.click(); undefined`))
	p.Do(t, chromedp.Evaluate[chromedp.Void](`(() => { const f = document.getElementById("find"); f.value = "<svg"; f.dispatchEvent(new Event("input")); })()`))
	p.Becomes(t, "document.getElementById('find').value === '<svg'")
	w.change("live", func() {})
	p.Becomes(t, "document.querySelector('.head')")

	if p.Is(t, "'hacked' in window") {
		t.Error("a line ran")
	}
	if found := browsertest.Value[string](t, p, `[...document.querySelectorAll("body script, iframe, object, embed, img, video, audio, form, base, meta[http-equiv], marquee, style, body link, math")].map(e => e.outerHTML).join(" ")`); found != "" {
		t.Errorf("a text became an element: %s", found)
	}
	if found := browsertest.Value[string](t, p, `[...document.querySelectorAll("*")].filter(e => [...e.attributes].some(a => a.name.startsWith("on"))).map(e => e.outerHTML).join(" ")`); found != "" {
		t.Errorf("a text became a handler: %s", found)
	}
	if found := browsertest.Value[string](t, p, `[...document.querySelectorAll("a")].map(e => e.protocol).filter(p => !["http:", "vscode:"].includes(p)).join(" ")`); found != "" {
		t.Errorf("a text became an address: %s", found)
	}
	if refused := browsertest.Value[string](t, p, `refused.join(" ")`); refused != "" {
		t.Errorf("the policy had to refuse something: %s", refused)
	}
}

// TestNoToken: what logs in is in no title, address or reference of the page.
func TestNoToken(t *testing.T) {
	t.Parallel()
	long(t)
	w := shop()
	p := see(t, chromium(t), w)
	_, token, _ := strings.Cut(w.URL, "?t=")
	for _, where := range []string{"location.href", "document.title", "document.referrer", "document.documentElement.outerHTML", "document.cookie", "JSON.stringify(history.state)", "performance.getEntriesByType('resource').map(e => e.name).join(' ')"} {
		if value := browsertest.Value[string](t, p, "String("+where+")"); strings.Contains(value, token) {
			t.Errorf("%s has the token", where)
		}
	}
}
