package proxy

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// News is what is going on, for a page.
type News struct {
	Project string // its name
	Node    string // the watcher or process that the server waits for, or that failed
	State   string // of the node, in a word or two: "building", "failed", "starting"
	Detail  string // a sentence, or empty
	Failed  bool   // it needs a person
	Output  []byte // the last output of what failed, as it was written; shown as text
}

// outputLimit is how much of News.Output a page shows, in bytes: its end.
const outputLimit = 64 << 10

// A page is devloop's own answer.
type page struct {
	News
	Name   string // of the socket
	Status int    // HTTP
	Kind   string // the value of pageHeader
	Err    string // the proxy's error, or empty
}

var (
	//go:embed page.html
	pageHTML string
	//go:embed page.css
	pageCSS string
	//go:embed page.js
	pageJS string
)

// pageTemplate is read when the first page is wanted, which may be never.
var pageTemplate = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("page").Parse(strings.NewReplacer("/*css*/", pageCSS, "/*js*/", pageJS).Replace(pageHTML)))
})

// pagePolicy lets no script run that a server's output might contain.
func pagePolicy() string {
	return fmt.Sprintf("default-src 'none'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; style-src '%s'; script-src '%s'", integrity(pageCSS), integrity(pageJS))
}

func integrity(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// wantsPage recognises a browser that opens a page, as opposed to scripts, API clients, forms and images.
func wantsPage(method string, h http.Header) bool {
	if method != http.MethodGet || h.Get("Upgrade") != "" {
		return false
	}
	if h.Get(pageHeader) != "" {
		return true // the page asks for itself
	}
	if mode := h.Get("Sec-Fetch-Mode"); mode != "" && mode != "navigate" {
		return false
	}
	return acceptsHTML(h)
}

// acceptsHTML wants HTML named: "*/*" is what clients send that do not care.
func acceptsHTML(h http.Header) bool {
	for _, v := range h.Values("Accept") {
		for kind := range strings.SplitSeq(v, ",") {
			kind, params, _ := strings.Cut(kind, ";")
			switch strings.ToLower(strings.TrimSpace(kind)) {
			case "text/html", "application/xhtml+xml":
				return !zeroQuality(params)
			}
		}
	}
	return false
}

func zeroQuality(params string) bool {
	for param := range strings.SplitSeq(params, ";") {
		if q, ok := strings.CutPrefix(strings.TrimSpace(param), "q="); ok {
			f, err := strconv.ParseFloat(q, 64)
			return err == nil && f == 0
		}
	}
	return false
}

// answer writes the page to a browser that opens one, and text to others.
func (p *page) answer(w http.ResponseWriter, r *http.Request) {
	header, content := p.render(wantsPage(r.Method, r.Header))
	for k, v := range header {
		w.Header()[k] = v
	}
	w.WriteHeader(p.Status)
	_, _ = w.Write(content) // the client is gone, or it is HEAD
}

// render makes the answer; its header has a Content-Length.
func (p *page) render(html bool) (http.Header, []byte) {
	h := http.Header{
		"Cache-Control": {"no-store"},
		pageHeader:      {p.Kind},
	}
	if p.Status == http.StatusServiceUnavailable {
		h.Set("Retry-After", "1")
	}
	var b bytes.Buffer
	if html {
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Security-Policy", pagePolicy())
		h.Set("X-Content-Type-Options", "nosniff")
		if err := pageTemplate().Execute(&b, p); err != nil {
			b.Reset() // a template that fails on data is a mistake in it; the tests would know
			fmt.Fprintf(&b, "<!doctype html><title>devloop</title><p>%s", template.HTMLEscapeString(p.Headline()))
		}
	} else {
		h.Set("Content-Type", "text/plain; charset=utf-8")
		p.text(&b)
	}
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	return h, b.Bytes()
}

// text is the page for a terminal.
func (p *page) text(b *bytes.Buffer) {
	fmt.Fprintf(b, "devloop: %s\n", p.Headline())
	for _, line := range []string{p.Detail, p.Err} {
		if line != "" {
			fmt.Fprintf(b, "%s\n", line)
		}
	}
	if out := p.Text(); out != "" {
		fmt.Fprintf(b, "\n%s\n", out)
	}
}

// Headline is the page in one line.
func (p *page) Headline() string {
	switch {
	case p.Kind == "failed":
		return fmt.Sprintf("the server on socket %s did not answer", p.Name)
	case p.Node != "" && p.State != "":
		return p.Node + ": " + p.State
	case p.Node != "":
		return "waiting for " + p.Node
	default:
		return fmt.Sprintf("no server is ready on socket %s", p.Name)
	}
}

// Text is the output as text that a page can show.
func (p *page) Text() string { return plain(p.Output, outputLimit) }
