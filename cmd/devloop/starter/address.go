package starter

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"devloop/schema/lazyregexp"
)

// listening is how the sources of a server listen, and where.
type listening struct {
	takes  *lazyregexp.Regexp // it takes a socket that is there already
	reads  *lazyregexp.Regexp // it reads $PORT; a group may have the default
	fixed  *lazyregexp.Regexp // a port that stands in the sources, in a group
	hint   string             // what to write so that it takes the socket
	preset string             // what the preset does without a word: inherit or proxy
	never  bool               // the preset cannot inherit
}

// address says how connections reach the server, by what its sources do.
func (d *draft) address(p *project, files []string, l listening) {
	d.addressOr(p, files, l, "", "")
}

// addressOr is address for a server that listens on a port of its library's where its sources name
// none; from says why.
func (d *draft) addressOr(p *project, files []string, l listening, fallback, from string) {
	portAt, port := p.port(files, l.fixed)
	if port == "" {
		portAt, port = from, fallback
	}
	if file, m := p.search(files, l.takes); m != nil {
		d.port(port, "a guess, from "+portAt)
		if l.preset != "inherit" {
			d.set("VIA", "inherit", file+" takes the socket that it is given")
		}
		return
	}
	if file, m := p.search(files, l.reads); m != nil {
		from := "a guess, from " + portAt
		if def := group(m); def != "" {
			port, from = def, "the default in "+file
		}
		d.port(port, from)
		if l.preset != "proxy" {
			d.set("VIA", "proxy", file+" reads $PORT, which devloop then chooses")
		}
		if l.never {
			return
		}
		d.note("devloop forwards connections to the server. Without that step: %s, and `VIA: inherit`.", l.hint)
		return
	}
	if n, err := strconv.Atoi(port); err == nil && n > 0 && n < 65535 {
		outer := strconv.Itoa(beside(n))
		d.sockets = append(d.sockets, entry{key: "web", comment: bindsItself(port, portAt), sub: []entry{
			{key: "listen", value: "http::" + outer},
			{key: "via", value: "proxy"},
			{key: "to", value: yamlText("127.0.0.1:" + port)},
		}})
		d.note("The server seems to bind %s by itself (%s): open http://127.0.0.1:%s, where requests wait while it restarts. To hold port %s itself: %s, and take `sockets` out of devloop.yaml.", port, portAt, outer, port, l.hint)
		return
	}
	if l.preset == "inherit" {
		d.note("The server has to take the socket that devloop holds: %s.", l.hint)
	}
}

// takesOrReads tells whether a server takes a socket, or reads $PORT: then it need not be told more.
func takesOrReads(p *project, files []string, l listening) bool {
	_, takes := p.search(files, l.takes)
	_, reads := p.search(files, l.reads)
	return takes != nil || reads != nil
}

// binds tells whether a server binds a port by itself, whatever it is told.
func (p *project) binds(files []string, l listening) bool {
	_, port := p.port(files, l.fixed)
	return port != "" && !takesOrReads(p, files, l)
}

// bindsItself says why devloop holds another port than the server's.
func bindsItself(port, at string) string {
	held := "the next port"
	if n, err := strconv.Atoi(port); err == nil && beside(n) != n+1 {
		held = strconv.Itoa(beside(n))
	}
	return "A guess, from " + at + ": the server binds " + port + " by itself. devloop holds " + held + ", and forwards."
}

// beside is the port that devloop holds where the server binds one by itself: the next, or one that
// everybody may hold, 8080 for 80.
func beside(port int) int {
	if port < 1024 {
		return port + 8000
	}
	return port + 1
}

// elsewhere are the ports of what a server talks to: databases, caches, queues,
// mail, other servers, and Go's profiler. An address with one of them is not where a server that is
// being developed listens.
var elsewhere = []string{"22", "25", "53", "80", "443", "587", "1025", "1433", "2379", "3306", "4222", "4317", "4318", "5432", "5672", "6060", "6379", "6432", "8125", "9092", "9200", "11211", "26257", "27017", "65535"}

// port is the first port that stands in the code of the files, with its place;
// one of a line that besides says is no server's own comes last.
func (p *project) port(files []string, re *lazyregexp.Regexp) (place, port string) {
	for f, text := range p.codeOf(files) {
		profiled := profiler.MatchString(text)
		for _, m := range re.FindAllStringSubmatchIndex(text, -1) {
			found, at := firstGroup(text, m)
			line := lineAt(text, at)
			if slices.Contains(elsewhere, found) && (found != "80" || !listensOn.MatchString(text[:at])) {
				continue
			}
			here := fmt.Sprintf("%s:%d", f, 1+strings.Count(text[:at], "\n"))
			if !besides.MatchString(line) && (!profiled || !handlesNothing.MatchString(line)) {
				return here, found
			}
			if port == "" {
				place, port = here, found
			}
		}
	}
	return place, port
}

var (
	// besides is on lines that listen for something else than the server's work.
	besides = lazyregexp.New(`(?i)pprof|metrics|debug|profil|prometheus`)
	// listensOn comes before a port 80 that is the server's own.
	listensOn = lazyregexp.New(`(?i)(?:\blisten\w*|\.(?:run|start|serve))\([^()\n]*$`)
	// With Go's profiler in a file, a server without a handler of its own is the profiler's.
	profiler       = lazyregexp.New(`"net/http/pprof"`)
	handlesNothing = lazyregexp.New(`ListenAndServe\([^,]*,\s*nil\)`)
)

// lineAt is the line around an offset.
func lineAt(text string, at int) string {
	start := strings.LastIndexByte(text[:at], '\n') + 1
	line, _, _ := strings.Cut(text[start:], "\n")
	return line
}

// group is the first group of a match that has something.
func group(m []string) string {
	for _, g := range m[min(1, len(m)):] {
		if g != "" {
			return g
		}
	}
	return ""
}

// firstGroup is group for a match by its offsets, and where it begins.
func firstGroup(text string, m []int) (found string, at int) {
	for i := 2; i+1 < len(m); i += 2 {
		if m[i] >= 0 && m[i] < m[i+1] {
			return text[m[i]:m[i+1]], m[i]
		}
	}
	return "", m[0]
}

// port sets the preset's PORT, with where it comes from: one that everybody may hold.
func (d *draft) port(port, from string) {
	if n, err := strconv.Atoi(port); err == nil && beside(n) > n+1 {
		port, from = strconv.Itoa(beside(n)), from+", which has "+port
	}
	if port != "" {
		d.set("PORT", port, from)
	}
}
