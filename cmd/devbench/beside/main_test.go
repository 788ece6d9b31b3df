package beside

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	for args, want := range map[string]string{
		"-saves 0":      "-saves and -starts must be at least 1",
		"-stacks Cobol": "-stacks Cobol: it is one of Go, Node,",
	} {
		if _, err := parse(strings.Fields(args), io.Discard); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", args, err, want)
		}
	}
}

// Each stack has a text to change and a place for a mistake.
func TestStacks(t *testing.T) {
	for _, k := range stackList {
		text := k.files[k.edited]
		if strings.Count(text, "version ONE") != 1 || strings.Count(text, k.mistake[0]) != 1 {
			t.Errorf("%s: %s cannot be edited:\n%s", k.name, k.edited, text)
		}
		if k.devloop.files["devloop.yaml"] == "" || len(k.peers) == 0 {
			t.Errorf("%s has nothing to be compared", k.name)
		}
	}
}

func TestClient(t *testing.T) {
	var answer atomic.Value
	answer.Store("version ONE")
	failing := make(chan struct{}, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if answer.Load() == "" {
			w.WriteHeader(http.StatusInternalServerError)
			select {
			case failing <- struct{}{}:
			default:
			}
			return
		}
		_, _ = io.WriteString(w, answer.Load().(string))
	}))
	defer server.Close()
	c := watch(t.Context(), server.URL)
	defer c.stop()
	<-c.await("version ONE")
	if got := look(t.Context(), server.URL, "version ONE"); got != "the page as it was" {
		t.Errorf("a browser got %q", got)
	}
	answer.Store("")
	<-failing
	if got := look(t.Context(), server.URL, "version ONE"); got != "its own page with the error, 500 Internal Server Error" {
		t.Errorf("a browser got %q", got)
	}
	came := c.await("version TWO")
	answer.Store("version TWO")
	if at := <-came; at.After(time.Now()) {
		t.Errorf("it came at %v", at)
	}
	if requests, refused, failed := c.counts(); requests < 2 || refused != 0 || failed == 0 {
		t.Errorf("%d requests, %d refused, %d failed", requests, refused, failed)
	}
}
