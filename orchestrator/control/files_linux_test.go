package control

import (
	"context"
	"net/http"
	"os"
	"testing"
)

// TestNoFileLeft counts descriptors over whole lives of a loop's socket.
func TestNoFileLeft(t *testing.T) {
	config, _ := somewhere(t)
	life := func() {
		c := acquire(t, config)
		s, err := c.Serve(http.NotFoundHandler())
		if err != nil {
			t.Fatal(err)
		}
		client, err := Dial(config)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.Status(context.Background()); err == nil {
			t.Error("an answer from nobody")
		}
		closed(t, s) // while the client's connection is still open
		client.Close()
		if _, err := Acquire(config); err == nil {
			t.Error("claimed twice")
		}
		closed(t, c)
	}
	count := func() int {
		fds, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(fds)
	}
	life() // what the runtime opens once
	before := count()
	for range 10 {
		life()
	}
	if after := count(); after > before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
}
