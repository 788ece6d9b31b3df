package orchestrator

import (
	"errors"
	"os"
	"time"
)

// errHangs says that the loop did not end when it was told to for the second time.
var errHangs = errors.New("the system keeps devloop waiting, such as a file system that does not respond; " +
	"what devloop has started is stopped without it")

// outcome is what Run returns.
type outcome struct {
	code int
	err  error
}

const (
	// deafFor is how long the loop has to hear the second signal. It never waits
	// for anything that long.
	deafFor = 2 * time.Second

	// killedFor is how long it has to end then: all that is left to do is to kill.
	killedFor = 10 * time.Second
)

// attend hands signals to the loop, and waits until it has ended, or does not
// although it was told to twice.
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

// oneSignal is how close together two signals are the same one: a wrapper
// (timeout, npm, a shell's trap) passes on what the terminal sent to devloop
// already. Nobody presses Ctrl-C twice as fast.
const oneSignal = 100 * time.Millisecond
