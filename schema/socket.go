package schema

import (
	"errors"
	"io/fs"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"devloop/schema/yamltree"
)

var listenType = typ[Listen]{
	shape: shape{name: "socket spec"},
	read: func(d *decoder, n *yamltree.Node) (Listen, bool) {
		const wanted = "a socket spec such as `http::3000`"
		if n.Kind == yamltree.List && !n.Custom {
			d.mistake(n.Pos, "`"+d.key+"` needs "+wanted+", not a list", "an IPv6 address needs quotes: `\"[::1]:3000\"`; each socket has its own name")
			return Listen{}, false
		}
		text, ok := d.text(n, wanted)
		if !ok {
			return Listen{}, false
		}
		l, err := ParseListen(text)
		if err != nil {
			pos, hint := n.Pos, ""
			var e *Error
			if errors.As(err, &e) {
				hint = e.Hint
				if text == n.Text {
					pos = n.At(e.Offset)
				}
			}
			d.mistake(pos, err.Error(), hint)
			d.setElsewhere(n)
			return Listen{}, false
		}
		if l.Type == Unix {
			l.Path = d.resolve(l.Path)
			if len(l.Path) > maxUnixPath() {
				d.mistake(n.Pos, "the path of a unix socket has at most "+strconv.Itoa(maxUnixPath())+" bytes, and "+yamltree.Quote(filepath.Base(l.Path))+" has "+strconv.Itoa(len(l.Path)), "use a shorter one, such as `unix::/tmp/"+filepath.Base(l.Path)+"`")
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

var socketKeys = &table[Socket]{
	what: "a socket",
	keys: []key[Socket]{
		row("listen", listenType, func(s *Socket) *Listen { return &s.Listen }, "[TYPE::]ADDRESS, such as `http::3000`").must(),
		row("via", enumType[Via](nil, ViaInherit, ViaProxy), func(s *Socket) *Via { return &s.Via }, "`inherit`: the process gets the listener itself; `proxy`: devloop accepts and forwards").or("inherit"),
		row("to", typ[string]{shape: shape{name: "address"}, read: (*decoder).readyAddr}, func(s *Socket) *string { return &s.To }, "with `proxy`: a fixed address that the server listens on").or("the port in $PORT"),
		row("backlog", intType(1), func(s *Socket) *int { return &s.Backlog }, "how many connections may wait in the queue").or("the system's maximum"),
		row("mode", modeType, func(s *Socket) *fs.FileMode { return &s.Mode }, "permissions of a unix socket").or("0600"),
		row("while_down", enumType[WhileDown](nil, DownWait, DownPage), func(s *Socket) *WhileDown { return &s.WhileDown }, "what a browser gets while the server is down").or("wait"),
		row("max_wait", durationType, func(s *Socket) *time.Duration { return &s.MaxWait }, "with `proxy`: how long a request waits for a server").or("60s"),
		row("live", liveType, func(s *Socket) *Live { return &s.Live }, "of an `http` socket: `reload` open pages when a new version is ready, only show a `badge`, or leave pages alone").or("`reload` with `proxy`, else `off`"),
	},
	aliases: socketAliases,
}

// defaultMaxWait is how long a proxied request waits where the file says
// nothing: longer than any start, shorter than a browser's patience.
const defaultMaxWait = 60 * time.Second

var socketsType = named(
	shape{name: "socket", or: []shape{listenType.shape, socketKeys.shape()}},
	"a mapping of names to socket specs",
	func(d *decoder, key, value *yamltree.Node) Socket {
		s := Socket{Name: key.Text, Mode: 0o600, Via: ViaInherit, WhileDown: DownWait, MaxWait: defaultMaxWait, Pos: key.Pos}
		before := d.key
		d.key = key.Text
		defer func() { d.key = before }()
		switch {
		case value.Null():
			d.mistake(key.Pos, "socket `"+key.Text+"` has no address", "such as `"+key.Text+": http::3000`")
		case value.Kind == yamltree.Mapping && !value.Custom:
			s.at = value.Places()
			socketKeys.read(d, value, &s, "socket `"+key.Text+"`", key.Pos)
			d.checkSocketKeys(s)
		default:
			s.Listen, _ = listenType.read(d, value)
		}
		if s.Live == "" {
			if s.Live = LiveOff; s.Via == ViaProxy && s.Listen.Type == HTTP {
				s.Live = LiveReload
			}
		}
		return s
	},
)

// checkSocketKeys checks the keys that only some sockets have.
func (d *decoder) checkSocketKeys(s Socket) {
	mistake := func(key, msg, hint string) {
		other := s.at["listen"]
		if via, ok := s.at["via"]; ok && (key == "to" || key == "max_wait") {
			other = via
		}
		if pos, there := s.at[key]; there {
			d.both(pos, msg, hint, other, "the socket")
		}
	}
	if s.Via == ViaInherit {
		for _, key := range []string{"to", "max_wait"} {
			mistake(key, "`"+key+"` is for proxied sockets, and a process inherits `"+s.Name+"`", "write `via: proxy` beside it, or take it away")
		}
	}
	kind := s.Listen.Type
	if kind == "" {
		return // a mistake that has been told
	}
	if kind != Unix {
		mistake("mode", "`mode` is for unix sockets, and `"+s.Name+"` is "+string(kind), "")
	}
	if kind == UDP {
		mistake("backlog", "`backlog` is for stream sockets, and `"+s.Name+"` is udp", "")
		if s.Via == ViaProxy {
			mistake("via", "`via: proxy` is for stream sockets, and `"+s.Name+"` is udp", "leave `via` out: the process inherits it")
		}
	}
	if kind == HTTP {
		return
	}
	hint := "only `http::` sockets have pages: write `listen: http::" + pageAddress(s.Listen) + "` if it speaks HTTP"
	switch kind {
	case HTTPS:
		hint = "devloop has no certificate to answer with"
	case UDP, Unix:
		hint = "browsers do not connect there"
	}
	if s.WhileDown == DownPage {
		mistake("while_down", "`while_down: page` is for http sockets, and `"+s.Name+"` is "+string(kind), hint)
	}
	if s.Live != LiveOff && s.Live != "" {
		mistake("live", "`live: "+string(s.Live)+"` is for http sockets, and `"+s.Name+"` is "+string(kind), hint)
	}
}

// pageAddress is the address of a tcp socket as it was written.
func pageAddress(l Listen) string { return strings.TrimPrefix(l.Text, "tcp::") }

// Socket returns the socket of that name, or nil.
func (c *Config) Socket(name string) *Socket {
	return find(c.Sockets, func(s *Socket) bool { return s.Name == name })
}
