package transport

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// TestWatch: a request ends when nothing comes or goes, and when too little does; it goes on as long as enough does.
func TestWatch(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		bytes, seconds int // so many each second, for so long
		ends           time.Duration
	}{
		"silence":      {0, 0, 3 * time.Second},
		"then silence": {1 << 20, 10, 13 * time.Second},
		"a trickle":    {1, 1000, 3 * time.Second},
		"slow":         {leastRate, 100, 103 * time.Second},
		"a quarter":    {leastRate / 4, 100, 4 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				w := &watch{start: time.Now(), stall: 3 * time.Second, cancel: cancel, caller: t.Context()}
				w.begin()
				for range test.seconds {
					select {
					case <-time.After(time.Second):
						w.pulse(test.bytes)
					case <-ctx.Done():
					}
				}
				<-ctx.Done()
				if took := time.Since(w.start); took.Round(time.Second) != test.ends {
					t.Errorf("it ends after %v", took)
				}
				if err := w.judge(ctx, context.Canceled); err != w.stalled() {
					t.Errorf("it ends with %v", err)
				}
				w.end()
			})
		})
	}
}
