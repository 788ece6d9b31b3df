// Package reuse lets an earlier pass stand for a stage that would run with the same inputs: it makes the key of the
// stage, looks it up, puts outputs back, and keeps what passes. The key is the digest of an Action of the Remote
// Execution API, so that caches of others, and engines, know it too.
//
// Whatever goes wrong here, the stage runs.
package reuse

import (
	"context"
	"io"
	"sync"
	"time"

	"devloop/orchestrator/cas"
	"devloop/orchestrator/inputs"
	"devloop/orchestrator/reapi"
	"devloop/schema"
)

// Remote is a cache that others share. See remotecache.Cache.
type Remote interface {
	Result(ctx context.Context, key reapi.Digest) (*reapi.ActionResult, error)
	Blobs(ctx context.Context, digests []reapi.Digest, put func(reapi.Digest, io.Reader) error) error
	Missing(ctx context.Context, digests []reapi.Digest) ([]reapi.Digest, error)
	PutBlobs(ctx context.Context, digests []reapi.Digest, open func(reapi.Digest) (io.ReadCloser, error)) error
	PutResult(ctx context.Context, key reapi.Digest, result *reapi.ActionResult) error
}

// Shared is the cache of the configuration as it is.
type Shared struct {
	Remote
	Host  string // for people
	Write bool   // what passes is added to it
}

// Options are what a Reuser needs from its owner. Other goroutines call the functions.
type Options struct {
	Off bool // nothing is looked up, and nothing is kept

	// Store opens the store; it is called when the first stage needs it.
	Store func() (*cas.Store, error)

	// Remote is the cache that others share; nil, or one that returns nil: none.
	Remote func() *Shared

	// Exec runs a command that prints a version, and returns what it printed.
	Exec func(ctx context.Context, tool schema.Command, s *Stage) ([]byte, error)
}

// Reuser knows the earlier passes of stages. It is safe for concurrent use.
type Reuser struct {
	opt     Options
	table   *inputs.Table
	tools   tools
	uploads uploads
	recent  recent

	mu      sync.Mutex // guards what follows
	opened  bool
	store   *cas.Store // nil: it cannot be opened
	saved   string     // where table is kept
	advised map[string]bool
}

// New makes a Reuser, which touches no disk before a stage needs it. Flush and Close end it.
func New(opt Options) *Reuser {
	r := &Reuser{opt: opt, table: inputs.NewTable(), advised: map[string]bool{}}
	r.tools.exec, r.tools.known = opt.Exec, map[string][]byte{}
	r.uploads.open()
	return r
}

// Off tells whether no earlier pass stands for a stage.
func (r *Reuser) Off() bool { return r.opt.Off }

// Ran is to be called when a command has ended: it may have written to what stages read.
func (r *Reuser) Ran() { r.recent.forget() }

// Table is what is known of files; see contents.Sums.
func (r *Reuser) Table() *inputs.Table { return r.table }

// Flush waits until what has passed is in the remote cache, or ctx ends: then the rest is not sent.
func (r *Reuser) Flush(ctx context.Context) { r.uploads.close(ctx) }

// Close keeps what is known of files for the next start. Flush comes first.
func (r *Reuser) Close() error {
	r.mu.Lock()
	saved := r.saved
	r.mu.Unlock()
	if saved != "" {
		_ = r.table.Save(saved) // the next start reads the files
	}
	return nil
}

// shared is the cache that others share; nil: none.
func (r *Reuser) shared() *Shared {
	if r.opt.Remote == nil {
		return nil
	}
	return r.opt.Remote()
}

// advise says something of a stage once.
func (r *Reuser) advise(s *Stage, text, hint string) {
	key := s.Watcher + "\x00" + s.Name + "\x00" + text
	r.mu.Lock()
	said := r.advised[key]
	r.advised[key] = true
	r.mu.Unlock()
	if !said {
		s.Advise(text, hint)
	}
}

// disk is the store; nil if there is none.
func (r *Reuser) disk(s *Stage) *cas.Store {
	r.mu.Lock()
	if r.opened {
		defer r.mu.Unlock()
		return r.store
	}
	r.opened = true
	store, err := r.opt.Store()
	if err == nil {
		r.store = store
		r.saved = tableFile(store.Dir(), s.Root)
		_ = r.table.Load(r.saved) // without it, files are read
	}
	r.mu.Unlock()
	if err != nil {
		r.advise(s, "nothing is reused or kept: "+err.Error(), "")
	}
	return store
}

// Hit is an earlier pass that stands for a stage.
type Hit struct {
	Passed time.Time     // when it passed; zero: not known
	Took   time.Duration // how long it took
	From   string        // the host of the cache that knew it; "" if this machine did
	Output []byte        // what the command printed, its last part if it was long
}

// Outcome is what is known of a stage that has ended.
type Outcome struct {
	Product          string    // identifies what it left behind; "" if that is not known
	Passed           time.Time // when it passed before with these inputs; zero: never
	Passes, Failures int       // with these inputs; both are 0 unless there are both
}

// Attempt is one run of a stage, from before it starts. Its methods may be called on nil, of a stage without `reuse`.
type Attempt struct {
	r     *Reuser
	stage *Stage
	store *cas.Store
	keep  bool // a pass may be kept
	key   reapi.Digest

	snapshot *taken
	action   *action
	outputs  outputs
	hit      *Hit
	product  string
	began    time.Time
}

// Begin looks for an earlier pass, puts its outputs back, and waits, without one, until a change of the inputs can be
// noticed. A fresh stage runs, whatever has passed. When ctx ends, Begin returns; the stage is not to be started then.
func (r *Reuser) Begin(ctx context.Context, s *Stage, fresh bool) *Attempt {
	a := &Attempt{r: r, stage: s, began: time.Now()}
	if r.opt.Off && !s.Remote {
		return a
	}
	if a.store = r.disk(s); a.store == nil && !s.Remote {
		return a
	}
	if err := a.identify(ctx); err != nil {
		if ctx.Err() == nil {
			r.advise(s, "it cannot be reused: "+err.Error(), "")
		}
		return a
	}
	a.outputs = outputs{a.store, r.table, s.Dir, s.Config.Outputs, a.action.command.OutputPaths, r.recent.forget}
	a.keep = a.store != nil && !r.opt.Off
	if !fresh && a.keep && a.lookUp(ctx) {
		return a
	}
	r.recent.forget()
	if wait := a.snapshot.Settled(); wait > 0 && !s.Remote {
		select {
		case <-time.After(wait):
		case <-ctx.Done():
		}
	}
	a.began = time.Now()
	return a
}

// identify makes the action of the stage, and its key.
func (a *Attempt) identify(ctx context.Context) (err error) {
	if a.snapshot, err = a.r.recent.take(ctx, a.r.table, a.stage); err != nil {
		return err
	}
	tools, err := a.r.tools.of(ctx, a.stage)
	if err != nil {
		return err
	}
	a.action = newAction(a.stage, a.snapshot, tools)
	a.key = a.action.key
	return nil
}

// Hit is the pass that stands for the stage; nil: it has to run.
func (a *Attempt) Hit() *Hit {
	if a == nil {
		return nil
	}
	return a.hit
}

// Outcome is that of a hit.
func (a *Attempt) Outcome() Outcome { return Outcome{Product: a.product, Passed: a.hit.Passed} }
