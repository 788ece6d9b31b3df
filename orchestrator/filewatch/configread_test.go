package filewatch

import (
	"testing"
	"time"
)

// TestNoReloadInAShutDown: what ends goes by the graph that it was started with.
func TestNoReloadInAShutDown(t *testing.T) {
	c := &ConfigFiles{due: time.Now(), opt: ConfigOptions{
		Ending: func() bool { return true },
		Load: func() func(bool) {
			t.Error("the configuration is read")
			return nil
		},
	}}
	c.reload()
	if !c.due.IsZero() {
		t.Error("it is due for ever")
	}
}
