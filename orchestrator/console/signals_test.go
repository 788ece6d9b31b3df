package console

import (
	"bytes"
	"strings"
	"testing"
)

// TestNobodyIsNotifiedInFocus: the terminal is asked to tell of its focus while devloop has it, and whoever works in it gets no
// notification.
func TestNobodyIsNotifiedInFocus(t *testing.T) {
	var out bytes.Buffer
	c := New(Options{Out: &out, Terminal: true, Focus: true, Columns: func() int { return 80 }, Buffer: DefaultBuffer})
	c.Show()
	c.Notify("shop", "before anything is known")
	c.Focus(true)
	c.Notify("shop", "in focus")
	c.Focus(false)
	c.Notify("shop", "out of focus")
	c.Hide()
	if err := c.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	text := out.String()
	if !strings.Contains(text, "before anything") || !strings.Contains(text, "out of focus") || strings.Contains(text, "in focus") {
		t.Errorf("it gets %q", text)
	}
	if on, off := strings.Count(text, focusOn), strings.Count(text, focusOff); on != 1 || off != 1 {
		t.Errorf("it is asked to tell of its focus %d times, and %d times no more", on, off)
	}
}
