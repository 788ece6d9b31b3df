package inject

import (
	"net/http"
	"slices"
	"strings"
)

// A need is what a page's content security policies (CSP) have to allow.
type need struct {
	nonce     string // of the tag; empty: none
	script    string // the script's address as a source, without a scheme; empty: it cannot be one
	sockets   []string
	integrity func() string

	hashed bool // the tag needs the script's hash
}

var noPolicy = &refusal{"csp", "they allow no script that devloop could name (Content-Security-Policy); a nonce, 'self' or a plain host name works"}

// allow changes the policies of an answer so that they allow the script, and what it connects to, and returns
// the attributes that the tag needs for them. If it cannot, it changes nothing.
func (in *Injector) allow(req *http.Request, h http.Header) (attributes string, no *refusal) {
	names := []string{"Content-Security-Policy", "Content-Security-Policy-Report-Only"}
	if h[names[0]] == nil && h[names[1]] == nil {
		return "", nil
	}
	n := in.needs(req)
	for _, name := range names {
		for policy := range policies(h[name]) {
			if n.nonce == "" {
				n.nonce = nonceOf(policy.scriptSources())
			}
		}
	}
	changed := map[string][]string{}
	for i, name := range names {
		for policy := range policies(h[name]) {
			enforced := i == 0
			if enforced && policy.isSandbox() {
				return "", &refusal{"sandbox", "they are in a sandbox without scripts of their own origin (Content-Security-Policy: sandbox)"}
			}
			if !n.allow(&policy) && enforced {
				return "", noPolicy
			}
			changed[name] = append(changed[name], policy.String())
		}
	}
	for name, values := range changed {
		h[name] = values
	}
	if n.nonce != "" {
		attributes = ` nonce="` + n.nonce + `"`
	}
	if n.hashed {
		attributes += ` integrity="` + in.opt.Integrity() + `"`
	}
	return attributes, nil
}

func (in *Injector) needs(req *http.Request) *need {
	n := &need{integrity: in.opt.Integrity}
	host, scheme := outermost(req.Header["X-Forwarded-Host"], req.Host), "ws"
	if outermost(req.Header["X-Forwarded-Proto"], "http") == "https" {
		scheme = "wss"
	}
	if isHost(host) {
		n.script = host + in.opt.Script
		n.sockets = []string{scheme + "://" + host + in.opt.Socket, host + in.opt.Socket}
	}
	return n
}

// outermost is what the first of several proxies has said.
func outermost(values []string, or string) string {
	if len(values) == 0 {
		return or
	}
	first, _, _ := strings.Cut(values[0], ",")
	return strings.TrimSpace(first)
}

// isHost tells whether a policy can name a host: a name or an IPv4 address, and a port.
func isHost(host string) bool {
	for _, r := range host {
		if !isLetter(byte(r)) && (r < '0' || r > '9') && !strings.ContainsRune(".-_:", r) || r > 0x7f {
			return false
		}
	}
	return host != ""
}

// allow adds to one policy what the script needs.
func (n *need) allow(p *policy) bool {
	if at, sources := p.find("script-src-elem", "script-src", "default-src"); at >= 0 {
		source := n.missing(sources)
		if source == "" && !n.covered(sources) {
			return false
		}
		if source != "" {
			p.add(at, "script-src", sources, source)
		}
	}
	if at, sources := p.find("connect-src", "default-src"); at >= 0 && !contains(sources, "*") {
		if n.sockets == nil {
			return contains(sources, "'self'")
		}
		p.add(at, "connect-src", sources, n.sockets...)
	}
	return true
}

// covered tells whether the sources of scripts allow the tag.
func (n *need) covered(sources []string) bool {
	if n.nonce != "" && slices.ContainsFunc(sources, func(source string) bool { return nonceIn(source) == n.nonce }) {
		return true
	}
	return !contains(sources, "'strict-dynamic'") && (contains(sources, "'self'") || contains(sources, "*"))
}

// missing is the source that lets the tag run; empty: none is missing, or none would help.
func (n *need) missing(sources []string) string {
	strict := contains(sources, "'strict-dynamic'")
	switch {
	case n.covered(sources):
		return ""
	case !strict && n.script != "":
		return n.script
	case n.integrity == nil, !strict && contains(sources, "'unsafe-inline'"): // which a hash would turn off
		return ""
	}
	n.hashed = true
	return "'" + n.integrity() + "'"
}

// nonceOf is a nonce that can be written into the tag; empty: there is none.
func nonceOf(sources []string) string {
	for _, source := range sources {
		if nonce := nonceIn(source); nonce != "" {
			return nonce
		}
	}
	return ""
}

func nonceIn(source string) string {
	const begin = "'nonce-"
	if len(source) < len(begin) || !strings.EqualFold(source[:len(begin)], begin) {
		return ""
	}
	nonce := strings.TrimSuffix(source[len(begin):], "'")
	if strings.Trim(nonce, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_=") != "" {
		return "" // not by the book, and not safe in a tag
	}
	return nonce
}
