package reuse

import (
	"bytes"
	"context"
	"time"

	"devloop/orchestrator/reapi"
)

// mostOutput is how many bytes of what a stage prints are kept: its last part.
const mostOutput = 1 << 20

// Printed collects what a stage prints, for Passed: the last part of it, from the beginning of a line. The zero value
// is empty.
type Printed struct{ text []byte }

// Write adds whole lines.
func (p *Printed) Write(lines []byte) {
	p.text = append(p.text, lines...)
	if len(p.text) > 2*mostOutput {
		p.text = append(p.text[:0], p.tail()...)
	}
}

func (p *Printed) tail() []byte {
	if len(p.text) <= mostOutput {
		return p.text
	}
	cut := p.text[len(p.text)-mostOutput:]
	return cut[bytes.IndexByte(cut, '\n')+1:]
}

// Passed keeps the pass of a stage that has run, unless ctx has ended: whoever is told to stop may end well all the same.
func (a *Attempt) Passed(ctx context.Context, printed *Printed) Outcome {
	if a == nil || !a.keep || a.action == nil || !a.unchanged(ctx) {
		return Outcome{}
	}
	result := &reapi.ActionResult{Metadata: reapi.ExecutedActionMetadata{Worker: "devloop", ExecutionStart: a.began, ExecutionCompleted: time.Now()}}
	if err := a.outputs.capture(ctx, result); err != nil {
		if ctx.Err() == nil {
			a.r.advise(a.stage, "it is not kept: "+err.Error(), "")
		}
		return a.counted(true, "")
	}
	if text := printed.tail(); len(text) > 0 {
		digest, err := a.store.Put(bytes.NewReader(text))
		if err == nil {
			result.StdoutDigest = digest
		}
	}
	if ctx.Err() != nil {
		return Outcome{}
	}
	if err := a.store.PutResult(a.key, result.Encode()); err != nil {
		a.r.advise(a.stage, "it is not kept: "+reasonOf(err).Error(), "")
		return a.counted(true, productOf(a.key, result))
	}
	a.remember(result.Metadata.ExecutionCompleted, false, 0)
	if shared := a.r.shared(); shared != nil && shared.Write {
		a.r.uploads.add(func(ctx context.Context) { a.upload(ctx, shared, result) })
	}
	a.r.uploads.trim(a.store)
	return a.counted(true, productOf(a.key, result))
}

// Failed counts a failure of a stage that has run. Inputs that changed are no news: no failure is kept.
func (a *Attempt) Failed(ctx context.Context) Outcome {
	if a == nil || !a.keep || a.action == nil {
		return Outcome{}
	}
	if changed, err := a.r.table.Unchanged(ctx, a.snapshot.Snapshot, a.stage.Files); err != nil || len(changed) > 0 || ctx.Err() != nil {
		return Outcome{}
	}
	out := a.counted(false, "")
	if _, err := a.store.Result(a.key); err == nil { // what has failed since stands for nothing, until it passes again
		failure := &reapi.ActionResult{ExitCode: 1, Metadata: reapi.ExecutedActionMetadata{Worker: "devloop", ExecutionCompleted: time.Now()}}
		_ = a.store.PutResult(a.key, failure.Encode()) // it is told as flaky all the same
	}
	return out
}

// unchanged tells whether the inputs are still those of the key.
func (a *Attempt) unchanged(ctx context.Context) bool {
	changed, err := a.r.table.Unchanged(ctx, a.snapshot.Snapshot, a.stage.Files)
	if ctx.Err() != nil {
		return false
	}
	switch {
	case err != nil:
		a.r.advise(a.stage, "it is not kept: "+err.Error(), "")
	case len(changed) > 0:
		text := "it is not kept: its inputs changed while it ran, such as " + changed[0]
		a.r.advise(a.stage, text, "a stage that writes its own inputs is never kept; name what it makes in `reuse.outputs`")
	}
	return err == nil && len(changed) == 0
}

// counted counts a pass or a failure with the key of the attempt.
func (a *Attempt) counted(passed bool, product string) Outcome {
	c := noted[counts](a.store, a.countsName())
	if c.Passes == 0 && !passed {
		if data, err := a.store.Result(a.key); err == nil { // of a pass that was not counted
			if r, err := reapi.DecodeActionResult(data); err == nil && r.ExitCode == 0 {
				c.Passes, c.Passed = 1, r.Metadata.ExecutionCompleted
			}
		}
	}
	before := c.Passed
	if passed {
		c.Passes++
		c.Passed = time.Now()
	} else {
		c.Failures++
	}
	if !passed || c.Failures > 0 { // most stages never fail with inputs that have passed: no file for each
		note(a.store, a.countsName(), c)
	}
	out := Outcome{Product: product, Passed: before}
	if c.Passes > 0 && c.Failures > 0 {
		out.Passes, out.Failures = c.Passes, c.Failures
	}
	return out
}

// upload adds a pass to a remote cache.
func (a *Attempt) upload(ctx context.Context, to Remote, result *reapi.ActionResult) {
	t, err := a.outputs.of(result)
	if err != nil {
		return
	}
	var all []reapi.Digest
	seen := map[reapi.Digest]bool{}
	add := func(d reapi.Digest) {
		if !d.IsZero() && !seen[d] {
			seen[d] = true
			all = append(all, d)
		}
	}
	for i := range t.nodes {
		if !t.nodes[i].isLink {
			add(t.nodes[i].digest)
		}
	}
	for i := range result.Directories {
		add(result.Directories[i].Tree)
	}
	add(result.StdoutDigest)
	lacking, err := to.Missing(ctx, all)
	if err != nil {
		return
	}
	if err := to.PutBlobs(ctx, lacking, a.store.Open); err != nil {
		return
	}
	_ = to.PutResult(ctx, a.key, result) // the cache itself says that it fails, once
}
