package orchestrator

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"

	"devloop/orchestrator/api"
	"devloop/orchestrator/control"
	"devloop/orchestrator/dashboard"
	"devloop/orchestrator/listenfd"
	"devloop/orchestrator/report"
	"devloop/orchestrator/sockets"
	"devloop/schema"
)

// answers are the ways to ask the loop.
type answers struct {
	api       *api.Server
	dashboard *dashboards
}

// close ends both.
func (a *answers) close() error { return errors.Join(a.api.Close(), a.dashboard.close()) }

// dashboards have the dashboard on the port that the configuration gives it, if it does.
type dashboards struct {
	api    http.Handler
	graph  func(context.Context) (dashboard.Graph, error)
	live   func(socket string) http.Handler
	claim  *control.Claim // nil: there is no dashboard
	screen *report.Screen
	now    *served // nil: there is none
	ending sync.WaitGroup
}

// served is a dashboard on its port.
type served struct {
	sockets.Bound
	at     *schema.Socket
	ln     net.Listener
	server *dashboard.Server
}

// open binds the dashboard of a configuration, and answers nobody yet; nil if it has none.
func (d *dashboards) open(at *schema.Socket) (*served, error) {
	if at == nil {
		return nil, nil
	}
	if d.claim == nil {
		d.screen.Notice("there is no dashboard, because there is no control socket")
		return nil, nil
	}
	bound, err := sockets.Bind(at)
	if err != nil {
		var inUse *listenfd.InUseError
		if errors.As(err, &inUse) {
			err = dashboardTaken{inUse}
		}
		return nil, fmt.Errorf("dashboard: %w", err)
	}
	ln, err := net.FileListener(bound.File())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("dashboard: %w", err), bound.Close())
	}
	return &served{bound, at, ln, dashboard.New(dashboard.Options{API: d.api, Graph: d.graph, Live: d.live, Project: filepath.Base(d.claim.Dir()), Key: d.claim.Key(), Host: at.Listen.Host})}, nil
}

// dashboardOf is the address of a configuration's dashboard, as a socket; nil if it has none.
func dashboardOf(cfg *schema.Config, once bool) *schema.Socket {
	if cfg.Dashboard == nil || once {
		return nil
	}
	s := &schema.Socket{Name: "dashboard", Listen: *cfg.Dashboard}
	s.Listen.Type = schema.HTTP // what is written as tcp, is for browsers, too
	return s
}

// dashboardTaken is a port that another program has, or this loop.
type dashboardTaken struct{ *listenfd.InUseError }

func (e dashboardTaken) Unwrap() error { return e.InUseError }

// Hint says who has it, and how to take another one.
func (e dashboardTaken) Hint() string {
	if e.Holder.PID == os.Getpid() {
		return "this loop has it: restart devloop, or use another port"
	}
	return e.Clear() + "; or write another port as `dashboard` (0 picks a free one), or in a devloop.local.yaml, which is for you alone"
}

// serve begins to answer.
func (d *dashboards) serve() {
	if d.now != nil {
		d.screen.Dashboard(d.now.String())
		d.now.server.Serve(d.now.ln)
	}
}

// close ends it. It waits for those who answer, a moment at most.
func (d *dashboards) close() error {
	d.ending.Wait()
	return d.now.close()
}

func (s *served) close() error {
	if s == nil {
		return nil
	}
	err := s.server.Close()
	_ = s.ln.Close() // the server may have closed it
	return errors.Join(err, s.Close())
}

// move binds the dashboard where another configuration wants it, if that is another address. adopt takes it, and ends the
// one of before; drop gives it up.
func (d *dashboards) move(at *schema.Socket) (adopt func(), drop func() error, err error) {
	before := d.now
	if before == nil && at == nil || before != nil && at != nil && sockets.Key(before.at) == sockets.Key(at) {
		return func() {}, func() error { return nil }, nil
	}
	next, err := d.open(at)
	return func() {
		if before != nil {
			_ = errors.Join(before.ln.Close(), before.Close()) // nobody gets in any more
			d.screen.Released("dashboard", before.Address())
			d.ending.Go(func() { _ = before.close() }) // nobody needs what it says
		}
		d.now = next
		d.serve()
	}, func() error { return next.close() }, err
}

// address is where the dashboard is; "" if there is none.
func (d *dashboards) address() string {
	if d.now == nil {
		return ""
	}
	return d.now.Address() + "/"
}

// login makes the ways into it, in any goroutine: the key is in a file. It is nil if there is none.
func (d *dashboards) login() func() control.Login {
	if d.now == nil {
		return nil
	}
	at, server := d.address(), d.now.server
	return func() control.Login {
		always, once := server.Login()
		return control.Login{Address: at, Always: at + always, Once: at + once}
	}
}
