package reuse

import (
	"context"
	"io"
	"time"

	"devloop/orchestrator/reapi"
)

// lookUp finds an earlier pass, here or in the remote cache, and puts its outputs back.
func (a *Attempt) lookUp(ctx context.Context) bool {
	if data, err := a.store.Result(a.key); err == nil {
		result, err := reapi.DecodeActionResult(data)
		if err == nil && result.ExitCode != 0 {
			return false // it has failed since it passed, whatever others know
		}
		if err == nil && a.take(ctx, result) == nil {
			a.hit = a.hitOf(result, "")
			a.remember(a.hit.Passed, true, a.hit.Took)
			return true
		}
	}
	shared := a.r.shared()
	if shared == nil || ctx.Err() != nil {
		return false
	}
	result, err := shared.Result(ctx, a.key)
	if err != nil || a.fetch(ctx, shared, result) != nil || a.take(ctx, result) != nil {
		return false
	}
	_ = a.store.PutResult(a.key, result.Encode()) // the outputs are there all the same
	a.hit = a.hitOf(result, shared.Host)
	a.remember(a.hit.Passed, true, a.hit.Took)
	return true
}

// take puts the outputs of a pass back, if it is one and all of it is in the store.
func (a *Attempt) take(ctx context.Context, result *reapi.ActionResult) error {
	if result.ExitCode != 0 {
		return errNotWhole
	}
	t, err := a.outputs.of(result)
	if err != nil {
		return err
	}
	for i := range t.nodes {
		if n := &t.nodes[i]; !n.isLink && !a.store.Has(n.digest) {
			return errNotWhole
		}
	}
	if err := a.outputs.restore(ctx, t); err != nil {
		return err
	}
	a.product = productOf(a.key, result)
	return nil
}

// productOf identifies what a pass has left behind.
func productOf(key reapi.Digest, result *reapi.ActionResult) string {
	made := reapi.ActionResult{Files: result.Files, Symlinks: result.Symlinks, Directories: result.Directories}
	return key.Hex() + " " + reapi.DigestOf(made.Encode()).Hex()
}

// fetch brings what a pass has made, and what it printed, into the store.
func (a *Attempt) fetch(ctx context.Context, from Remote, result *reapi.ActionResult) error {
	var trees []reapi.Digest
	for i := range result.Directories {
		trees = append(trees, result.Directories[i].Tree)
	}
	if err := a.bring(ctx, from, trees); err != nil {
		return err
	}
	t, err := a.outputs.of(result)
	if err != nil {
		return err
	}
	var all []reapi.Digest
	for i := range t.nodes {
		if !t.nodes[i].isLink {
			all = append(all, t.nodes[i].digest)
		}
	}
	if err := a.bring(ctx, from, all); err != nil {
		return err
	}
	if d := result.StdoutDigest; !d.IsZero() && d.Size <= mostOutput {
		_ = a.bring(ctx, from, []reapi.Digest{d}) // a pass is one without it, too
	}
	return nil
}

// bring brings the blobs that the store does not have.
func (a *Attempt) bring(ctx context.Context, from Remote, digests []reapi.Digest) error {
	seen := map[reapi.Digest]bool{}
	var lacking []reapi.Digest
	for _, d := range digests {
		if !seen[d] && !a.store.Has(d) {
			lacking = append(lacking, d)
		}
		seen[d] = true
	}
	if len(lacking) == 0 {
		return nil
	}
	return from.Blobs(ctx, lacking, func(d reapi.Digest, r io.Reader) error {
		got, err := a.store.Put(r)
		if err == nil && got != d {
			err = errNotWhole
		}
		return err
	})
}

// hitOf is what there is to say of a pass.
func (a *Attempt) hitOf(result *reapi.ActionResult, from string) *Hit {
	m := result.Metadata
	h := &Hit{Passed: m.ExecutionCompleted, From: from, Output: result.Stdout}
	if m.ExecutionStart.Before(m.ExecutionCompleted) && !m.ExecutionStart.IsZero() {
		h.Took = m.ExecutionCompleted.Sub(m.ExecutionStart)
	}
	if now := time.Now(); h.Passed.After(now) { // another clock
		h.Passed = now
	}
	if len(h.Output) == 0 && !result.StdoutDigest.IsZero() && result.StdoutDigest.Size <= mostOutput {
		if data, err := a.outputs.blob(result.StdoutDigest); err == nil {
			h.Output = data
		}
	}
	return h
}
