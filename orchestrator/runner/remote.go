package runner

import (
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"sync"

	"devloop/orchestrator/procgroup"
	"devloop/orchestrator/reapi"
	"devloop/orchestrator/remoteexec"
	"devloop/orchestrator/reuse"
	"devloop/schema"
)

// engines has the engine that stages with `remote: true` run on. The owner's goroutine uses it.
type engines struct{ now *engine }

// engine is an engine as the configuration has it.
type engine struct {
	*remoteexec.Engine
	config schema.Remote
	host   string
	here   chan struct{} // has a place for each stage that may run here because the engine is away
	users  sync.WaitGroup
	told   bool // that it is away; the owner's goroutine uses it
}

// at is the engine of the configuration. The caller calls users.Done when it does not need it any more.
func (e *engines) at(o *owner, config *schema.Remote, jobs int) *engine {
	if e.now == nil || !reflect.DeepEqual(e.now.config, *config) || cap(e.now.here) != jobs {
		e.retire(o)
		headers := make(map[string]string, len(config.Headers))
		for _, h := range config.Headers {
			headers[h.Name] = h.Value
		}
		e.now = &engine{Engine: remoteexec.New(remoteexec.Config{Address: config.Execute, Instance: config.Instance, Headers: headers}),
			config: *config, host: config.Execute, here: make(chan struct{}, jobs)}
		if u, err := url.Parse(config.Execute); err == nil {
			e.now.host = u.Host
		}
	}
	e.now.users.Add(1)
	return e.now
}

// retire closes the engine when nobody uses it any more.
func (e *engines) retire(o *owner) {
	if old := e.now; old != nil {
		e.now = nil
		o.joined.Go(func() {
			old.users.Wait()
			_ = old.Close() // nothing is left to do there
		})
	}
}

// stage prepares a stage for the engine; nil if it does not run there.
func (e *engines) stage(o *owner, cfg *schema.Config, node int, stage *schema.Stage) *remote {
	if !stage.Remote || cfg.Remote == nil || cfg.Remote.Execute == "" {
		return nil
	}
	return &remote{owner: o, engine: e.at(o, cfg.Remote, cfg.Jobs), node: node, name: stage.Name}
}

// platform is what the configuration says of the engine's machines.
func platform(cfg *schema.Config) (all []reapi.Property) {
	if cfg.Remote != nil {
		for _, p := range cfg.Remote.Platform {
			all = append(all, reapi.Property{Name: p.Name, Value: p.Value})
		}
	}
	return all
}

// remote is what a stage has that runs on an engine.
type remote struct {
	owner   *owner
	engine  *engine
	node    int
	name    string
	givenUp <-chan struct{} // closed when a disk that hangs is not waited for any more
	there   bool            // it has run there, and not here instead
	inHere  bool            // it has a place of those that run here
	doing   string          // what the engine does for it; the owner's goroutine uses it
}

// leave ends the use of the engine.
func (m *remote) leave() {
	if m == nil {
		return
	}
	if m.inHere {
		<-m.engine.here
	}
	m.engine.users.Done()
}

// ranThere tells whether what has ended has run on an engine.
func (m *remote) ranThere() bool { return m != nil && m.there }

var errUnreadable = errors.New("what it reads cannot be sent")

// run runs a stage on its engine. It has not ended if it has to run here instead.
func (m *remote) run(x *earlier, output func(procgroup.Block), givenUp <-chan struct{}) (exit procgroup.Exit, ended bool) {
	m.givenUp = givenUp
	fresh := x.fresh || x.reuser.Off()
	result, err := m.execute(x, output, fresh)
	for try := 0; try < mostSends && errors.Is(err, remoteexec.ErrInputs) && x.ctx.Err() == nil; try++ {
		if x.begin(m.owner, true, m.givenUp); x.attempt != nil {
			result, err = m.execute(x, output, fresh)
		}
	}
	if err != nil && result != nil && result.Cached && x.ctx.Err() == nil { // the engine does not have all of it any more
		result, err = m.execute(x, output, true)
	}
	away := errors.Is(err, remoteexec.ErrAway) || errors.Is(err, errUnreadable)
	switch {
	case x.ctx.Err() != nil:
		return procgroup.Exit{Code: -1, Err: errNotStarted}, true
	case away && m.engine.config.Fallback == schema.FallbackLocal:
		return m.insteadHere(x, err)
	}
	m.there = true
	if err != nil {
		return procgroup.Exit{Code: -1, Err: fmt.Errorf("%s: %w", m.engine.host, err)}, true
	}
	m.owner.post(func() { m.engine.told = false })
	if exit.Code = int(result.ExitCode); exit.Code != 0 {
		attempt := x.attempt
		_ = m.outcome(x, func() (reuse.Outcome, error) { return attempt.Failed(x.ctx), nil })
	}
	return exit, true
}

// mostSends is how often inputs are read again that changed while they were sent.
const mostSends = 3

// execute lets the engine run a stage, and brings back what it has made. With an error, there is a result only if it could not
// be brought back.
func (m *remote) execute(x *earlier, output func(procgroup.Block), fresh bool) (*remoteexec.Result, error) {
	action, blobs, open := x.attempt.Work()
	if action.IsZero() {
		return nil, errUnreadable
	}
	x.printed = reuse.Printed{}
	stdout, stderr := procgroup.NewLines(output), procgroup.NewLines(output)
	result, err := m.engine.Run(x.ctx, remoteexec.Work{Action: action, Blobs: blobs, Open: open, Fresh: fresh}, remoteexec.Follow{
		Progress: func(p remoteexec.Progress) {
			m.owner.post(func() { m.doing = p.String() + " on " + m.engine.host })
		},
		Stdout: stdout, Stderr: stderr})
	stdout.Finish()
	stderr.Finish()
	if err != nil || result.ExitCode != 0 {
		return result, err
	}
	from, err := m.engine.Blobs()
	if err == nil {
		cachedAt := ""
		if result.Cached {
			cachedAt = m.engine.host
		}
		attempt := x.attempt
		err = m.outcome(x, func() (reuse.Outcome, error) {
			return attempt.Ran(x.ctx, result.ActionResult, &x.printed, from, cachedAt)
		})
	}
	if err != nil {
		err = fmt.Errorf("bring back what it has made: %w", err)
	}
	return result, err
}

// outcome finds out what is known of the stage from now on. A disk that hangs is not waited for for long when it is to end.
func (m *remote) outcome(x *earlier, find func() (reuse.Outcome, error)) error {
	type end struct {
		outcome reuse.Outcome
		err     error
	}
	found := make(chan end, 1)
	m.owner.onDisk(func() {
		outcome, err := find()
		found <- end{outcome, err}
	})
	select {
	case is := <-found:
		x.outcome = is.outcome
		return is.err
	case <-m.givenUp:
		x.attempt = nil
		return errHangs
	}
}

// insteadHere waits for a place among the stages that run here because the engine is away. What passes here is not kept: the
// engine's machines may be others.
func (m *remote) insteadHere(x *earlier, why error) (exit procgroup.Exit, ended bool) {
	x.attempt = nil
	m.owner.post(func() {
		if m.doing = ""; !m.engine.told {
			m.engine.told = true
			m.owner.advice(m.node, fmt.Sprintf("%s: %v; stages run here until it is back", m.engine.host, why), "`fallback: fail` in `remote` lets them fail instead")
		}
	})
	select {
	case m.engine.here <- struct{}{}:
		m.inHere = true
		return exit, false
	case <-x.ctx.Done():
		return procgroup.Exit{Code: -1, Err: errNotStarted}, true
	}
}
