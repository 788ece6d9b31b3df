package schema

import (
	"net/netip"
	"strconv"
	"strings"

	"devloop/schema/nearest"
	"devloop/schema/yamltree"
)

// Listen is a parsed socket spec: systemfd's grammar, [TYPE::]ADDRESS.
type Listen struct {
	Type Scheme
	Host string // an IP literal without brackets, "localhost", or "" for unix
	Port int    // 0: the system picks one, once
	Path string // for unix: absolute in a Config; as written from ParseListen
	Text string // as written
}

// Scheme is the TYPE of a socket spec.
type Scheme string

const (
	TCP   Scheme = "tcp"
	HTTP  Scheme = "http"  // tcp whose URL is printed
	HTTPS Scheme = "https" // tcp whose URL is printed
	UDP   Scheme = "udp"
	Unix  Scheme = "unix"
)

var schemes = []string{string(TCP), string(HTTP), string(HTTPS), string(UDP), string(Unix)}

// Network is the kind of socket to bind: "tcp", "udp" or "unix".
func (l Listen) Network() string {
	switch l.Type {
	case HTTP, HTTPS:
		return "tcp"
	}
	return string(l.Type)
}

// Web reports whether the socket speaks HTTP, so that it has a URL.
func (l Listen) Web() bool { return l.Type == HTTP || l.Type == HTTPS }

// Addr is the address without its type: HOST:PORT, or a path.
func (l Listen) Addr() string {
	if l.Type == Unix {
		return l.Path
	}
	if strings.Contains(l.Host, ":") {
		return "[" + l.Host + "]:" + strconv.Itoa(l.Port)
	}
	return l.Host + ":" + strconv.Itoa(l.Port)
}

// Error is a mistake in text that stands in no file, such as a spec on a
// command line.
type Error struct {
	Msg    string // what is wrong, without a final full stop
	Hint   string // what to write instead, or ""
	Offset int    // of the mistake, in bytes of the text
}

// Error is the message without the hint.
func (e *Error) Error() string { return e.Msg }

// ParseListen reads a socket spec. A bare port is one of 127.0.0.1. An error is
// always an *Error.
func ParseListen(text string) (Listen, error) {
	l := Listen{Type: TCP, Text: text}
	address, offset := text, 0
	fail := func(at int, msg, hint string) (Listen, error) {
		return Listen{}, &Error{Msg: msg, Hint: hint, Offset: at}
	}
	switch typ, rest, ok := strings.Cut(text, "::"); {
	case strings.TrimSpace(text) == "":
		return fail(0, "empty socket spec", "such as `http::3000`")
	case strings.TrimSpace(text) != text:
		return fail(0, "a space in the socket spec "+yamltree.Quote(text), "")
	case ok && isWord(typ):
		if hint := schemeHint(typ, rest); hint != "" {
			return fail(0, yamltree.Quote(typ)+" is not a type of socket", hint)
		}
		l.Type, address, offset = Scheme(typ), rest, len(typ)+2
	}
	if l.Type == Unix {
		switch {
		case address == "":
			return fail(offset, "a unix socket needs a path", "such as `unix::.devloop.sock`")
		case address[0] == '@' || strings.ContainsRune(address, 0):
			return fail(offset, "abstract unix sockets are not supported", "write a path")
		case strings.HasSuffix(address, "/"):
			return fail(offset, yamltree.Quote(address)+" is a directory", "write the path of the socket itself")
		}
		l.Path = address
		return l, nil
	}
	if hint := specHint(l.Type, text, address); hint != "" {
		return fail(offset, "bad address "+yamltree.Quote(address), hint)
	}
	host, port, err := splitAddress(address)
	if err != nil {
		err.Offset += offset
		return Listen{}, err
	}
	l.Host, l.Port = host, port
	return l, nil
}

func isWord(s string) bool {
	for _, r := range s {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') {
			return false
		}
	}
	return s != ""
}

// schemeHint is "" for a known type.
func schemeHint(typ, rest string) string {
	for _, s := range schemes {
		if s == typ {
			return ""
		}
	}
	types := "the types are " + either(schemes)
	if near, ok := nearest.Of(typ, schemes); ok {
		return "write `" + near + "::" + rest + "`"
	}
	return types
}

// specHint recognises addresses in other tools' syntax.
func specHint(typ Scheme, text, address string) string {
	prefix := ""
	if typ != TCP || strings.HasPrefix(text, "tcp::") {
		prefix = string(typ) + "::"
	}
	if scheme, rest, ok := strings.Cut(address, "://"); ok && isWord(scheme) {
		rest, _, _ = strings.Cut(rest, "/")
		if scheme == "unix" {
			return "write `unix::" + strings.TrimPrefix(address, "unix://") + "`"
		}
		if schemeHint(scheme, "") == "" {
			return "write `" + scheme + "::" + rest + "`"
		}
	}
	if scheme, rest, ok := strings.Cut(address, ":"); ok && isWord(scheme) && schemeHint(scheme, "") == "" {
		return "two colons follow the type: `" + scheme + "::" + rest + "`"
	}
	switch {
	case strings.HasPrefix(address, "/") || strings.HasPrefix(address, "./") || strings.HasSuffix(address, ".sock"):
		return "write `unix::" + address + "` for a unix socket"
	case strings.HasPrefix(address, ":") && isPort(address[1:]):
		return "`" + prefix + address[1:] + "` is that port of 127.0.0.1; `" + prefix + "0.0.0.0" + address + "` is that of every address"
	case strings.HasPrefix(address, "*:"):
		return "`" + prefix + "0.0.0.0" + address[1:] + "` is every address"
	}
	if port, proto, ok := strings.Cut(address, "/"); ok && isPort(port) && schemeHint(proto, "") == "" {
		return "write `" + proto + "::" + port + "`"
	}
	if outside, inside, ok := strings.Cut(address, ":"); ok && isPort(outside) && isPort(inside) {
		return "nothing is mapped: write the one port that the process listens on, `" + prefix + outside + "`"
	}
	return ""
}

func isPort(s string) bool {
	_, err := parsePort(s)
	return err == nil
}

// splitAddress reads PORT, HOST:PORT or [V6]:PORT.
func splitAddress(address string) (host string, port int, _ *Error) {
	fail := func(at int, msg, hint string) (string, int, *Error) {
		return "", 0, &Error{Msg: msg, Hint: hint, Offset: at}
	}
	colon := strings.LastIndexByte(address, ':')
	if colon < 0 {
		port, err := parsePort(address)
		if err == nil {
			return "127.0.0.1", port, nil
		}
		if _, ip := netip.ParseAddr(address); ip == nil || strings.ContainsAny(address, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") {
			return fail(0, yamltree.Quote(address)+" has no port", "write `"+address+":3000`, or a port alone")
		}
		return "", 0, err
	}
	host = address[:colon]
	if strings.HasPrefix(address, "[") {
		end := strings.IndexByte(address, ']')
		if end < 0 {
			return fail(0, "`[` is never closed", "an IPv6 address is written `[::1]:3000`")
		}
		if end == len(address)-1 {
			return fail(0, yamltree.Quote(address)+" has no port", "write `"+address+":3000`")
		}
		if end != colon-1 {
			return fail(end+1, "a port belongs after the `]`", "write `"+address[:end+1]+":3000`")
		}
		host = address[1:end]
		ip, err := netip.ParseAddr(host)
		if err != nil {
			return fail(1, yamltree.Quote(host)+" is not an IPv6 address", "an IPv6 address is written `[::1]:3000`")
		}
		if ip.Is4() {
			return fail(0, "only an IPv6 address stands in brackets", "write `"+host+address[end+1:]+"`")
		}
		host = ip.String()
	} else if strings.Contains(host, ":") || host == "" {
		if _, err := netip.ParseAddr(host); err == nil && isPort(address[colon+1:]) {
			return fail(0, "an IPv6 address needs brackets", "write `\"["+host+"]"+address[colon:]+"\"`")
		}
		if _, err := netip.ParseAddr(address); err == nil {
			return fail(0, "an IPv6 address needs brackets, and a port", "write `\"["+address+"]:3000\"`")
		}
		return fail(0, "bad address "+yamltree.Quote(address), "an address is `PORT`, `HOST:PORT` or `[V6]:PORT`")
	} else if strings.EqualFold(host, "localhost") {
		host = "localhost"
	} else if ip, err := netip.ParseAddr(host); err != nil {
		return fail(0, yamltree.Quote(host)+" is not an IP address", "write `127.0.0.1"+address[colon:]+"`, `0.0.0.0"+address[colon:]+"` for every address, or `localhost"+address[colon:]+"`")
	} else {
		host = ip.String()
	}
	port, err := parsePort(address[colon+1:])
	if err != nil {
		err.Offset = colon + 1
		return "", 0, err
	}
	return host, port, nil
}

func parsePort(text string) (int, *Error) {
	for _, r := range text {
		if r < '0' || r > '9' {
			return 0, &Error{Msg: yamltree.Quote(text) + " is not a port", Hint: "a port is a number up to 65535; 0 picks a free one"}
		}
	}
	port, err := strconv.Atoi(text)
	switch {
	case text == "":
		return 0, &Error{Msg: "the port is missing", Hint: "a port is a number up to 65535; 0 picks a free one"}
	case err != nil || port > 65535:
		return 0, &Error{Msg: "the port " + yamltree.Quote(text) + " is above 65535", Hint: "a port is a number up to 65535; 0 picks a free one"}
	}
	return port, nil
}
