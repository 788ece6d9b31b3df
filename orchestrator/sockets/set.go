package sockets

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"devloop/orchestrator/listenfd"
	"devloop/orchestrator/proxy"
	"devloop/schema"
)

// Options are what a Set needs from its owner.
type Options struct {
	// Post hands an event to the owner, who calls Handle with it. It is called by
	// other goroutines, and is false if the owner has ended.
	Post func(Event) (taken bool)

	// OnDisk starts a goroutine that may have to wait for a disk. The owner waits
	// for it at the end, but not for long.
	OnDisk func(func())

	// Notice tells people of something. It is called by the owner's goroutine.
	Notice func(text string)

	// Late says that a socket is bound whose file system has not responded for a
	// while. It is called by the owner's goroutine; nil: nobody wants to know.
	Late func(h *Held)

	// Waits says that a client has begun to wait at a proxied socket whose server is
	// down, once a second at most. It is called by the owner's goroutine; nil:
	// nobody wants to know.
	Waits func(h *Held)

	// Full is Notice for other goroutines. It does not block: false says that
	// nobody was told, and that it is to be tried again.
	Full func(text string) (told bool)
}

// Set is all sockets that are held. Its owner ends it with Close.
type Set struct {
	opt     Options
	ctx     context.Context // ends what waits for a generation
	joined  sync.WaitGroup
	room    *proxy.Room // of the clients of all sockets
	held    []*Held
	want    []*schema.Socket // those of the configuration
	leaving []*Held          // not in the configuration any more, but still in use
	paths   unixPaths
	grants  map[*Grant]struct{} // that have not been given back
	serials int                 // grants so far
}

// New makes a Set that holds nothing yet. ctx must have ended before Close.
func New(ctx context.Context, opt Options) *Set {
	s := &Set{opt: opt, ctx: ctx, grants: map[*Grant]struct{}{}}
	s.paths = unixPaths{onDisk: opt.OnDisk, post: func(do func()) bool { return opt.Post(Event{do}) }, notice: opt.Notice, late: s.boundLate,
		bindings: map[string]*binding{}, closing: map[string]chan struct{}{}}
	files := proxy.OpenFiles()
	most := proxy.ShareOf(files)
	s.room = proxy.NewRoom(most, func() (told bool) {
		return opt.Full(fmt.Sprintf("clients have %d connections open, the most that devloop allows with %d open files (`ulimit -n`); others wait, and idle ones are closed", most, files))
	})
	return s
}

// Event is something that a goroutine of a Set reports to its owner.
type Event struct{ handle func() }

// Handle takes in an event. It is called by the owner's goroutine.
func (s *Set) Handle(ev Event) { ev.handle() }

// Open binds the sockets that are wanted and not held yet: all of them or, with an error, none. Adopt makes
// them current; until then the caller has them. A unix socket whose file system does not respond is left out: it is
// held once it does. Open waits bindFor for that, at most.
func (s *Set) Open(want []*schema.Socket) (opened []*Held, err error) {
	var errs []error
	var deadline <-chan time.Time
	known := len(s.paths.bindings) // which have been waited for
	for _, cfg := range want {
		if s.find(cfg) == nil && cfg.Listen.Type == schema.Unix {
			s.paths.bind(Key(cfg), Spec(cfg))
		}
	}
	if len(s.paths.bindings) > known {
		timer := time.NewTimer(bindFor)
		defer timer.Stop()
		deadline = timer.C
	}
	for _, cfg := range want {
		if s.find(cfg) != nil {
			continue
		}
		bound, err := s.open(cfg, deadline)
		var hung unanswered
		if errors.As(err, &hung) && deadline == nil {
			continue
		}
		if errors.As(err, &hung) {
			s.opt.Notice(fmt.Sprintf("socket %s: %v; processes that need it wait until it does", cfg.Name, err))
			continue
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("socket %s: %w", cfg.Name, s.ownHolder(err, cfg, opened)))
			continue
		}
		h := &Held{Bound: Bound{bound, cfg.Listen}, set: s, cfg: cfg}
		opened = append(opened, h)
		if err := h.openFront(); err != nil {
			errs = append(errs, err)
		}
	}
	if err := errors.Join(errs...); err != nil {
		for _, h := range opened {
			_ = h.close() // the error to tell is the first one
		}
		return nil, err
	}
	return opened, nil
}

func (s *Set) open(cfg *schema.Socket, deadline <-chan time.Time) (*listenfd.Socket, error) {
	if cfg.Listen.Type == schema.Unix {
		return s.paths.await(Key(cfg), Spec(cfg), deadline)
	}
	return listenfd.Open(Spec(cfg))
}

// boundLate takes a socket whose file system has not responded for a while.
func (s *Set) boundLate(key string, bound *listenfd.Socket) (wanted bool) {
	for _, cfg := range s.want {
		if Key(cfg) != key {
			continue
		}
		h := &Held{Bound: Bound{bound, cfg.Listen}, set: s, cfg: cfg}
		s.held = append(s.held, h)
		if err := h.openFront(); err != nil {
			s.opt.Notice(err.Error())
		}
		if s.opt.Late != nil {
			s.opt.Late(h)
		}
		return true
	}
	return false
}

// missing is why a configured socket is not held. It begins to bind it again, if that has failed.
func (s *Set) missing(name string) error {
	for _, cfg := range s.want {
		if cfg.Name == name {
			s.paths.bind(Key(cfg), Spec(cfg))
			return fmt.Errorf("socket %s: %w", name, unanswered{cfg.Listen.Path})
		}
	}
	return fmt.Errorf("socket %s is not held", name)
}

// Adopt assigns held and newly bound sockets to the configuration. Release closes those that it no longer
// has, when their last user has ended.
func (s *Set) Adopt(want []*schema.Socket, opened []*Held) {
	held := slices.Concat(s.held, s.leaving, opened)
	s.held, s.leaving, s.want = nil, nil, want
	for _, cfg := range want {
		for j, h := range held {
			if h != nil && Key(h.cfg) == Key(cfg) {
				h.cfg, h.listen = cfg, cfg.Listen
				s.held, held[j] = append(s.held, h), nil
				h.matchPlaceholder()
				if cfg.Live == schema.LiveOff {
					h.endHub()
				}
				break
			}
		}
	}
	for _, h := range held {
		if h != nil {
			s.leaving = append(s.leaving, h)
		}
	}
}

// Release closes the sockets that are not used any more.
func (s *Set) Release() (released []*Held) {
	s.leaving = slices.DeleteFunc(s.leaving, func(h *Held) bool {
		if h.granted() {
			return false
		}
		h.dismiss()
		if err := h.endFront(); err != nil {
			s.opt.Notice(err.Error())
		}
		if h.Network() == listenfd.Unix {
			s.paths.close(h.Socket)
		} else if err := h.Close(); err != nil {
			s.opt.Notice(err.Error())
		}
		released = append(released, h)
		return true
	})
	return released
}

// Close lets go of everything, whoever has it, and waits for the goroutines of
// the Set.
func (s *Set) Close() error {
	s.joined.Wait()
	var errs []error
	for _, h := range slices.Concat(s.held, s.leaving) {
		errs = append(errs, h.close())
	}
	return errors.Join(errs...)
}

// All are the sockets of the configuration, in its order.
func (s *Set) All() []*Held { return s.held }

// Named is the socket of the configuration with this name; nil if there is none.
func (s *Set) Named(name string) *Held {
	for _, h := range s.held {
		if h.cfg.Name == name {
			return h
		}
	}
	return nil
}

// Misfits tells whether a socket that is held reaches its process in another way
// than the configuration asks for: by a proxy, or by inheritance.
func (s *Set) Misfits(cfg *schema.Socket) bool {
	held := s.find(cfg)
	return held != nil && held.misfits(cfg)
}

// Deadline is when the page of a server that is down takes the place of the wait
// for it, if nothing else happens.
func (s *Set) Deadline() (at time.Time, due bool) {
	for _, h := range s.held {
		if page, soon := h.pageDue(); soon && (!due || page.Before(at)) {
			at, due = page, true
		}
	}
	return at, due
}

// find is the socket that is bound where the configuration wants one; nil if
// there is none. One that is about to be let go will do.
func (s *Set) find(cfg *schema.Socket) *Held {
	for _, h := range slices.Concat(s.held, s.leaving) {
		if Key(h.cfg) == Key(cfg) {
			return h
		}
	}
	return nil
}

// ownHolder explains the error if this Set itself has the address, and otherwise how to take another port.
func (s *Set) ownHolder(err error, cfg *schema.Socket, opened []*Held) error {
	var inUse *listenfd.InUseError
	if !errors.As(err, &inUse) {
		return err
	}
	if inUse.Holder.PID != os.Getpid() {
		if inUse.Network == listenfd.Unix {
			return err
		}
		return &takenError{inUse, cfg}
	}
	for _, h := range slices.Concat(s.held, s.leaving, opened) {
		if h.Network() == inUse.Network && strings.HasSuffix(inUse.Addr, fmt.Sprintf(":%d", h.Port())) {
			return &overlapError{inUse, h}
		}
	}
	return err
}

// takenError is a port that another program has.
type takenError struct {
	*listenfd.InUseError
	cfg *schema.Socket
}

func (e *takenError) Unwrap() error { return e.InUseError }

// Hint says who has it, and how to take another one.
func (e *takenError) Hint() string {
	if name := e.cfg.PortVar(); name != "" {
		return fmt.Sprintf("%s; or take another port for once: `%s=%d devloop`", e.Clear(), name, e.cfg.Listen.Port+1)
	}
	return fmt.Sprintf("%s; or write another port at %s:%d (0 picks a free one), or under `sockets` in a devloop.local.yaml, which is for you alone",
		e.Clear(), e.cfg.Pos.File, e.cfg.Pos.Line)
}

// overlapError is an address that cannot be bound beside one that is held.
type overlapError struct {
	*listenfd.InUseError
	held *Held
}

func (e *overlapError) Error() string {
	return fmt.Sprintf("%s overlaps with %s, which this loop holds for socket %s", e.Addr, e.held.Addr(), e.held.Name())
}

func (e *overlapError) Unwrap() error { return e.InUseError }

func (e *overlapError) Hint() string {
	return "devloop binds a new socket before it closes the old one: restart devloop, or use another port"
}

// Spec is a configured socket as listenfd binds it.
func Spec(s *schema.Socket) listenfd.Spec {
	spec := listenfd.Spec{Name: s.Name, Host: s.Listen.Host, Port: s.Listen.Port, Path: s.Listen.Path,
		Backlog: s.Backlog, Mode: s.Mode}
	switch s.Listen.Type {
	case schema.UDP:
		spec.Network = listenfd.UDP
	case schema.Unix:
		spec.Network = listenfd.Unix
	default:
		spec.Network = listenfd.TCP
	}
	return spec
}

// Key identifies a socket by where it is bound, whatever its name. A port that the system chooses has no
// other key.
func Key(s *schema.Socket) string {
	spec := Spec(s)
	if spec.Network != listenfd.Unix && spec.Port == 0 {
		return fmt.Sprintf("%s %s %s", spec.Network, spec.Host, s.Name)
	}
	return fmt.Sprintf("%s %s %d %s", spec.Network, spec.Host, spec.Port, spec.Path)
}
