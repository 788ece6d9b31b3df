package main

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestGreeting(t *testing.T) {
	for path, want := range map[string]int{
		"/greetings/en":  http.StatusOK,
		"/greetings/tlh": http.StatusNotFound,
		"/healthz":       http.StatusOK,
	} {
		w := httptest.NewRecorder()
		routes().ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		if w.Code != want {
			t.Errorf("GET %s: %d, want %d", path, w.Code, want)
		}
	}
}
