package cas

import (
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"
)

// slow reads one byte a minute, so many times.
type slow struct{ left int }

func (s *slow) Read(p []byte) (int, error) {
	if s.left == 0 {
		return 0, io.EOF
	}
	s.left--
	<-time.After(time.Minute)
	return copy(p, "x"), nil
}

func TestHung(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var d disk
		answers := make(chan struct{})
		moved := false
		start := time.Now()
		err := d.do(func(c *call) error {
			for range 10 { // work that goes on
				<-time.After(patience / 2)
				c.step()
			}
			<-answers
			if err := c.finish(); err != nil {
				return err
			}
			moved = true
			return nil
		})
		if took := time.Since(start); !errors.Is(err, errHung) || took < 6*patience || took > 8*patience {
			t.Errorf("%v after %v", err, took)
		}
		if err := d.do(func(*call) error { return nil }); !errors.Is(err, errHung) {
			t.Errorf("it is asked again: %v", err)
		}
		close(answers)
		synctest.Wait()
		if moved {
			t.Error("the work was done after it was given up")
		}
		if err := d.do(func(*call) error { return nil }); err != nil {
			t.Errorf("it answers again: %v", err)
		}
		// What cannot be undone is waited for, and so is what is not the disk.
		err = d.do(func(c *call) error {
			err := c.finish()
			<-time.After(time.Hour)
			return err
		})
		if err != nil {
			t.Error(err)
		}
		n, err := ask(&d, func(c *call) (int, error) {
			got, err := io.ReadAll(c.from(&slow{5}))
			return len(got), err
		})
		if n != 5 || err != nil {
			t.Error(n, err)
		}
	})
}
