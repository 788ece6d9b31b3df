package schema

import (
	"errors"
	"io/fs"
	"path/filepath"
	"runtime"
	"strconv"
)

var listenType = typ[Listen]{
	shape: shape{name: "socket spec"},
	read: func(d *decoder, n *node) (Listen, bool) {
		const wanted = "a socket spec such as `http::3000`"
		if n.kind == list && !n.custom {
			d.mistake(n.pos, "`"+d.key+"` needs "+wanted+", not a list", "an IPv6 address needs quotes: `\"[::1]:3000\"`; each socket has its own name")
			return Listen{}, false
		}
		text, ok := d.text(n, wanted)
		if !ok {
			return Listen{}, false
		}
		l, err := ParseListen(text)
		if err != nil {
			pos, hint := n.pos, ""
			var e *Error
			if errors.As(err, &e) {
				hint = e.Hint
				if text == n.text {
					pos = n.at(e.Offset)
				}
			}
			d.mistake(pos, err.Error(), hint)
			return Listen{}, false
		}
		if l.Type == Unix {
			l.Path = d.resolve(l.Path)
			if len(l.Path) > maxUnixPath() {
				d.mistake(n.pos, "the path of a unix socket has at most "+strconv.Itoa(maxUnixPath())+" bytes, and "+quote(filepath.Base(l.Path))+" has "+strconv.Itoa(len(l.Path)), "take a shorter one, such as `unix::/tmp/"+filepath.Base(l.Path)+"`")
				return Listen{}, false
			}
		}
		return l, true
	},
}

// maxUnixPath is the room that sockaddr_un has for a path and its final NUL:
// 108 bytes on Linux (unix(7)), 104 on the BSDs and macOS (sys/un.h).
func maxUnixPath() int {
	if runtime.GOOS == "linux" {
		return 107
	}
	return 103
}

const notProxy = "it is for `via: proxy`, which is not supported yet either"

var socketKeys = &table[Socket]{
	what: "a socket",
	keys: []key[Socket]{
		row("listen", listenType, func(s *Socket) *Listen { return &s.Listen }, "[TYPE::]ADDRESS, such as `http::3000`").must(),
		later[Socket]("via", shape{name: "string", values: []string{"inherit", "proxy"}}, []string{"inherit"},
			"`inherit`: the process gets the listener itself; `proxy`: devloop accepts and forwards", "leave it out: the process inherits the listener").or("inherit"),
		later[Socket]("to", shape{name: "address"}, nil, "with `proxy`: a fixed address that the server listens on", notProxy),
		row("backlog", intType(1), func(s *Socket) *int { return &s.Backlog }, "connections that may wait in the queue").or("the system's maximum"),
		row("mode", modeType, func(s *Socket) *fs.FileMode { return &s.Mode }, "permissions of a unix socket").or("0600"),
		later[Socket]("while_down", shape{name: "string", values: []string{"wait", "page"}}, []string{"wait"},
			"what a request gets while the server is down", "leave it out: requests wait").or("wait"),
		later[Socket]("max_wait", shape{name: "duration"}, nil, "how long a proxied request waits", notProxy),
		later[Socket]("live", shape{name: "boolean"}, []string{"false"}, "live reload in HTML pages behind a proxy", notProxy),
	},
	foreign: foreignSocket,
}

var socketsType = named(
	shape{name: "socket", or: []shape{listenType.shape, socketKeys.shape()}},
	"a mapping of names to socket specs",
	func(d *decoder, key, value *node) Socket {
		s := Socket{Name: key.text, Mode: 0o600, Pos: key.pos}
		before := d.key
		d.key = key.text
		defer func() { d.key = before }()
		switch {
		case value.null():
			d.mistake(key.pos, "socket `"+key.text+"` has no address", "such as `"+key.text+": http::3000`")
		case value.kind == mapping && !value.custom:
			socketKeys.read(d, value, &s, "socket `"+key.text+"`", key.pos)
			d.checkSocketKeys(value, s)
		default:
			s.Listen, _ = listenType.read(d, value)
		}
		return s
	},
)

// checkSocketKeys checks the keys that only some types of socket have.
func (d *decoder) checkSocketKeys(n *node, s Socket) {
	if mode := n.get("mode"); mode != nil && !mode.null() && s.Listen.Type != "" && s.Listen.Type != Unix {
		d.mistake(mode.pos, "`mode` is for unix sockets, and `"+s.Name+"` is "+string(s.Listen.Type), "")
	}
	if backlog := n.get("backlog"); backlog != nil && !backlog.null() && s.Listen.Type == UDP {
		d.mistake(backlog.pos, "`backlog` is for sockets that connect, and `"+s.Name+"` is udp", "")
	}
}

// Socket returns the socket of that name, or nil.
func (c *Config) Socket(name string) *Socket {
	for i := range c.Sockets {
		if c.Sockets[i].Name == name {
			return &c.Sockets[i]
		}
	}
	return nil
}
