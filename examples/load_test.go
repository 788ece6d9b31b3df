package examples_test

import (
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"devloop/orchestrator/test/looptest"
	"devloop/orchestrator/test/testenv"
)

// Every server is replaced while a few clients ask without a pause: nobody is ever refused, and where the server drains,
// or the proxy is in front of it, nobody loses a page. The short run loads one server of each of the two, a few times.
// DEVLOOP_RESTARTS=500 replaces each of all so often; what is lost at one restart in fifty shows only then.
func TestUnderLoad(t *testing.T) {
	restarts := testenv.Count(t, "DEVLOOP_RESTARTS", 3, 10)
	all := testenv.Long() || os.Getenv("DEVLOOP_RESTARTS") != ""
	for _, ex := range examples {
		if !all && ex.name != "python-http" && ex.name != "php-builtin" {
			continue
		}
		t.Run(ex.name, func(t *testing.T) {
			t.Parallel()
			dir := ex.prepare(t)
			loop := start(t, dir)
			loop.Shows(t, ex.old)
			loop.Verb(t, "wait") // the first checks restart it once more

			process := ex.process
			if process == "" {
				process = "server"
			}
			crowd := newCrowd(t, loop.URL)
			for range restarts {
				before := crowd.answered()
				loop.Verb(t, "restart", process)
				loop.Verb(t, "wait")
				crowd.awaits(t, before+20)
			}
			refused, failed := crowd.leaves()
			t.Logf("%d requests over %d restarts: %d refused, %d failed %v", crowd.answers, restarts, refused, failed, crowd.why())
			if refused != 0 {
				t.Errorf("%d connections were refused", refused)
			}
			if ex.drains && failed != 0 {
				t.Errorf("%d requests failed: %v", failed, crowd.why())
			}
			loop.Interrupt(t)
		})
	}
}

// A crowd is four clients that ask, each on a new connection, as soon as they have an answer.
type crowd struct {
	cancel  context.CancelFunc
	clients sync.WaitGroup

	mu       sync.Mutex // guards the rest
	answers  int
	refused  int
	failures map[string]int
	changed  chan struct{} // closed at the next answer
}

func newCrowd(t *testing.T, url string) *crowd {
	ctx, cancel := context.WithCancel(t.Context())
	c := &crowd{cancel: cancel, failures: map[string]int{}, changed: make(chan struct{})}
	for range 4 {
		c.clients.Go(func() {
			for ctx.Err() == nil {
				c.note(ctx, ask(ctx, url))
			}
		})
	}
	t.Cleanup(func() { c.leaves() })
	return c
}

func ask(ctx context.Context, url string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	res, err := looptest.Client.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return errors.New(res.Status)
	}
	return nil
}

func (c *crowd) note(ctx context.Context, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case ctx.Err() != nil: // it was told to leave
	case errors.Is(err, syscall.ECONNREFUSED):
		c.refused++
	case err != nil:
		c.failures[err.Error()]++
	default:
		c.answers++
	}
	close(c.changed)
	c.changed = make(chan struct{})
}

func (c *crowd) answered() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.answers
}

// awaits waits until there have been so many answers.
func (c *crowd) awaits(t *testing.T, answers int) {
	t.Helper()
	timeout := time.NewTimer(looptest.Patience)
	defer timeout.Stop()
	for {
		c.mu.Lock()
		enough, changed := c.answers >= answers, c.changed
		c.mu.Unlock()
		if enough {
			return
		}
		select {
		case <-changed:
		case <-timeout.C:
			t.Fatalf("only %d answers, and %v", c.answered(), c.why())
		}
	}
}

// leaves ends the clients, and returns what became of their requests.
func (c *crowd) leaves() (refused, failed int) {
	c.cancel()
	c.clients.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, n := range c.failures {
		failed += n
	}
	return c.refused, failed
}

func (c *crowd) why() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Sorted(maps.Keys(c.failures))
}
