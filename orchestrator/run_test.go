package orchestrator

import (
	"errors"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

// TestASecondSignalEndsALoopThatHangs: whatever keeps the loop from hearing it.
func TestASecondSignalEndsALoopThatHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		signals, heard := make(chan os.Signal), make(chan os.Signal)
		end := make(chan error)
		go func() {
			_, err := attend(signals, heard, nil)
			end <- err
		}()
		signals <- os.Interrupt
		time.Sleep(time.Hour) // it may be at work for as long as it likes
		signals <- os.Interrupt
		signals <- os.Interrupt // the same once more, from a wrapper
		if err := <-end; !errors.Is(err, errHangs) {
			t.Errorf("ended with %v", err)
		}
	})
}

// TestALoopThatHearsIsWaitedFor: one signal, passed on twice, hurries nobody; and
// who has heard the second one has time to kill.
func TestALoopThatHearsIsWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		signals, heard, ended := make(chan os.Signal), make(chan os.Signal), make(chan outcome)
		end := make(chan outcome)
		go func() {
			code, err := attend(signals, heard, ended)
			end <- outcome{code, err}
		}()
		signals <- os.Interrupt
		signals <- os.Interrupt
		<-heard
		<-heard
		time.Sleep(time.Hour)
		signals <- os.Interrupt
		<-heard
		time.Sleep(deafFor * 2)
		ended <- outcome{7, nil}
		if o := <-end; o != (outcome{7, nil}) {
			t.Errorf("ended with %+v", o)
		}
	})
}
