package orchestrator

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"devloop/orchestrator/listenfd"
	"devloop/orchestrator/machine"
	"devloop/orchestrator/probe"
	"devloop/orchestrator/proxy"
	"devloop/schema"
)

// A proxied socket (`via: proxy`) has a front: devloop accepts on it, and
// forwards to the private port of the generation that serves. Generations are
// known to a front by the serial number of their command, which no other
// generation of any process has had.

// openFront begins to accept on a proxied socket, or prepares the pages of an
// inherited one.
func (l *loop) openFront(s *heldSocket) error {
	opt := proxy.Options{
		Name:     s.cfg.Name,
		HTTP:     s.cfg.Listen.Type == schema.HTTP,
		MaxWait:  s.cfg.MaxWait,
		News:     s.tellNews,
		Checking: s.checking.Load,
		Room:     l.room,
	}
	if s.cfg.Via != schema.ViaProxy {
		if s.cfg.WhileDown == schema.DownPage {
			s.standIn = proxy.NewStandIn(opt)
		}
		return nil
	}
	ln, err := s.listener()
	if err != nil {
		return err
	}
	s.front, s.frontHTTP = proxy.New(ln, opt), opt.HTTP
	return nil
}

// newRoom is the place that the clients of all sockets have together.
func (l *loop) newRoom() *proxy.Room {
	files := proxy.OpenFiles()
	most := proxy.ShareOf(files)
	return proxy.NewRoom(most, func() (told bool) {
		select {
		case l.events <- noticeEvent{fmt.Sprintf("clients have %d connections open, as many as devloop lets them have of its %d open files (`ulimit -n`); others wait, and idle ones are closed", most, files)}:
			return true
		default:
			return false
		}
	})
}

// noticeEvent is something that people should know, of no node.
type noticeEvent struct{ text string }

// listener makes a listener on a descriptor of its own; whoever gets it closes
// it. It sets O_NONBLOCK for all who hold the socket, so nobody else may be
// using it.
func (s *heldSocket) listener() (net.Listener, error) {
	ln, err := net.FileListener(s.File())
	if err != nil {
		return nil, fmt.Errorf("accept on socket %s: %w", s.cfg.Name, err)
	}
	return ln, nil
}

func (s *heldSocket) tellNews() proxy.News {
	if n := s.news.Load(); n != nil {
		return *n
	}
	return proxy.News{}
}

// partedEvent says that nobody is left in a front that was parted with.
type partedEvent struct {
	socket *heldSocket
	front  *proxy.Front
}

// partFront replaces nothing yet: it lets the front, or the stand-in, of a socket
// accept nobody any more. Who waits in it is answered by the next generation.
func (l *loop) partFront(s *heldSocket) {
	if front := s.front; front != nil {
		front.Leave()
		s.parting = append(s.parting, front)
		l.goroutine(func() {
			front.Finish(l.ctx)
			l.post(partedEvent{s, front})
		})
	}
	if standIn := s.standIn; standIn != nil {
		standIn.Leave()
		standIn.Forward(s.dial)
		l.goroutine(func() { standIn.Finish(l.ctx) })
	}
	s.front, s.standIn, s.paging, s.serving = nil, nil, false, 0
}

// parted forgets a front that is closed.
func (s *heldSocket) parted(front *proxy.Front) {
	s.parting = slices.DeleteFunc(s.parting, func(f *proxy.Front) bool { return f == front })
}

// dismiss answers with 503 whoever waits in the fronts of a socket that goes.
func (l *loop) dismiss(s *heldSocket) {
	for _, front := range s.fronts() {
		front.Refuse()
	}
	if s.front != nil {
		l.partFront(s)
	}
}

// fronts are the one that accepts, and those of before.
func (s *heldSocket) fronts() []*proxy.Front {
	if s.front == nil {
		return s.parting
	}
	return append(slices.Clone(s.parting), s.front)
}

// dial connects to the socket itself: to whoever accepts on it, now or later.
func (s *heldSocket) dial(ctx context.Context) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, string(s.Network()), s.Addr())
}

// closeFront ends what openFront began.
func (s *heldSocket) closeFront() (err error) {
	if s.front != nil {
		err = s.front.Close()
	}
	if s.standIn != nil {
		err = errors.Join(err, s.standIn.Close())
	}
	return err
}

// portVariable is the name of the variable that tells a process its private
// port for a socket.
func portVariable(name string) string {
	return "DEVLOOP_PORT_" + strings.TrimPrefix(listenfd.Variable(name), listenfd.Variable(""))
}

// assignPort gives a generation its private port for a proxied socket.
func (s *heldSocket) assignPort(c *command, name string, e *environ) error {
	if c.doors == nil {
		c.doors = map[*heldSocket]door{}
	}
	d := door{addr: s.cfg.To}
	var port string
	if s.cfg.To != "" {
		_, port, _ = net.SplitHostPort(s.cfg.To) // it was checked when it was read
	} else {
		free, err := proxy.FreePort()
		if err != nil {
			return fmt.Errorf("find a private port for socket %s: %w", s.cfg.Name, err)
		}
		d.port, port = free, fmt.Sprint(free)
	}
	if len(c.doors) == 0 {
		e.set("PORT", port)
	}
	e.set(portVariable(name), port)
	c.doors[s] = d
	return nil
}

// door is where a generation is to be found behind a front: at a fixed
// address, or on a port of this machine.
type door struct {
	addr string
	port int
}

// knock waits until every door of a generation opens, and returns their addresses.
// If somebody else stands in one, occupied is called, once.
func (c *command) knock(ctx context.Context, occupied func(occupiedError)) (map[*heldSocket]string, error) {
	found := map[*heldSocket]string{}
	told := false
	for s, d := range c.doors {
		err := probe.Poll(ctx, c.noting(func(ctx context.Context) error {
			ctx, cancel := context.WithTimeout(ctx, attempt)
			defer cancel()
			found[s] = d.addr
			if d.addr != "" {
				err := c.earlier.accepts(ctx, d.addr)
				var other occupiedError
				if errors.As(err, &other) && !told {
					told = true
					occupied(other)
				}
				return err
			}
			addr, err := proxy.Accepting(ctx, d.port)
			found[s] = addr
			return err
		}), probe.Schedule{})
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

// serveGeneration lets a generation answer: behind a front from now on, and those
// whom a stand-in, or a front of before, has kept waiting.
func (l *loop) serveGeneration(c *command) {
	for s, addr := range c.addrs {
		s.front.Serve(c.serial, addr)
		s.serving = c.serial
	}
	for _, s := range c.sockets {
		if s.standIn != nil {
			s.standIn.Forward(s.dial)
		}
		for _, front := range s.parting {
			addr, proxied := c.addrs[s]
			if !proxied {
				addr = s.Addr()
			}
			front.Serve(c.serial, addr)
		}
	}
}

// drained says that nothing is in flight to a generation that is to end.
type drainedEvent struct{ key commandKey }

// drainShare is how much of the time that a process has to end may pass in
// waiting for its answers, before it is told.
func drainShare(timeout time.Duration) time.Duration {
	return max(timeout/2, timeout-2*time.Second)
}

// drainGeneration takes a generation out of the fronts, and posts drainedEvent
// when what it was asked has been answered. It is false if there is no front.
func (l *loop) drainGeneration(c *command) bool {
	if len(c.doors) == 0 {
		return false
	}
	var fronts []*proxy.Front
	for s := range c.doors {
		if s.serving == c.serial {
			for _, front := range s.fronts() {
				front.Hold()
			}
			s.serving = 0
		}
		fronts = append(fronts, s.fronts()...)
	}
	ctx, cancel := context.WithTimeout(l.ctx, drainShare(l.graph.Nodes[c.key.node].Process.Stop.Timeout))
	key, serial := c.key, c.serial
	l.goroutine(func() {
		defer cancel()
		for _, f := range fronts {
			f.Drain(ctx, serial)
		}
		l.post(drainedEvent{key})
	})
	return true
}

// dropGeneration tells the fronts that a generation is gone, and how it ended.
func (l *loop) dropGeneration(c *command, end machine.End) {
	for s := range c.doors {
		cut := 0
		for _, front := range s.fronts() {
			cut += front.Drop(c.serial, killedFromOutside(end))
		}
		if s.serving == c.serial {
			s.serving = 0
		}
		if c.stop || c.kill || cut > 0 {
			s.cut = cut
		}
	}
}

// killedFromOutside tells whether somebody has ended a process by a signal that no
// fault of its own raises; a shell tells of such a signal by its exit code. The
// kernel is somebody too, when memory runs out.
func killedFromOutside(end machine.End) bool {
	switch end.Signal {
	case "SIGKILL", "SIGTERM", "SIGINT", "SIGHUP":
		return true
	}
	switch end.Code {
	case 128 + 9, 128 + 15, 128 + 2, 128 + 1:
		return true
	}
	return false
}
