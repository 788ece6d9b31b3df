package orchestrator

import (
	"os"
	"time"

	"devloop/orchestrator/console"
	"devloop/orchestrator/control"
	"devloop/orchestrator/graph"
	"devloop/orchestrator/guardian"
	"devloop/orchestrator/machine"
	"devloop/orchestrator/report"
	"devloop/schema"
)

// Options are what a loop needs from its surroundings.
type Options struct {
	Config  *schema.Config
	Graph   *graph.Graph // derived from Config
	Console *console.Console
	Environ []string // what commands inherit
	Self    string   // the devloop executable, which sets LISTEN_PID for a child and becomes it

	Mode
	Poll   *time.Duration // instead of the configuration's poll, if not nil
	Stream bool           // show the output of stages as it comes, not only when one fails
	Color  bool           // what commands write is shown with its colours
	Kept   int            // bytes of output kept of each node; 0: journal.DefaultLimit

	// Reload loads the configuration again, and derives its graph; nil: it is not read again. Its error is
	// shown, and changes nothing. sources are the files whose change may lead to another result, also if the
	// load failed.
	Reload func() (cfg *schema.Config, g *graph.Graph, sources []string, err error)

	Hooks report.Hooks
	Style report.Style

	// Signals end the loop: the first in order, the second at once. The exit
	// code of an interrupted loop is SignalCode.
	Signals    <-chan os.Signal
	SignalCode int

	// Requests are commands made by hand; may be nil.
	Requests <-chan Request

	// Own are the files that the caller writes the loop's output to: writing them is not a change, wherever
	// they are.
	Own []os.FileInfo

	// Terminal has modes that the guardian restores if the loop ends suddenly; may be nil.
	Terminal *Terminal

	// Ran gets what has become of a loop that runs Once, at its end; it has room, or is nil.
	Ran chan<- control.Ran

	// Control is the control socket; may be nil. The caller closes it after Run.
	Control *control.Claim
}

// Mode is what a loop does, and what it does not do.
type Mode struct {
	Once    bool // run every watcher one time, then end
	NoWatch bool // start everything, but act on no change
	NoReuse bool // every stage runs, whatever it has passed with before, and nothing is kept
}

// Terminal is a terminal whose modes the caller of Run has changed and restores.
type Terminal = guardian.Terminal

// Request is a command made by hand for a node, or for every node that the
// verb fits if Node is ""; or a key of the terminal, see keys.go.
type Request struct {
	Verb machine.Verb
	Node string

	Key   byte         // instead of a verb; 0: none
	Found chan<- Found // of a key that asks for something; it has room
}

// Found is what a key has asked for; it may be zero.
type Found struct {
	Problem *report.Problem
	URL     string
}

// polling is how often to look at everything where there are no events to rely on; nil if there are.
func (o *Options) polling(cfg *schema.Config) *time.Duration {
	if o.Poll != nil {
		return o.Poll
	}
	return cfg.Poll
}
