package reuse

import (
	"context"
	"sync"
	"time"

	"devloop/orchestrator/inputs"
	"devloop/orchestrator/reapi"
)

// freshFor is how long a snapshot may serve further stages: those of one run, for which earlier passes stand.
const freshFor = time.Second

// taken is a snapshot of inputs, with its Merkle tree.
type taken struct {
	*inputs.Snapshot
	root        reapi.Digest
	directories map[reapi.Digest][]byte
	run, list   string
	at          time.Time
}

// recent is the last snapshot, which the stages of one run share as long as nothing runs: what people save meanwhile is for
// the next run, and Unchanged notices it.
type recent struct {
	mu      sync.Mutex // guards what follows
	last    *taken
	forgets int // so far: what was read across one does not serve others
}

// take is the last snapshot, or a new one.
func (c *recent) take(ctx context.Context, table *inputs.Table, s *Stage) (*taken, error) {
	c.mu.Lock()
	last, forgets := c.last, c.forgets
	c.mu.Unlock()
	if last != nil && s.Run != "" && last.run == s.Run && last.list == s.List {
		if age := time.Since(last.at); age >= 0 && age < freshFor {
			return last, nil
		}
	}
	t := &taken{run: s.Run, list: s.List, at: time.Now()}
	var err error
	if t.Snapshot, err = table.Take(ctx, s.Root, s.Files); err != nil {
		return nil, err
	}
	t.root, t.directories = t.Root()
	c.mu.Lock()
	if c.forgets == forgets {
		c.last = t
	}
	c.mu.Unlock()
	return t, nil
}

// forget is to be called when something has been written, or may be.
func (c *recent) forget() {
	c.mu.Lock()
	c.last = nil
	c.forgets++
	c.mu.Unlock()
}
