package inject

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"devloop/orchestrator/livereload"
	"devloop/orchestrator/test/browsertest"
	"devloop/orchestrator/test/testenv"
)

// keepViolations keeps what a browser reports of a page's policies. That an icon
// is not allowed is the page's own affair.
const keepViolations = `window.violations = [];
window.addEventListener("securitypolicyviolation", (e) => e.effectiveDirective === "img-src" || violations.push(e.effectiveDirective + " " + e.blockedURI + " " + e.sourceFile + ":" + e.lineNumber));`

// TestBrowser: whatever policy a page has, its script runs and connects, and
// the browser reports nothing.
func TestBrowser(t *testing.T) {
	t.Parallel()
	const enforced, reported = "Content-Security-Policy", "Content-Security-Policy-Report-Only"
	pages := []struct {
		what, head string
		header     http.Header
	}{
		{what: "no policy"},
		{what: "nothing is allowed", header: http.Header{enforced: {"default-src 'none'"}}},
		{what: "itself", header: http.Header{enforced: {"default-src 'self'"}}},
		{what: "all", header: http.Header{enforced: {"default-src *"}}},
		{what: "others", header: http.Header{enforced: {"script-src https://cdn.example; connect-src https://api.example"}}},
		{what: "a nonce", header: http.Header{enforced: {"script-src 'nonce-abc' 'strict-dynamic'; connect-src 'none'"}}},
		{what: "two nonces", header: http.Header{enforced: {"script-src 'nonce-abc'", "script-src 'nonce-def'"}}},
		{what: "a hash", header: http.Header{enforced: {"script-src 'strict-dynamic' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"}}},
		{what: "two in a line", header: http.Header{enforced: {"default-src 'none', script-src 'nonce-abc'"}}},
		{what: "a report", header: http.Header{reported: {"default-src 'none'"}}},
		{what: "a report and a policy", header: http.Header{reported: {"script-src 'nonce-abc'"}, enforced: {"default-src 'self'"}}},
		{what: "a sandbox", header: http.Header{enforced: {"sandbox allow-scripts allow-same-origin; default-src 'none'"}}},
		{what: "trusted types", header: http.Header{enforced: {"require-trusted-types-for 'script'; trusted-types 'none'; default-src 'none'"}}},
		{what: "a policy in the page", head: `<meta http-equiv=Content-Security-Policy content="default-src 'self'">`},
		{what: "another base", head: `<base href="https://cdn.example/">`},
		{what: "packed", header: http.Header{"Content-Encoding": {"gzip"}}},
	}
	hub := livereload.NewHub()
	defer hub.Close()
	hub.Report(livereload.State{Boot: "b00t", Live: "reload", State: "live", Generation: 1, Content: 1})
	f, addr := front(t, hub)
	f.Serve(1, backend(t, func(w http.ResponseWriter, r *http.Request) {
		for i, page := range pages {
			if r.URL.Path != fmt.Sprintf("/%d", i) {
				continue
			}
			for name, values := range page.header {
				w.Header()[name] = values
			}
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			text := "<!doctype html><html><head>" + page.head + "<title>x</title></head><body><p>page " + r.URL.Path + "</body></html>"
			if page.header["Content-Encoding"] == nil {
				_, _ = io.WriteString(w, text)
				return
			}
			zip := gzip.NewWriter(w)
			_, _ = io.WriteString(zip, text)
			_ = zip.Close()
			return
		}
		http.NotFound(w, r)
	}))
	b := browsertest.Start(t)
	for i, c := range pages[:testenv.Either(2, len(pages))] {
		t.Run(c.what, func(t *testing.T) {
			p := b.Open(t, "about:blank")
			if _, err := chromedp.Call(p.Context(), cdppage.AddScriptToEvaluateOnNewDocument, cdppage.AddScriptToEvaluateOnNewDocumentParams{Source: keepViolations}); err != nil {
				t.Fatal(err)
			}
			p.Go(t, fmt.Sprintf("http://%s/%d", addr, i))
			p.Connects(t, "http://"+addr)
			if got := browsertest.Value[string](t, p, `document.querySelector("script").parentNode.nodeName`); got != "HEAD" {
				t.Errorf("the script is in %s", got)
			}
			if got := browsertest.Value[string](t, p, `violations.join("\n")`); got != "" {
				t.Error(got)
			}
		})
	}
}

// TestKeptPages: a page that the browser may keep is of the newest version all
// the same, whether it is open when that comes, or is opened later.
func TestKeptPages(t *testing.T) {
	t.Parallel()
	hub := livereload.NewHub()
	defer hub.Close()
	f, addr := front(t, hub)
	version := 0
	next := func() {
		version++
		text := fmt.Sprintf("generation %d", version)
		f.Serve(version, backend(t, func(w http.ResponseWriter, r *http.Request) {
			if kept := r.URL.Query().Get("kept"); kept != "" {
				w.Header().Set("Cache-Control", kept)
			}
			if r.URL.Query().Has("etag") {
				w.Header().Set("Etag", `"always the same"`)
			}
			// The page's length is always the same, too.
			http.ServeContent(w, r, "page.html", time.Unix(1_500_000_000, 0), strings.NewReader("<!doctype html><title>x</title><body>"+text))
		}))
		hub.Report(livereload.State{Boot: "b00t", Live: "reload", State: "live", Generation: version, Content: 1})
	}
	next()
	b := browsertest.Start(t)
	for _, query := range []string{"?kept=max-age=600", "?etag", "?etag&kept=max-age=600", "?kept=max-age=600,immutable", "?x"}[:testenv.Either(1, 5)] {
		t.Run(query, func(t *testing.T) {
			p := b.Open(t, "http://"+addr+"/"+query)
			p.Connects(t, "http://"+addr)
			next()
			p.Shows(t, fmt.Sprintf("generation %d", version))
			p.Go(t, "http://"+addr+"/other")
			next()
			p.Shows(t, fmt.Sprintf("generation %d", version))
			p.Go(t, "http://"+addr+"/"+query)
			p.Shows(t, fmt.Sprintf("generation %d", version))
		})
	}
}
