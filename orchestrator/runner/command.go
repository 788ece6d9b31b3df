package runner

import (
	"devloop/orchestrator/console"
	"devloop/orchestrator/diagnostics"
	"devloop/orchestrator/procgroup"
	"devloop/orchestrator/reuse"
	"devloop/orchestrator/sockets"
	"devloop/schema"
)

// Whole is the stage in a Key of a generation of a process.
const Whole = -1

// Key names one command: a stage of a node's run, or a generation of a process.
type Key struct{ Node, Num, Stage int }

// Command is one command, from its start until it is gone. Its query methods may be called on nil.
type Command struct {
	Key   Key
	Spool *console.Spool // a stage's output, unless it is streamed; closed by the receiver of Exited

	Diagnostics *diagnostics.Reader // of a stage's output

	*generation // of a process; nil of a stage
	*earlier    // of a stage with `reuse`, else nil

	remote *remote // of a stage that runs on an engine, else nil

	name    string
	group   *procgroup.Group // nil until it has started
	prepare func() error     // what must be done before the start, and may have to wait for a disk
	givenUp *latch           // set when the start is not waited for any more
	stop    bool             // asked to end, perhaps before it had started
	kill    bool
	gone    bool
	wanted  wanted // what it runs

	Because string // what made a process fail, where that is known; set before Exited
}

// generation is what a process has and a stage has not.
type generation struct {
	process   *schema.Process // as it was when it was started
	grant     *sockets.Grant  // its sockets
	readiness *readiness
	advised   bool   // what it does wrong with its sockets has been reported
	wrapper   string // see program
	hint      string // what to do about Because
}

// asked tells whether it was told to end.
func (c *Command) asked() bool { return c.stop || c.kill }

// PID is that of the leader; the command has started.
func (c *Command) PID() int { return c.group.PID() }

// SelfReport is what a process has said of itself by notifications; "" if nothing.
func (c *Command) SelfReport() string {
	if c == nil {
		return ""
	}
	return c.readiness.told.String()
}

// LastCheck is the result of the last check of a process that is not ready; "" if nothing.
func (c *Command) LastCheck() string {
	if c == nil {
		return ""
	}
	return c.readiness.lastCheck.String()
}

// beforeSignal records what is in flight on a process's sockets just before a signal.
func (c *Command) beforeSignal(name string) {
	if c.generation == nil {
		return
	}
	sig, err := procgroup.ParseSignal(name)
	fatal := err == nil
	if fatal {
		caught, err := c.group.Catches(sig)
		fatal = err == nil && !caught
	}
	c.grant.BeforeSignal(fatal)
}

// Earlier is what is known of a stage's earlier passes, once it has ended: the one that stood for it, if one did.
func (c *Command) Earlier() (*reuse.Hit, reuse.Outcome) {
	if c.earlier == nil {
		return nil, reuse.Outcome{}
	}
	return c.attempt.Hit(), c.outcome
}

// forgo ends what goes on beside a stage that is told to end, or has ended.
func (c *Command) forgo() {
	if c != nil && c.earlier != nil {
		c.cancel()
	}
}
