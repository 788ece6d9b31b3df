package main

import (
	"strings"
	"testing"
)

func TestGenerate(t *testing.T) {
	code, err := generate("s.txt", "# a comment\n\nfr: Bonjour\nen: Hello: \"you\"\n")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"en": "Hello: \"you\"",`, `"fr": "Bonjour",`} {
		if !strings.Contains(string(code), want) {
			t.Errorf("no %s in:\n%s", want, code)
		}
	}
}

func TestGenerateTellsTheLine(t *testing.T) {
	if _, err := generate("s.txt", "en: Hello\nfr Bonjour\n"); err == nil || !strings.HasPrefix(err.Error(), "s.txt:2: ") {
		t.Errorf("got %v, want an error in s.txt:2", err)
	}
}
