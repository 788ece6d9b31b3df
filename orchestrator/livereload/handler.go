package livereload

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/coder/websocket"
)

// Prefix is where the paths of devloop's own begin on a socket: Prefix+"live.js" is the script of a page, Prefix+"live"
// what it is told, by WebSocket or once as JSON.
const Prefix = "/_devloop/"

// ServeHTTP answers the paths below Prefix on the socket's own address, to pages of that address alone.
func (h *Hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.serve(w, r, func(string) bool { return false })
}

// For answers as ServeHTTP, at an address that is not the socket's own, to pages of the origins that may read it.
func (h *Hub) For(origins func(origin string) bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.serve(w, r, origins) })
}

func (h *Hub) serve(w http.ResponseWriter, r *http.Request, others func(origin string) bool) {
	header := w.Header()
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Cache-Control", "no-store")
	origin := r.Header.Get("Origin")
	other := origin != "" && !strings.EqualFold(hostOf(origin), r.Host)
	if !Serves(r.Host) || other && !others(origin) {
		http.Error(w, "this is for pages of this server", http.StatusForbidden)
		return
	}
	if other {
		header.Set("Access-Control-Allow-Origin", origin)
		header.Set("Vary", "Origin")
	}
	switch strings.TrimPrefix(r.URL.Path, Prefix) {
	case "live.js": // the same for everybody, so there is nothing to learn from it
		if !reads(w, r) {
			return
		}
		header.Set("Cross-Origin-Resource-Policy", "cross-origin")
		header.Set("Content-Type", "text/javascript; charset=utf-8")
		_, _ = w.Write(script()) // a client that has gone needs no answer
	case "live":
		if site := r.Header.Get("Sec-Fetch-Site"); origin == "" && site != "" && site != "same-origin" && site != "none" {
			http.Error(w, "this is for pages of this server", http.StatusForbidden)
			return
		}
		if !h.enter() {
			http.Error(w, "devloop ends", http.StatusServiceUnavailable)
			return
		}
		defer h.pages.Done()
		if strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
			h.stream(w, r)
		} else if reads(w, r) {
			h.once(w)
		}
	default:
		http.NotFound(w, r)
	}
}

// reads reports whether a request only reads, and refuses it otherwise.
func reads(w http.ResponseWriter, r *http.Request) bool {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return true
	}
	w.Header().Set("Allow", "GET, HEAD")
	http.Error(w, "only GET", http.StatusMethodNotAllowed)
	return false
}

// once answers a page that asks again and again.
func (h *Hub) once(w http.ResponseWriter) {
	text, _ := h.newest()
	if text == nil {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(text) // a client that has gone needs no answer
}

// stream gives a page each state, until one of both ends it.
func (h *Hub) stream(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true}) // serve has looked at the origin
	if err != nil {
		return // Accept has answered
	}
	defer func() { _ = conn.CloseNow() }() // that it is closed already is no news
	ended, end := context.WithCancel(h.gone)
	defer end()
	defer context.AfterFunc(r.Context(), end)() // with the proxy that serves the page
	ctx := conn.CloseRead(ended)                // pages send nothing
	for last := false; ; {
		text, newer := h.newest()
		if text != nil && conn.Write(ctx, websocket.MessageText, text) != nil || last {
			return
		}
		select {
		case <-newer:
		case <-ctx.Done():
			return
		case <-h.closing.Done():
			select {
			case <-newer:
				last = true
			default:
				return
			}
		}
	}
}

// Serves reports whether a request's host is one that no name server of others can point here.
func Serves(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	_, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil
}

// hostOf is the host and port of an origin, or empty.
func hostOf(origin string) string {
	u, err := url.Parse(origin)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" {
		return ""
	}
	return u.Host
}
