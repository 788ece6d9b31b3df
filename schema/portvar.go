package schema

import "devloop/schema/lazyregexp"

var endsInName = lazyregexp.New(`\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-[^{}]*)?\}$`)

// PortVar is the name of the variable that is the socket's port, as in `http::${PORT}`: setting it in the
// environment changes the port. It is "" if the port is a number.
func (s *Socket) PortVar() string {
	if s.Project == nil || s.Project.root == nil {
		return ""
	}
	n := s.Project.root
	for _, key := range []string{"sockets", s.Short} {
		if n = n.Get(key); n == nil {
			return ""
		}
	}
	if listen := n.Get("listen"); listen != nil {
		n = listen
	}
	match := endsInName.FindStringSubmatch(n.Text)
	if match == nil {
		return ""
	}
	return match[1]
}
