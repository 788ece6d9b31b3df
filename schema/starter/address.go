package starter

import (
	"slices"
	"strconv"
)

// listening is how the sources of a server listen, and where.
type listening struct {
	takes  *pattern // it takes a socket that is there already
	reads  *pattern // it reads $PORT; a group may have the default
	fixed  *pattern // a port that stands in the sources, in a group
	hint   string   // what to write so that it takes the socket
	preset string   // what the preset does without a word: inherit or proxy
}

// address says how connections reach the server, by what its sources do.
func (d *draft) address(p *project, files []string, l listening) {
	portFile, port := p.port(files, l.fixed)
	if file, m := p.search(files, l.takes); m != nil {
		d.port(port)
		if l.preset != "inherit" {
			d.set("VIA", "inherit", file+" takes the socket that it is given")
		}
		return
	}
	if file, m := p.search(files, l.reads); m != nil {
		if def := group(m); def != "" {
			port = def
		}
		d.port(port)
		if l.preset != "proxy" {
			d.set("VIA", "proxy", file+" reads $PORT, which devloop then chooses")
		}
		d.note("devloop forwards connections to the server. Without that step: %s, and `VIA: inherit`.", l.hint)
		return
	}
	if n, err := strconv.Atoi(port); err == nil && n > 0 && n < 65535 {
		outer := strconv.Itoa(n + 1)
		d.sockets = append(d.sockets, entry{key: "web", comment: "The server binds " + port + " by itself (" + portFile + "), so devloop holds the next port and forwards.", sub: []entry{
			{key: "listen", value: "http::" + outer},
			{key: "via", value: "proxy"},
			{key: "to", value: yamlText("127.0.0.1:" + port)},
		}})
		d.note("Open http://127.0.0.1:%s, where requests wait while the server restarts. To hold port %s itself: %s, and take `sockets` out of devloop.yaml.", outer, port, l.hint)
		return
	}
	if l.preset == "inherit" {
		d.note("The server has to take the socket that devloop holds: %s.", l.hint)
	}
}

// elsewhere are the ports of what a server talks to: databases, caches, queues,
// mail, other servers. An address with one of them is not where a server that is
// being developed listens.
var elsewhere = []string{"22", "25", "53", "80", "443", "587", "1025", "1433", "2379", "3306", "4222", "4317", "4318", "5432", "5672", "6379", "6432", "8125", "9092", "9200", "11211", "26257", "27017"}

// port is the first port that stands in the files, with the file.
func (p *project) port(files []string, re *pattern) (file, port string) {
	for _, f := range files {
		text, err := p.read(f)
		if err != nil {
			continue
		}
		for _, m := range re.FindAllStringSubmatch(text, -1) {
			if port := group(m); !slices.Contains(elsewhere, port) {
				return f, port
			}
		}
	}
	return "", ""
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

func (d *draft) port(port string) {
	if port != "" {
		d.set("PORT", port, "")
	}
}
