package schema

import "strings"

// fdPrefix and portPrefix begin the variables that hold the descriptors of
// inherited sockets, and the private ports behind proxied ones.
const (
	fdPrefix   = "DEVLOOP_FD_"
	portPrefix = "DEVLOOP_PORT_"
)

// lateName is the variable for a socket in a process's environment.
func lateName(s *Socket, ref SocketRef) string {
	prefix := fdPrefix
	if s.Via == ViaProxy {
		prefix = portPrefix
	}
	return prefix + strings.ToUpper(strings.NewReplacer(".", "_", "-", "_").Replace(ref.Short))
}

// portSource is where the PORT of a command comes from.
type portSource bool

const (
	portKnown   portSource = true  // it has one, or may have one
	portUnknown portSource = false // nothing sets it
)

// assigned tells whether a process has a PORT: that of a proxied socket, or
// else a variable like any other.
func (k *checker) assigned(p *Process) portSource {
	for _, ref := range p.Sockets {
		if s := k.sockets[ref.Name]; s == nil || s.Via != ViaInherit {
			return portKnown
		}
	}
	return k.outside(p.Project, p.Env)
}

// outside tells whether the environment or the file sets PORT for a command.
func (k *checker) outside(p *Project, layers ...EnvLayer) portSource {
	_, known := k.opt.LookupEnv("PORT")
	known = known || p.variable("PORT") != nil
	for _, layer := range append([]EnvLayer{p.Env}, layers...) {
		known = known || layer.mayDefine("PORT")
		for _, v := range layer.Vars {
			if v.Name == "PORT" {
				known = !v.Unset
			}
		}
	}
	return portSource(known)
}

// lateRefs finds names that devloop would have to set for the command, and does not: descriptors and ports
// of sockets that it does not get. A stage, for which p is nil, gets none.
func (k *checker) lateRefs(c Command, p *Process, port portSource) {
	if c.late == nil {
		return
	}
	var names []string
	known := map[string]bool{}
	if p != nil {
		for _, ref := range p.Sockets {
			if s := k.sockets[ref.Name]; s != nil {
				names = append(names, lateName(s, ref))
				known[lateName(s, ref)] = true
			}
		}
	}
	for _, parts := range c.late {
		for _, part := range parts {
			fd := strings.HasPrefix(part.name, fdPrefix)
			switch {
			case part.name == "PORT":
				if part.op != '-' && port == portUnknown {
					k.mistake(part.pos, "`${PORT}` is not defined", k.noPort(p))
				}
			case !fd && !strings.HasPrefix(part.name, portPrefix):
			case fd && p != nil && p.Ready != nil && p.Ready.Exec != nil && p.Ready.Exec.Pos == c.Pos:
				k.mistake(part.pos, "a check gets no sockets, so `"+part.name+"` is not defined", "only the process itself gets sockets")
			case known[part.name]:
			case p == nil:
				k.mistake(part.pos, "a stage gets no sockets, so `"+part.name+"` is not defined", "only a process gets sockets")
			case len(names) == 0:
				k.mistake(part.pos, "process `"+p.Name+"` has no socket for `"+part.name+"`", "process `"+p.Name+"` has no `sockets`")
			case known[swapped(part.name)] && fd:
				k.mistake(part.pos, "process `"+p.Name+"` has no descriptor for `"+part.name+"`", "the socket is proxied: its port is `${"+swapped(part.name)+"}`")
				k.elsewhere(k.via(p, swapped(part.name)), "where it is proxied")
			case known[swapped(part.name)]:
				k.mistake(part.pos, "process `"+p.Name+"` has no port for `"+part.name+"`", "the process inherits the socket: its descriptor is `${"+swapped(part.name)+"}`; only `via: proxy` gives it a port")
				k.elsewhere(k.via(p, swapped(part.name)), "the socket")
			default:
				k.mistake(part.pos, "process `"+p.Name+"` has no socket for `"+part.name+"`", k.near(part.name, names))
			}
		}
	}
}

// via is where the file says how a process gets the socket of a variable, or where the socket is.
func (k *checker) via(p *Process, variable string) Pos {
	for _, ref := range p.Sockets {
		if s := k.sockets[ref.Name]; s != nil && lateName(s, ref) == variable {
			if pos, said := s.at["via"]; said {
				return pos
			}
			return s.Pos
		}
	}
	return Pos{}
}

// swapped turns the name of a descriptor into that of a port, and back.
func swapped(name string) string {
	if rest, ok := strings.CutPrefix(name, fdPrefix); ok {
		return portPrefix + rest
	}
	return fdPrefix + strings.TrimPrefix(name, portPrefix)
}

// noPort is a hint for a ${PORT} that nothing sets.
func (k *checker) noPort(p *Process) string {
	if p != nil && len(p.Sockets) > 0 {
		return "devloop sets it only for a socket with `via: proxy`; process `" + p.Name + "` inherits a descriptor, `${" + lateName(k.sockets[p.Sockets[0].Name], p.Sockets[0]) + "}`"
	}
	return "devloop sets it for a process that has a socket with `via: proxy`; otherwise define it under `vars`, or give a default: `${PORT:-…}`"
}
