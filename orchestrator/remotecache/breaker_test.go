package remotecache

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// TestBreaker: three failures in a row leave a cache out for a minute, and are told once until it answers again.
func TestBreaker(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		told, asked := 0, 0
		b := &breaker{notice: func(error) { told++ }}
		away := errors.New("away")
		try := func(answer, want error) {
			t.Helper()
			if err := b.do(context.Background(), func() error { asked++; return answer }); !errors.Is(err, want) {
				t.Errorf("%v, not %v", err, want)
			}
		}
		for _, answer := range []error{away, away, errMissing, away, away, nil, away, away, away} {
			try(answer, answer)
		}
		for range 2 {
			try(nil, errLeftOut)
			<-time.After(rest - 1)
			try(nil, errLeftOut)
			<-time.After(1)
			try(away, away) // one failure is enough now
		}
		if told != 1 || asked != 11 {
			t.Errorf("told %d times, asked %d times", told, asked)
		}
		<-time.After(rest)
		try(nil, nil)
		try(&refusal{away}, away) // nothing will change soon
		try(nil, errLeftOut)
		if told != 2 {
			t.Errorf("told %d times", told)
		}
	})
}
