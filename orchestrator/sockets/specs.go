package sockets

import (
	"errors"
	"fmt"
	"strconv"

	"devloop/orchestrator/listenfd"
	"devloop/schema"
)

// Bind binds one socket of a configuration beside a Set. The caller closes it.
func Bind(cfg *schema.Socket) (Bound, error) {
	s, err := listenfd.Open(Spec(cfg))
	return Bound{s, cfg.Listen}, err
}

// SpecOptions say how sockets are bound that come from a spec alone.
type SpecOptions struct {
	Backlog int  // how many connections may wait; 0: the system's maximum
	NoReuse bool // without SO_REUSEADDR
}

// OpenSpecs binds sockets from specs such as "http::3000", all or none. Their
// names are their numbers, from 0. The caller closes them.
func OpenSpecs(specs []string, opt SpecOptions) (bound []Bound, err error) {
	listens := make([]schema.Listen, len(specs))
	for i, text := range specs {
		if listens[i], err = schema.ParseListen(text); err != nil {
			return nil, err
		}
	}
	if first, second := schema.Clash(listens); second != nil {
		return nil, &schema.Error{Msg: fmt.Sprintf("the sockets %s and %s share one address, %s", first.Text, second.Text, second.Addr()),
			Hint: "remove one of them, or use another port (0 picks a free one)"}
	}
	defer func() {
		if err != nil {
			for _, b := range bound {
				err = errors.Join(err, b.Close())
			}
			bound = nil
		}
	}()
	for i, listen := range listens {
		spec := Spec(&schema.Socket{Name: strconv.Itoa(i), Listen: listen, Backlog: opt.Backlog, Mode: 0o600})
		spec.NoReuse = opt.NoReuse
		s, err := listenfd.Open(spec)
		if err != nil {
			return bound, fmt.Errorf("socket %s: %w", listen.Text, err)
		}
		bound = append(bound, Bound{s, listen})
	}
	return bound, nil
}
