// Package swapping measures what clients see while servers are replaced under
// devloop, beside the least that a supervisor can do.
package swapping

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"time"

	"devloop/cmd/devbench/harness"
)

// Part is what can be measured.
var Part = harness.Part{
	Verbs: verbs,
	Run:   run,
	Helpers: map[string]func([]string) error{
		"__server": func([]string) error { return server() }, "__late": late, "__reverseproxy": reverseProxy,
	},
}

var verbs = []string{"restarts", "killed", "bad", "cost", "burst"}

func parse(args []string, stderr io.Writer) (settings, error) {
	f := harness.NewFlags(stderr, verbs...)
	s := settings{Flags: f}
	var via, update, servers string
	f.StringVar(&via, "via", "inherit,proxy", "how the server gets its connections")
	f.StringVar(&update, "update", "stop-first,start-first", "in which order a server is replaced")
	f.StringVar(&servers, "servers", "go,node,asyncio,rust", "whose burst is measured")
	f.IntVar(&s.clients, "clients", 16, "clients that never rest; half of them keep their connection")
	f.IntVar(&s.restarts, "restarts", 100, "restarts in each case of the part restarts")
	f.DurationVar(&s.period, "period", 500*time.Millisecond, "time from one restart to the next")
	f.DurationVar(&s.delay, "delay", 20*time.Millisecond, "how long the server works on an answer")
	f.DurationVar(&s.quiet, "calm", 10*time.Second, "how long the load lasts without restarts")
	f.IntVar(&s.kills, "kills", 200, "restarts in the part killed")
	f.IntVar(&s.bad, "bad", 20, "versions that crash or hang in the part bad")
	f.IntVar(&s.bursts, "bursts", 10, "restarts of each server in the part burst")
	f.IntVar(&s.held, "held", 200, "connections in a burst")
	f.DurationVar(&s.gap, "gap", time.Second, "how long a burst meets no server")
	f.IntVar(&s.rounds, "rounds", 5, "rounds of the part cost")
	f.DurationVar(&s.slice, "slice", 3*time.Second, "how long each proxy is loaded in a round, twice")
	f.BoolVar(&s.verbose, "v", false, "show what devloop prints")
	if err := f.Parse(args); err != nil {
		return s, err
	}
	for _, list := range []struct {
		name, text string
		known      []string
		to         *[]string
	}{
		{"via", via, []string{"inherit", "proxy"}, &s.via},
		{"update", update, []string{"stop-first", "start-first"}, &s.update},
		{"servers", servers, []string{"go", "node", "asyncio", "rust"}, &s.servers},
	} {
		var err error
		if *list.to, err = harness.Names(list.name, list.text, list.known); err != nil {
			return s, err
		}
	}
	for name, n := range map[string]int{"clients": s.clients, "restarts": s.restarts, "kills": s.kills, "bad": s.bad, "bursts": s.bursts, "held": s.held, "rounds": s.rounds} {
		if n < 1 || n > 10000 {
			return s, fmt.Errorf("-%s %d: it is from 1 to 10000", name, n)
		}
	}
	return s, nil
}

// run measures what asked names; args are the flags.
func run(ctx context.Context, asked, args []string, stdout, stderr io.Writer) (err error) {
	s, err := parse(args, stderr)
	if err != nil {
		return err
	}
	if runtime.GOOS == "windows" {
		return fmt.Errorf("sockets are handed over: %w on this system", errors.ErrUnsupported)
	}
	b := &bench{settings: s}
	if b.Bench, err = s.Begin(ctx, "", stdout, stderr); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	measure := map[string]func() error{
		"restarts": b.restarts, "killed": b.killed, "bad": b.bad, "cost": b.cost, "burst": b.burst,
	}
	for _, verb := range verbs {
		if !slices.Contains(asked, verb) {
			continue
		}
		if err := measure[verb](); err != nil {
			return fmt.Errorf("measure %s: %w", verb, err)
		}
	}
	return nil
}
