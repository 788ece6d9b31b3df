package orchestrator

import (
	"errors"
	"os"
	"time"
)

// errHangs: the loop did not end after the second signal.
var errHangs = errors.New("the system keeps devloop waiting, such as a file system that does not respond; " +
	"what devloop has started is stopped without it")

// outcome is what Run returns.
type outcome struct {
	code int
	err  error
}

const (
	// deafFor is how long the loop has to take the second signal. It never waits that long for anything.
	deafFor = 2 * time.Second

	// killedFor is how long it then has to kill everything and end.
	killedFor = 10 * time.Second
)

// attend passes signals to the loop, and waits until it has ended, or has not although it was told twice.
func attend(signals <-chan os.Signal, heard chan<- os.Signal, ended <-chan outcome) (int, error) {
	var waiting []os.Signal
	var last time.Time
	told := 0
	hangs := time.NewTimer(time.Hour)
	hangs.Stop()
	for {
		var next os.Signal
		hand := heard
		if len(waiting) == 0 {
			hand = nil
		} else {
			next = waiting[0]
		}
		select {
		case o := <-ended:
			hangs.Stop()
			return o.code, o.err
		case s := <-signals:
			waiting = append(waiting, s)
			if now := time.Now(); now.Sub(last) > oneSignal {
				last = now
				if told++; told == 2 {
					hangs.Reset(deafFor)
				}
			}
		case hand <- next:
			if waiting = waiting[1:]; told >= 2 && len(waiting) == 0 {
				hangs.Reset(killedFor)
			}
		case <-hangs.C:
			return 1, errHangs
		}
	}
}

// oneSignal is how close together two signals count as one: a wrapper (timeout, npm, a shell's trap) passes
// on what the terminal has already sent to devloop.
const oneSignal = 100 * time.Millisecond
