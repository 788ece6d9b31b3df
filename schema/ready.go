package schema

import (
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"devloop/schema/nearest"
	"devloop/schema/yamltree"
)

var readyKinds = []string{"http", "tcp", "exec", "log", "file", "notify"}

var readyKeys = &table[Ready]{
	what: "`ready`",
	keys: []key[Ready]{
		row("http", typ[string]{shape: shape{name: "URL or path"}, read: (*decoder).readyURL}, func(r *Ready) *string { return &r.HTTP }, "a URL that answers, or a path of its own http socket"),
		row("tcp", typ[string]{shape: shape{name: "address"}, read: (*decoder).readyAddr}, func(r *Ready) *string { return &r.TCP }, "accepts a connection"),
		ptr("exec", commandType, func(r *Ready) **Command { return &r.Exec }, "a command that exits with 0"),
		row("log", regexpType, func(r *Ready) **regexp.Regexp { return &r.Log }, "a line of its output matches"),
		row("file", typ[string]{
			shape: shape{name: "path"},
			read: func(d *decoder, n *yamltree.Node) (string, bool) {
				p, ok := d.path(n, "a path")
				return p.Abs, ok
			},
		}, func(r *Ready) *string { return &r.File }, "a file that is new, or newer than before the start"),
		row("notify", boolType, func(r *Ready) *bool { return &r.Notify }, "it sends READY=1 to $NOTIFY_SOCKET, as sd_notify does"),
		row("interval", durationType, func(r *Ready) *time.Duration { return &r.Interval }, "between attempts").or("adaptive"),
		row("timeout", durationType, func(r *Ready) *time.Duration { return &r.Timeout }, "in total, from the start").or("60s"),
	},
	aliases: readyAliases,
}

var readyType = typ[Ready]{
	shape: shape{name: "readiness", or: []shape{readyKeys.shape(), {name: "string", values: []string{"notify"}}}},
	read: func(d *decoder, n *yamltree.Node) (Ready, bool) {
		r := Ready{Timeout: 60 * time.Second, Pos: n.Pos}
		if n.Kind == yamltree.Scalar && !n.Custom {
			if n.Text == "notify" {
				r.Notify = true
				return r, true
			}
			d.mistake(n.Pos, "`ready` needs a mapping of keys, not "+n.What(), readyHint(n.Text))
			return r, false
		}
		if !d.is(n, yamltree.Mapping, "a mapping of keys") {
			return r, false
		}
		r.at = n.Places()
		readyKeys.read(d, n, &r, "`ready`", n.Pos)
		var kinds []string
		for _, p := range n.Pairs {
			if slices.Contains(readyKinds, p.Key.Text) && !p.Value.Null() {
				kinds = append(kinds, p.Key.Text)
			}
		}
		switch {
		case len(kinds) > 1:
			d.mistake(n.KeyOf(kinds[1]).Pos, "`ready` has one kind of check, and this has "+series(kinds, " and "), "remove all but one")
		case len(kinds) == 0 && !d.unknown(n, readyKeys.names()):
			d.mistake(n.Pos, "`ready` has no check", "one of "+either(readyKinds))
		case len(kinds) == 1 && kinds[0] == "notify" && n.Get("notify").Text == "false":
			d.mistake(r.at["notify"], "`notify: false` is not a check", "remove `ready`")
			return r, false
		}
		if pos, ok := r.at["interval"]; ok && (r.Notify || r.Log != nil) {
			d.warn(pos, "`interval` does nothing beside `"+kinds[0]+"`, which is not polled", "")
		}
		return r, len(kinds) == 1
	},
}

// unknown reports whether n has a key that was a mistake of its own.
func (d *decoder) unknown(n *yamltree.Node, known []string) bool {
	for _, p := range n.Pairs {
		found := strings.HasPrefix(p.Key.Text, "x-")
		for _, k := range known {
			found = found || k == p.Key.Text
		}
		if !found {
			return true
		}
	}
	return false
}

func readyHint(text string) string {
	switch {
	case strings.HasPrefix(text, "/"), strings.Contains(text, "://"):
		return "write `ready: {http: " + text + "}`"
	case isPort(text):
		return "write `ready: {tcp: " + text + "}`"
	}
	if _, port, err := net.SplitHostPort(text); err == nil && isPort(port) {
		return "write `ready: {tcp: " + text + "}`"
	}
	if hint := nearest.Hint(text, []string{"notify"}); hint != "" {
		return hint
	}
	return "such as `ready: {http: /health}`"
}

// readyURL reads a URL, or a path of the process's own http socket.
func (d *decoder) readyURL(n *yamltree.Node) (string, bool) {
	text, ok := d.word(n, "a URL or a path")
	if !ok {
		return "", false
	}
	if strings.HasPrefix(text, "/") {
		if _, err := url.ParseRequestURI(text); err != nil {
			d.mistake(n.Pos, yamltree.Quote(text)+" is not the path of a URL", "")
			return "", false
		}
		return text, true
	}
	u, err := url.Parse(text)
	switch {
	case err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "":
		return text, true
	case err == nil && u.Scheme == "http" && u.Host == "":
		d.mistake(n.Pos, yamltree.Quote(text)+" has no host", "such as `http://localhost:3000/health`")
	case isPort(text):
		d.mistake(n.Pos, yamltree.Quote(text)+" is neither a URL nor a path", "write `http://localhost:"+text+"/`")
	case strings.Contains(text, "://"):
		d.mistake(n.Pos, yamltree.Quote(text)+" is not a URL of http or https", "")
	case strings.Contains(text, ":"):
		d.mistake(n.Pos, yamltree.Quote(text)+" is neither a URL nor a path", "write `http://"+text+"`")
	default:
		d.mistake(n.Pos, yamltree.Quote(text)+" is neither a URL nor a path", "a path begins with `/`")
	}
	return "", false
}

// readyAddr reads HOST:PORT; a bare port is one of 127.0.0.1.
func (d *decoder) readyAddr(n *yamltree.Node) (string, bool) {
	text, ok := d.word(n, "an address such as `localhost:5432`")
	if !ok {
		return "", false
	}
	host, port, err := net.SplitHostPort(text)
	if isPort(text) {
		host, port, err = "127.0.0.1", text, nil
	}
	hint := "such as `localhost:5432`"
	if _, rest, ok := strings.Cut(text, "://"); ok {
		hint = "write `" + strings.TrimSuffix(rest, "/") + "`"
	} else if _, rest, ok := strings.Cut(text, "::"); ok && err != nil {
		hint = "write `" + rest + "`"
	}
	if host == "" && err == nil && isPort(port) {
		hint = "write `localhost:" + port + "`"
	}
	if err != nil || host == "" || !isPort(port) || port == "0" || strings.ContainsAny(host, "/ ") {
		d.mistake(n.Pos, yamltree.Quote(text)+" is not an address", hint)
		return "", false
	}
	return net.JoinHostPort(host, port), true
}
