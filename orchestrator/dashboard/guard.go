package dashboard

import (
	"crypto/subtle"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"devloop/orchestrator/control"
)

// audience is who may use a path.
type audience int

const (
	owners audience = iota // who has logged in, from the dashboard's own page
	linked                 // the same, and by a link of a page on the same host; others are told how to log in
	anyone                 // who is not sent by another page
	apps                   // pages of the project's own sockets: what answers them decides which
)

// policy is what the page may load: nothing but its own files, and no script that stands in it.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

// guard decides whom the dashboard answers.
type guard struct {
	key    key
	cookie string // its name
	host   string // by which browsers may call the dashboard, beside the loopback names; may be empty
}

// only passes a request on if it is from the audience, and answers it otherwise.
func (g *guard) only(who audience, to http.Handler, w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	if who != apps {
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Frame-Options", "DENY")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
	}
	switch why := g.refuses(who, r); {
	case why != "":
		control.Refuse(w, http.StatusForbidden, why, "")
	case who == owners && !g.loggedIn(r):
		control.Refuse(w, http.StatusUnauthorized, "log in first", "`devloop open` opens the dashboard")
	case who == linked && (!g.loggedIn(r) || r.Header.Get("Sec-Fetch-Site") == "cross-site"):
		askToLogIn(w)
	default:
		to.ServeHTTP(w, r)
	}
}

// refuses says why a request is not from the dashboard's own page, or whoever else may send it; "" if it is.
func (g *guard) refuses(who audience, r *http.Request) string {
	if !g.ownHost(r.Host) {
		return "the dashboard does not answer under this name"
	}
	if who == apps {
		return ""
	}
	origin, site := r.Header.Values("Origin"), r.Header.Values("Sec-Fetch-Site")
	if len(origin) > 1 || len(site) > 1 || len(origin) == 1 && origin[0] != "http://"+r.Host {
		return "the request comes from another page"
	}
	acts := r.Method != http.MethodGet && r.Method != http.MethodHead
	switch from := strings.Join(site, ""); {
	case from == "" || from == "same-origin":
	case acts:
		return "the request comes from another page"
	case from == "none": // typed, or from another program
	case who == linked && r.Header.Get("Sec-Fetch-Mode") == "navigate":
	default:
		return "the request comes from another page"
	}
	switch r.Header.Get("Sec-Fetch-Dest") {
	case "iframe", "frame", "embed", "object", "fencedframe":
		return "the dashboard is no part of another page"
	}
	if acts && r.Header.Get("Devloop") != "1" {
		return "the header `Devloop: 1` is missing"
	}
	return ""
}

// ownHost tells whether a Host header names this machine, or what the configuration names. Any other name may be made to
// lead here by whoever owns it.
func (g *guard) ownHost(hostport string) bool {
	u, err := url.Parse("http://" + hostport)
	if err != nil || u.Host != hostport || u.User != nil {
		return false
	}
	host := strings.ToLower(u.Hostname())
	if host == "" {
		return false
	}
	if host == "localhost" || strings.HasSuffix(host, ".localhost") || strings.EqualFold(host, g.host) {
		return true
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	if ip.Unmap().IsLoopback() {
		return true
	}
	bound, err := netip.ParseAddr(g.host)
	return err == nil && bound.IsUnspecified() // no name leads to a literal
}

// loggedIn tells whether a request has the cookie.
func (g *guard) loggedIn(r *http.Request) bool {
	want := g.key.derived("cookie")
	in := 0
	for _, c := range r.CookiesNamed(g.cookie) {
		in |= subtle.ConstantTimeCompare([]byte(c.Value), []byte(want))
	}
	return in == 1
}

// cookieAge is how long a browser stays logged in.
const cookieAge = 30 * 24 * time.Hour

func (g *guard) answerLogin(w http.ResponseWriter, r *http.Request) {
	if !g.key.opens(r.URL.Query().Get("t"), time.Now()) {
		askToLogIn(w)
		return
	}
	http.SetCookie(w, &http.Cookie{Name: g.cookie, Value: g.key.derived("cookie"), Path: "/", MaxAge: int(cookieAge.Seconds()), HttpOnly: true, SameSite: http.SameSiteStrictMode})
	w.Header().Set("Location", "/")
	w.WriteHeader(http.StatusSeeOther)
}

// askToLogIn says how to log in. The link helps who has followed one of another page: then the browser keeps the cookie back.
func askToLogIn(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(http.StatusUnauthorized)
	_, _ = w.Write([]byte(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>devloop</title>
<main>
<h1>Log in with <code>devloop open</code></h1>
<p>Run <code>devloop open</code> in the directory of the project: it opens this page, and logs you in.
<p>You have logged in before? <a href="/">Go to the dashboard</a>.
</main>
</html>
`)) // the client may have gone
}
