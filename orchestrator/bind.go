package orchestrator

import (
	"devloop/schema"
)

// bind opens every socket, or none: a port in use is an error before anything
// has started.
func (l *loop) bind() error {
	want := l.socketsOf(l.cfg)
	opened, err := l.sockets.Open(want)
	if err != nil {
		return err
	}
	l.sockets.Adopt(want, opened)
	for _, s := range opened {
		l.screen.Holding(s.Name(), s.String())
	}
	return nil
}

// socketsOf are the sockets of a configuration that the loop needs.
func (l *loop) socketsOf(cfg *schema.Config) (list []*schema.Socket) {
	for i := range cfg.Sockets {
		if s := &cfg.Sockets[i]; !l.opt.Once || l.usedOnce(s.Name) {
			list = append(list, s)
		}
	}
	return list
}

// usedOnce tells whether a single run may start a process with the socket:
// only what a watcher depends on is started, so most sockets are not needed,
// and a loop that is already running may well hold them.
func (l *loop) usedOnce(socket string) bool {
	for i, n := range l.graph.Nodes {
		if n.Watcher == nil {
			continue
		}
		for _, e := range l.graph.Edges {
			if e.To != i || e.Condition == "" {
				continue
			}
			for _, up := range l.graph.Closure(e.From) {
				if p := l.graph.Nodes[up].Process; p != nil && hasSocket(p, socket) {
					return true
				}
			}
		}
	}
	return false
}

// release lets the sockets go that the configuration does not have any more, and
// nobody uses.
func (l *loop) release() {
	for _, s := range l.sockets.Release() {
		l.screen.Released(s.Name(), s.Address())
	}
}
