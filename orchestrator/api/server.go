// Package api answers on the control socket of a running loop: docs/control.md is
// its protocol. It asks the loop through a small interface, and hands out copies.
package api

import (
	"context"
	"errors"
	"net/http"
	"os"
	"sync"

	"devloop/orchestrator/control"
	"devloop/orchestrator/journal"
	"devloop/orchestrator/machine"
	"devloop/orchestrator/procgroup"
	"devloop/orchestrator/report"
)

// Loop is the running loop. Nodes go by the names that they have in the
// configuration in force.
type Loop interface {
	// Ask runs a question in the loop's goroutine, which owns everything, and waits
	// for it. A question may not block, and what it hands out must be a copy. The
	// error is that the context or the loop has ended first.
	Ask(ctx context.Context, question func()) error

	// The rest is called by questions.

	Names() []string
	Kind(node string) string // "watcher" or "process"; "" if there is no such node

	Status() control.Status
	Wake(node string) control.Wake
	Diagnostics(node string) ([]control.Diagnostic, []control.Unplaced)
	Terminal(node string) Terminal

	// Closed is why commands by hand are not taken now, ErrStarting or ErrEnding; nil
	// if they are.
	Closed() error
	ByHand(verb machine.Verb, nodes []string) []control.Moved

	// Await has answer called once, when everything that any save until now could
	// cause is done, to the nodes and all they depend on (none: to every node), or
	// cannot be done any more; never after forget, which is a question, too.
	Await(nodes []string, answer func(control.Verdict)) (forget func())

	// Login makes the ways into the dashboard, in any goroutine; nil if there is none.
	Login() (make func() control.Login)

	// Down begins the end of the loop, once: who asks again does not hurry it.
	Down()
}

// Terminal is that of a process's youngest generation.
type Terminal struct {
	Configured bool // the process is to have one
	Running    bool // there is a generation
	*procgroup.Terminal
}

// Options are what a Server needs beside the loop.
type Options struct {
	Loop    Loop
	Log     *report.Log // used by questions only
	Journal *journal.Journal

	// Writes takes a file as devloop's own until it is over; control.FileID names it.
	Writes func(file string) (over func())
}

// Why a loop does not take what is asked of it.
var (
	ErrStarting = errors.New("the loop is starting")
	ErrEnding   = errors.New("the loop is stopping")
)

// Server answers requests.
type Server struct {
	ctx      context.Context // ends with the loop
	loop     Loop
	log      *report.Log
	journal  *journal.Journal
	writes   func(file string) (over func())
	server   *control.Server // nil if nobody can ask
	attached sync.WaitGroup  // connections that were given over
}

// New makes a Server that nobody can ask yet. ctx must have ended before Close.
func New(ctx context.Context, opt Options) *Server {
	return &Server{ctx: ctx, loop: opt.Loop, log: opt.Log, journal: opt.Journal, writes: opt.Writes}
}

// Close ends every connection, and waits for those who answer.
func (s *Server) Close() (err error) {
	if s.server != nil {
		err = s.server.Close()
	}
	s.attached.Wait()
	return err
}

// refusal is why a request cannot be met.
type refusal struct {
	code      int
	msg, hint string
}

// asked asks a question for a request. If it cannot be asked, or refuses, the
// request is answered, and asked is false.
func (s *Server) asked(w http.ResponseWriter, r *http.Request, question func() *refusal) bool {
	var no *refusal
	if err := s.loop.Ask(r.Context(), func() { no = question() }); err != nil {
		no = &refusal{http.StatusServiceUnavailable, err.Error(), ""}
	}
	if no != nil {
		control.Refuse(w, no.code, no.msg, no.hint)
	}
	return no == nil
}

func (s *Server) answerStatus(w http.ResponseWriter, r *http.Request) {
	var status control.Status
	if s.asked(w, r, func() *refusal { status = s.loop.Status(); return nil }) {
		control.Reply(w, status)
	}
}

func (s *Server) answerWake(w http.ResponseWriter, r *http.Request) {
	name := r.URL.Query().Get("node")
	var wake control.Wake
	if s.asked(w, r, func() *refusal {
		if s.loop.Kind(name) == "" {
			return s.unknown(name)
		}
		wake = s.loop.Wake(name)
		return nil
	}) {
		control.Reply(w, wake)
	}
}

// answerDiffering names the variables that have another value here than the client
// says of its own. No value leaves the loop, nor a fingerprint of one.
func (s *Server) answerDiffering(w http.ResponseWriter, r *http.Request) {
	control.Reply(w, control.Differing{PID: os.Getpid(), Names: control.ReadVariables(r.URL.Query()).Differing(os.LookupEnv)})
}
