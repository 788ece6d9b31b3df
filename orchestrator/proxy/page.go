package proxy

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// News is what is going on, for a page. All of it but Project and Headline may be missing.
type News struct {
	Project  string        // its name
	Headline string        // in one line: "check › test failed", "server is starting"
	Detail   string        // a sentence more
	Failed   bool          // it needs a person
	Since    time.Time     // since when no server answers
	Usual    time.Duration // how long that usually takes, from Since on

	Place, Link      string // of the first problem: FILE:LINE:COLUMN, and what opens it in an editor
	Message, Excerpt string // of the same
	Problems         int    // how many there are

	Broke     string // which save did it: "broke with save 12 (backend/api.py)"
	Dashboard string // URL of the page that shows the loop
	Output    []byte // the last output of what failed, as it was written; shown as text
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
			fmt.Fprintf(&b, "<!doctype html><title>devloop</title><p>%s", template.HTMLEscapeString(p.First()))
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
	fmt.Fprintf(b, "devloop: %s\n", p.First())
	since := ""
	if !p.Since.IsZero() {
		since = "since " + p.Since.Format(time.TimeOnly)
	}
	for _, line := range append([]string{p.Second(), p.Err}, together(since, p.Takes(), p.Broke)) {
		if line != "" {
			fmt.Fprintf(b, "%s\n", line)
		}
	}
	if p.Message != "" {
		fmt.Fprintf(b, "\n%s\n", strings.TrimPrefix(p.Place+": "+p.Message, ": "))
	}
	for _, out := range []string{p.Around(), p.Text()} {
		if out != "" {
			fmt.Fprintf(b, "\n%s\n", out)
		}
	}
	if p.Dashboard != "" {
		fmt.Fprintf(b, "\ndashboard: %s\n", p.Dashboard)
	}
}

// together are those of the parts of a line that there are.
func together(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(part string) bool { return part == "" }), " · ")
}

// First is the page in one line.
func (p *page) First() string {
	switch {
	case p.Kind == "failed":
		return fmt.Sprintf("the server on socket %s did not answer", p.Name)
	case p.Headline != "":
		return p.Headline
	default:
		return fmt.Sprintf("no server is ready on socket %s", p.Name)
	}
}

// Second says more, if there is more to say.
func (p *page) Second() string {
	if p.Kind == "failed" {
		return together(p.Headline, p.Detail)
	}
	return p.Detail
}

// Takes says how long what goes on usually takes.
func (p *page) Takes() string {
	if p.Usual <= 0 {
		return ""
	}
	return "usually " + max(p.Usual.Round(time.Second), time.Second).String()
}

// Count says which of the problems the page shows.
func (p *page) Count() string {
	if p.Problems < 2 {
		return ""
	}
	return fmt.Sprintf("1 of %d problems", p.Problems)
}

// Millis is since when no server answers, in milliseconds since 1970; 0: it is not known.
func (p *page) Millis() int64 {
	if p.Since.IsZero() {
		return 0
	}
	return p.Since.UnixMilli()
}

// Clock is the same for people.
func (p *page) Clock() string { return p.Since.Format(time.TimeOnly) }

// Opens is Link, if an editor is what it leads to.
func (p *page) Opens() template.URL {
	scheme, _, _ := strings.Cut(p.Link, ":")
	if !slices.Contains([]string{"vscode", "cursor", "zed", "idea"}, scheme) {
		return ""
	}
	return template.URL(p.Link) //nolint:gosec // no script: the scheme is one of these
}

// Around is the output around the problem, as text.
func (p *page) Around() string { return plain([]byte(p.Excerpt), outputLimit) }

// Text is the output as text that a page can show, unless the excerpt is all of it.
func (p *page) Text() string {
	if text := plain(p.Output, outputLimit); text != p.Around() {
		return text
	}
	return ""
}
