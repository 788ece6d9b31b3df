package remotecache

import (
	"context"
	"sync"
)

const atOnce = 8 // requests of one call

// parallel calls do with everything, in several goroutines. The first failure cancels the rest.
func parallel[T any](ctx context.Context, all []T, do func(context.Context, T) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var (
		mu    sync.Mutex
		first error
		wait  sync.WaitGroup
	)
	next := make(chan T)
	for range min(atOnce, len(all)) {
		wait.Go(func() {
			for one := range next {
				if err := do(ctx, one); err != nil {
					mu.Lock()
					if first == nil {
						first = err
					}
					mu.Unlock()
					cancel()
				}
			}
		})
	}
	for _, one := range all {
		if ctx.Err() != nil {
			break
		}
		next <- one
	}
	close(next)
	wait.Wait()
	if first == nil {
		first = ctx.Err()
	}
	return first
}
