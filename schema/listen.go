package schema

// Listen is a parsed socket spec: systemfd's grammar, [TYPE::]ADDRESS.
type Listen struct {
	Type Scheme
	Host string // an IP literal without brackets, "localhost", or "" for unix
	Port int    // 0: the system picks one, once
	Path string // absolute, for unix
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
