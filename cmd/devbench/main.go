// Command devbench measures devloop from outside, beside what else is on this
// machine, and prints Markdown tables:
//
//	go run ./cmd/devbench latency              from a save to a run, beside other watchers
//	go run ./cmd/devbench storm                ten thousand files at once
//	go run ./cmd/devbench ready,ignored        from the start until nothing is missed, in a large tree
//	go run ./cmd/devbench idle                 what it costs to do nothing
//	go run ./cmd/devbench restarts,killed,bad  what clients see while servers are replaced
//	go run ./cmd/devbench burst                connections that meet no server
//	go run ./cmd/devbench beside               beside the tools that people of each stack use today
//	go run ./cmd/devbench cost                 what the proxy adds to an answer
//	go run ./cmd/devbench output               how fast output goes through
//	go run ./cmd/devbench commands             what a command costs beside thousands of foreign processes
//	go run ./cmd/devbench reuse                what earlier passes save, and what it costs to look for them
//
// Verbs with a comma between them are measured in one run, as what is compared has
// to be: figures of two machines or of two afternoons cannot be compared. `devbench
// VERB -h` lists the flags.
//
// It works in a temporary directory and on 127.0.0.1, ends only what it started, and
// leaves nothing behind. It changes no setting of the system, installs nothing and
// talks to no network.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"devloop/cmd/devbench/beside"
	"devloop/cmd/devbench/commands"
	"devloop/cmd/devbench/harness"
	"devloop/cmd/devbench/output"
	"devloop/cmd/devbench/reusing"
	"devloop/cmd/devbench/swapping"
	"devloop/cmd/devbench/watching"
)

var parts = []harness.Part{watching.Part, swapping.Part, beside.Part, output.Part, commands.Part, reusing.Part}

func main() {
	for _, p := range parts {
		if done, code := p.Help(os.Args[1:]); done {
			os.Exit(code)
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintf(os.Stderr, "devbench: error: %v\n", err)
		os.Exit(1)
	}
}

// run measures what args ask for: verbs, then flags.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) == 0 {
		return fmt.Errorf("say what to measure: %s", strings.Join(known(), ", "))
	}
	verbs := strings.Split(args[0], ",")
	for _, p := range parts {
		if !slices.Contains(p.Verbs, verbs[0]) {
			continue
		}
		for _, verb := range verbs {
			if !slices.Contains(p.Verbs, verb) {
				return fmt.Errorf("%s is not measured together with %s: that goes with %s", verb, verbs[0], strings.Join(p.Verbs, ", "))
			}
		}
		return p.Run(ctx, verbs, args[1:], stdout, stderr)
	}
	return fmt.Errorf("%s: it is one of %s", verbs[0], strings.Join(known(), ", "))
}

func known() (verbs []string) {
	for _, p := range parts {
		verbs = append(verbs, p.Verbs...)
	}
	return verbs
}
