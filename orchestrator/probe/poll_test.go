package probe

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

var errNotYet = errors.New("not yet")

// starts polls with a check that fails until the n-th try, and tells when each
// try began. Within synctest time passes only while everybody waits, so the
// moments are exact.
func starts(ctx context.Context, n int, takes time.Duration, s Schedule) (at []time.Duration, err error) {
	begin := time.Now()
	err = Poll(ctx, func(context.Context) error {
		at = append(at, time.Since(begin))
		if takes > 0 {
			<-time.After(takes)
		}
		if len(at) < n {
			return errNotYet
		}
		return nil
	}, s)
	return at, err
}

func TestPollFirstTry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		at, err := starts(t.Context(), 1, 0, Schedule{Interval: time.Hour})
		if err != nil || !slices.Equal(at, []time.Duration{0}) {
			t.Errorf("got tries at %v and %v, want one at once and nil", at, err)
		}
	})
}

func TestPollAdapts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		at, err := starts(t.Context(), 40, 0, Schedule{})
		if err != nil {
			t.Fatal(err)
		}
		last := time.Duration(0)
		for i := range at[1:] {
			pause := at[i+1] - at[i]
			if pause < last || pause > min(firstPause+at[i]/8, lastPause) {
				t.Errorf("after %v the pause is %v, before it was %v: want it to grow with an eighth of the time, up to %v", at[i], pause, last, lastPause)
			}
			last = pause
		}
		if last != lastPause {
			t.Errorf("the last pause is %v, want %v", last, lastPause)
		}
	})
}

func TestPollInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		at, err := starts(t.Context(), 3, 2*time.Second, Schedule{Interval: time.Second})
		want := []time.Duration{0, 3 * time.Second, 6 * time.Second}
		if err != nil || !slices.Equal(at, want) {
			t.Errorf("got tries at %v and %v, want %v: the pause begins when a try has ended", at, err, want)
		}
	})
}

func TestPollTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 2500*time.Millisecond)
		defer cancel()
		at, err := starts(ctx, 100, 0, Schedule{Interval: time.Second})
		if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, errNotYet) {
			t.Errorf("got %v, want the deadline and the error of the last try", err)
		}
		if len(at) != 3 {
			t.Errorf("got tries at %v, want 3", at)
		}
	})
}

// TestPollBothAtOnce: when a pause is over and ctx as well, ctx wins, of which
// a select alone would make a draw.
func TestPollBothAtOnce(t *testing.T) {
	for range 1000 {
		ctx, cancel := context.WithCancel(t.Context())
		tries := 0
		err := Poll(ctx, func(context.Context) error {
			tries++
			cancel()
			return errNotYet
		}, Schedule{Interval: 1})
		if !errors.Is(err, context.Canceled) || !errors.Is(err, errNotYet) || tries != 1 {
			t.Fatalf("got %d tries and %v, want none after the end of ctx", tries, err)
		}
	}
}

func TestPollEndsInAPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		gone := errors.New("the process has ended")
		begin := time.Now()
		time.AfterFunc(time.Minute, func() { cancel(gone) })
		_, err := starts(ctx, 100, 0, Schedule{Interval: time.Hour})
		if !errors.Is(err, gone) {
			t.Errorf("got %v, want the cause", err)
		}
		if passed := time.Since(begin); passed != time.Minute {
			t.Errorf("it returned after %v, want 1m0s", passed)
		}
	})
}

// TestPollCutShort: the try that the end of ctx cut short has nothing to tell.
func TestPollCutShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		tries := 0
		err := Poll(ctx, func(ctx context.Context) error {
			if tries++; tries == 1 {
				return errNotYet
			}
			<-ctx.Done()
			return errors.New("cut short")
		}, Schedule{})
		if !errors.Is(err, errNotYet) || strings.Contains(err.Error(), "cut short") {
			t.Errorf("got %v, want the error of the try before", err)
		}
	})
}

func TestPollNothingToAsk(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := Poll(ctx, func(context.Context) error {
		t.Error("a try began after ctx had ended")
		return nil
	}, Schedule{})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}

// TestPollErrorOnce: a check that only says that ctx ended adds nothing.
func TestPollErrorOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		err := Poll(ctx, func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		}, Schedule{})
		if err == nil || strings.Count(err.Error(), context.DeadlineExceeded.Error()) != 1 {
			t.Errorf("got %q, want the deadline in it once", err)
		}
	})
}
