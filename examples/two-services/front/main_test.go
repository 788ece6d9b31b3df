package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestPage(t *testing.T) {
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/greetings/fr" {
			http.NotFound(w, r)
			return
		}
		fmt.Fprint(w, "Bonjour & salut")
	}))
	defer backend.Close()

	for path, want := range map[string]string{
		"/?lang=fr":  "<h1>Bonjour &amp; salut</h1>",
		"/?lang=tlh": "not found",
	} {
		w := httptest.NewRecorder()
		routes(backend.URL).ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("GET %s: %q, want %q", path, w.Body, want)
		}
	}
}
