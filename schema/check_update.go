package schema

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	"devloop/schema/yamltree"
)

// autoUpdate chooses `start-first` where that would not be a mistake.
func (k *checker) autoUpdate(p *Process) {
	if p.Update != autoUpdate {
		return
	}
	mistakes, warnings := len(k.mistakes), len(k.warnings)
	p.Update = StartFirst
	k.update(p)
	if len(k.mistakes) > mistakes {
		p.Update = StopFirst
	}
	k.mistakes, k.warnings = k.mistakes[:mistakes], k.warnings[:warnings]
}

// update finds an update that could not keep the promise of `start-first`, that the old version answers
// until the new one does.
func (k *checker) update(p *Process) {
	if p.Update != StartFirst {
		return
	}
	at := p.at["update"]
	if p.Reload != "" {
		k.warn(at, "`update` of process `"+p.Name+"` does nothing on a change, which sends it "+p.Reload, "it only affects restarts by hand; remove `reload` or `update` if that is not what you want")
	}
	var first *Socket
	for _, ref := range p.Sockets {
		s := k.sockets[ref.Name]
		switch {
		case s == nil || s.Listen.Type == "":
			return // a mistake that was reported
		case s.Listen.Type == UDP:
			k.both(at, "`start-first` cannot share the udp socket `"+s.Name+"`: a datagram may reach either version, ready or not", "write `update: stop-first`: datagrams wait in the socket during a restart", ref.Pos, "the socket")
			return
		case s.To != "":
			k.both(at, "`start-first` needs a port for each version, and the socket `"+s.Name+"` always forwards to "+s.To, "remove `to` from the socket and let the server listen on $PORT, or write `update: stop-first`", s.at["to"], "which is this address")
			return
		case first == nil:
			first = s
		}
	}
	k.soundReady(p, first)
}

// soundReady finds readiness that the old version would satisfy as well, so that the old one would be
// stopped before the new one serves.
func (k *checker) soundReady(p *Process, first *Socket) {
	const why = "`start-first` needs a `ready` that only the new version can satisfy"
	const kinds = "`notify`, `log`, `file` and `exec` can tell the versions apart"
	r := p.Ready
	proxied := false
	for _, ref := range p.Sockets {
		proxied = proxied || k.sockets[ref.Name].Via == ViaProxy
	}
	leave := "remove `ready`: the process is ready when its own port accepts"
	if !proxied {
		leave = "; or write `via: proxy` under the socket: each version then has its own port"
		if first == nil {
			leave = ""
		}
		leave = kinds + leave
	}
	update, here := p.at["update"], "which is set here"
	switch {
	case r == nil && !proxied:
		other := p.at["run"]
		if first != nil {
			other = p.Sockets[0].Pos
		}
		k.both(update, why+", and process `"+p.Name+"` has none", leave, other, "the process")
	case r == nil:
	case strings.HasPrefix(r.HTTP, "/"):
		if s := k.web(p); s != nil && s.Via == ViaInherit {
			k.both(r.at["http"], why+": the old one answers on the socket `"+s.Name+"` as well", leave, update, here)
			k.elsewhere(s.Pos, "the socket")
		}
	case r.HTTP != "":
		hint := leave
		if proxied {
			hint = "write a path such as `/health`, which is requested on its own port"
		}
		k.both(r.at["http"], why+": the old one answers on "+yamltree.Quote(r.HTTP)+" as well", hint, update, here)
	case r.TCP != "":
		k.both(r.at["tcp"], why+": "+r.TCP+" accepts while the old one runs", leave, update, here)
	}
}

// web is the process's first http socket, or nil.
func (k *checker) web(p *Process) *Socket {
	for _, ref := range p.Sockets {
		if s := k.sockets[ref.Name]; s != nil && s.Listen.Web() {
			return s
		}
	}
	return nil
}

// checking finds a process that would wait for checks although there are none.
func (k *checker) checking(p *Process) {
	if p.WhileChecking != CheckWait {
		return
	}
	touched := map[string]string{}
	for i := range k.config.Watchers {
		for _, t := range k.config.Watchers[i].Triggers {
			touched[slashed(t.Abs)] = k.config.Watchers[i].Name
		}
	}
	seen := map[string]bool{}
	var watched func(deps []Dependency, watch []Pattern) bool
	watched = func(deps []Dependency, watch []Pattern) bool {
		for _, pattern := range watch {
			if path, ok := pattern.Literal(); ok && touched[path] != "" {
				return true
			}
		}
		for _, dep := range deps {
			up := k.processes[dep.Name]
			switch {
			case k.watchers[dep.Name] != nil:
				return true
			case up == nil || seen[dep.Name]:
				continue
			}
			seen[dep.Name] = true
			if watched(up.DependsOn, up.Watch) {
				return true
			}
		}
		return false
	}
	if !watched(p.DependsOn, p.Watch) {
		k.warn(p.at["while_checking"], "no watcher is upstream of process `"+p.Name+"`, so it never waits for one", "let it `watch` a trigger, or name the watcher under `depends_on`")
	}
}

// idleReady finds readiness, under `stop-first`, that something other than the server would satisfy, or
// nothing can.
func (k *checker) idleReady(p *Process) {
	r := p.Ready
	if r == nil || p.Update == StartFirst { // see soundReady
		return
	}
	const others = "`notify`, `log`, `file` and `exec` can tell"
	switch {
	case r.TCP != "":
		if held := k.config.heldAt(r.TCP); held != nil {
			k.warn(r.at["tcp"], "devloop itself listens on "+r.TCP+", for the socket `"+held.Name+"`, so this check always passes at once", "remove `ready`, or write `http` with a path that the server answers; "+others+" as well")
		}
	case strings.HasPrefix(r.HTTP, "/"):
		s := k.web(p)
		if s == nil || s.Via != ViaInherit {
			return
		}
		for i := range k.config.Processes {
			other := &k.config.Processes[i]
			if other.Name != p.Name && slices.ContainsFunc(other.Sockets, func(ref SocketRef) bool { return ref.Name == s.Name }) {
				k.warn(r.at["http"], "process `"+other.Name+"` has the socket `"+s.Name+"` too, and may answer instead of `"+p.Name+"`", others+" which of them is ready")
				return
			}
		}
	case r.HTTP != "":
		u, err := url.Parse(r.HTTP)
		if err != nil {
			return // reported
		}
		held := k.config.heldAt(u.Host)
		if held == nil || held.Via != ViaProxy {
			return
		}
		if slices.ContainsFunc(p.Sockets, func(ref SocketRef) bool { return ref.Name == held.Name }) {
			path := cmp.Or(u.EscapedPath(), "/")
			k.mistake(r.at["http"], "process `"+p.Name+"` would never be ready: requests to "+u.Host+" wait in the socket `"+held.Name+"` until it is", "write `"+path+"`, which is requested on its own port")
		}
	}
}
