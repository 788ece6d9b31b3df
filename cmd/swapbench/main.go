// Command swapbench measures what clients see while servers are replaced under
// devloop, beside the least that a supervisor can do, and prints Markdown tables:
//
//	go run ./cmd/swapbench
//	go run ./cmd/swapbench -only restarts -restarts 1000
//
// Every part compares within one run, because figures of two machines or of two
// afternoons cannot be compared. It works in a temporary directory and on
// 127.0.0.1, ends only what it started, and leaves nothing behind. It changes no
// setting of the system, installs nothing and talks to no network.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() {
	if done, code := helper(os.Args); done {
		os.Exit(code)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintf(os.Stderr, "swapbench: error: %v\n", err)
		os.Exit(1)
	}
}

// helper does what this executable does when it is not the bench itself but
// something that the bench, or devloop for it, started.
func helper(args []string) (done bool, code int) {
	if len(args) < 2 {
		return false, 0
	}
	var err error
	switch args[1] {
	case "__server":
		err = server()
	case "__late":
		err = late(args[2:])
	case "__reverseproxy":
		err = reverseProxy(args[2:])
	default:
		return false, 0
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "swapbench: %s: %v\n", args[1], err)
		return true, 1
	}
	return true, 0
}

// parts are what can be measured, in the order of the report.
var parts = []string{"restarts", "killed", "bad", "cost", "burst"}

// settings are the flags.
type settings struct {
	only     []string
	via      []string
	update   []string
	servers  []string
	devloop  string
	clients  int
	restarts int
	period   time.Duration
	delay    time.Duration
	calm     time.Duration
	kills    int
	bad      int
	bursts   int
	held     int
	gap      time.Duration
	rounds   int
	slice    time.Duration
	verbose  bool
}

func parse(args []string, stderr io.Writer) (settings, error) {
	var s settings
	var only, via, update, servers string
	f := flag.NewFlagSet("swapbench", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&only, "only", "", "only these parts: "+strings.Join(parts, ","))
	f.StringVar(&via, "via", "inherit,proxy", "how the server gets its connections")
	f.StringVar(&update, "update", "stop-first,start-first", "in which order a server is replaced")
	f.StringVar(&servers, "servers", "go,node,asyncio,rust", "whose burst is measured")
	f.StringVar(&s.devloop, "devloop", "", "the devloop to measure (default: built from this module)")
	f.IntVar(&s.clients, "clients", 16, "clients that never rest; half of them keep their connection")
	f.IntVar(&s.restarts, "restarts", 100, "restarts in each case of the part restarts")
	f.DurationVar(&s.period, "period", 500*time.Millisecond, "time from one restart to the next")
	f.DurationVar(&s.delay, "delay", 20*time.Millisecond, "how long the server works on an answer")
	f.DurationVar(&s.calm, "calm", 10*time.Second, "how long the load lasts without restarts")
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
	if f.NArg() > 0 {
		return s, fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	for _, list := range []struct {
		name, text string
		known      []string
		to         *[]string
	}{
		{"only", only, parts, &s.only},
		{"via", via, []string{"inherit", "proxy"}, &s.via},
		{"update", update, []string{"stop-first", "start-first"}, &s.update},
		{"servers", servers, []string{"go", "node", "asyncio", "rust"}, &s.servers},
	} {
		*list.to = strings.FieldsFunc(list.text, func(r rune) bool { return r == ',' || r == ' ' })
		if len(*list.to) == 0 {
			*list.to = list.known
		}
		for _, name := range *list.to {
			if !slices.Contains(list.known, name) {
				return s, fmt.Errorf("-%s %s: it is one of %s", list.name, name, strings.Join(list.known, ", "))
			}
		}
	}
	for name, n := range map[string]int{"clients": s.clients, "restarts": s.restarts, "kills": s.kills, "bad": s.bad, "bursts": s.bursts, "held": s.held, "rounds": s.rounds} {
		if n < 1 || n > 10000 {
			return s, fmt.Errorf("-%s %d: it is from 1 to 10000", name, n)
		}
	}
	return s, nil
}

// run measures what args ask for.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	s, err := parse(args, stderr)
	if err != nil {
		return err
	}
	if runtime.GOOS == "windows" {
		return fmt.Errorf("swapbench hands sockets over: %w on this system", errors.ErrUnsupported)
	}
	b, err := newBench(ctx, s, stdout, stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	b.machine()
	measure := map[string]func() error{
		"restarts": b.restarts, "killed": b.killed, "bad": b.bad, "cost": b.cost, "burst": b.burst,
	}
	for _, part := range parts {
		if !slices.Contains(s.only, part) {
			continue
		}
		if err := measure[part](); err != nil {
			return fmt.Errorf("measure %s: %w", part, err)
		}
	}
	return nil
}
